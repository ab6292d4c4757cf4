"""An exchange as somebody sees it who has only its address."""

import time
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from benchmarks.mixed.figures import Figures

TIMEOUT_S = 30.0


class Client:
    """Asks, and measures how long each answer takes. In a context: closed after it."""

    def __init__(self, url: str, figures: Figures) -> None:
        self.url = url
        self.figures = figures
        self.began = time.perf_counter()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=512), timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)
        )

    async def __aenter__(self) -> "Client":
        """Enter."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self._session.close()

    async def ask(
        self,
        operation: str,
        due: float,
        method: str,
        path: str,
        body: object = None,
        token: str = "",
        headers: Mapping[str, str] = {},
    ) -> tuple[int, Any]:
        """Return the status and the decoded answer. A connection that broke or timed out is status 0."""
        said = dict(headers)
        if token:
            said["Authorization"] = f"Bearer {token}"
        data = None if body is None else msgspec.json.encode(body)
        if data is not None:
            said["Content-Type"] = "application/json"
        try:
            async with self._session.request(method, self.url + path, data=data, headers=said) as answer:
                text = await answer.read()
            status, found = answer.status, msgspec.json.decode(text) if text else None
        except (aiohttp.ClientError, TimeoutError) as error:
            status, found = 0, {"error": {"code": type(error).__name__}}
        refusal = found["error"]["code"] if status >= 400 or not status else ""
        self.figures.add(operation, due - self.began, time.perf_counter() - due, refusal)
        return status, found

    async def socket(self) -> aiohttp.ClientWebSocketResponse:
        """Open `/api/ws`."""
        return await self._session.ws_connect(f"{self.url}/api/ws", max_msg_size=64 * 1024 * 1024)
