"""A node that counts what it is asked and may forget what became of transactions, in front of one that does not.

It may say that it forgets: its history begins with a newer block then, as after a start from a snapshot.
"""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer


class Forgetful:
    """Passes on what is asked; while `forgets`, it knows no status."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.forgets = False
        self.begins: int | None = None  # the oldest slot that it says it has
        self.sends: list[str] = []
        self.asked = Counter[str]()
        self._url = url
        self._http = http

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.read()
        sent: Any = msgspec.json.decode(asked)
        self.asked[sent["method"]] += 1
        if sent["method"] == "sendTransaction":
            self.sends.append(sent["params"][0])
        answer = await self._http.post(self._url, content=asked, headers={"Content-Type": "application/json"})
        found = answer.json()
        if sent["method"] == "getSignatureStatuses" and self.forgets:
            found["result"]["value"] = [None] * len(found["result"]["value"])
        if sent["method"] == "getFirstAvailableBlock" and self.begins is not None:
            found["result"] = self.begins
        return web.json_response(found, status=answer.status_code)


@asynccontextmanager
async def forgetful(url: str) -> AsyncIterator[tuple[Forgetful, str]]:
    async with httpx2.AsyncClient() as http:
        node, app = Forgetful(url, http), web.Application()
        app.router.add_post("/", node.answer)
        async with TestServer(app) as server:
            yield node, str(server.make_url("/"))
