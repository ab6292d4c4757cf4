"""Programs that ask with an API key, signing by the standard library and not by our own code."""

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

from nacl.signing import SigningKey
from yarl import URL

from tests.webapp_api.house import Answer, House, Person

KEYS = "/api/account/api-keys"
EVERYTHING = ["read", "trade", "withdraw"]

Sign = Callable[[bytes], str]


def by_secret(secret: str) -> Sign:
    return lambda payload: hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def by_private_key(private: SigningKey) -> Sign:
    return lambda payload: base64.b64encode(private.sign(payload).signature).decode()


class Program:
    """Asks as somebody's program. What it sends goes out byte for byte as it is signed."""

    def __init__(self, house: House, key: str, sign: Sign) -> None:
        self.house = house
        self.key = key
        self.sign = sign
        self._sender = Person(house.session)

    def query(self, body: bytes = b"", *, params: str = "", at_ms: int | None = None, window: str | None = None) -> str:
        """Return a signed query."""
        at_ms = self.house.clock() // 1000 if at_ms is None else at_ms
        own = [f"timestamp={at_ms}"] + ([] if window is None else [f"recvWindow={window}"])
        unsigned = "&".join([params, *own] if params else own)
        return f"{unsigned}&signature={quote(self.sign(unsigned.encode() + body), safe='')}"

    async def ask(self, method: str, path: str, body: Any = None, **how: Any) -> Answer:
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await self.send(method, path, self.query(raw, **how), raw)

    async def send(self, method: str, path: str, query: str, body: bytes = b"", **headers: str) -> Answer:
        """Send a query that is there already."""
        url = URL(f"{path}?{query}", encoded=True)
        return await self._sender.ask(method, url, body or None, headers={"X-MBX-APIKEY": self.key} | headers)


async def made(person: Person, **change: Any) -> dict[str, Any]:
    """Make a key and return what was answered."""
    answer = await person.post(KEYS, {"name": "bot", "scopes": EVERYTHING} | change)
    assert answer.status == 201, answer.body
    key: dict[str, Any] = answer.body
    return key


async def program(house: House, person: Person, **change: Any) -> Program:
    key = await made(person, **change)
    return Program(house, key["api_key"], by_secret(key["secret"]))


@asynccontextmanager
async def python_binance(key: str, secret: str) -> AsyncIterator[Any]:
    """Open python-binance's own client, which signs without us."""
    with warnings.catch_warnings(action="ignore"):
        from binance import AsyncClient
    client = AsyncClient(key, secret)
    try:
        yield client
    finally:
        await client.close_connection()
