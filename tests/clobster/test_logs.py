"""What is logged, and what never is."""

import asyncio
import logging
from collections.abc import Callable, Iterator

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer

from clobster import logs

SECRET = "eyJhbGciOiJIUzI1NiJ9.a-token.of-somebody"
BROKEN = (
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization Bearer {SECRET}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\0\r\n\r\n",
    f"GET /{SECRET} \x01HTTP/1.1\r\n\r\n",
    f"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET}\r\n",
    f"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {len(SECRET)}\r\n\r\n{SECRET}",
)


@pytest.fixture
def err(capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[[], str]]:
    """Configure logs as the program does, return what reads them, and put back what the other tests have."""
    root, server = logging.getLogger(), logging.getLogger("aiohttp.server")
    handlers, level, filters = root.handlers[:], root.level, server.filters[:]
    logs.configure("console")
    yield lambda: capfd.readouterr().err
    root.handlers[:], server.filters[:] = handlers, filters
    root.setLevel(level)
    structlog.reset_defaults()


async def test_what_is_no_http_is_answered_and_none_of_it_is_logged(err: Callable[[], str]) -> None:
    async def read(request: web.Request) -> web.Response:
        try:
            return web.Response(body=await request.read())
        except web.RequestPayloadError:  # as our middleware does
            raise web.HTTPBadRequest from None

    async def fail(_: web.Request) -> web.Response:
        raise ValueError("ours")

    app = web.Application()
    app.router.add_post("/", read)
    app.router.add_get("/", fail)
    async with TestServer(app) as server:
        for broken in BROKEN:
            assert b" 400 " in await sent(server, broken)
        assert err() == ""
        assert b" 500 " in await sent(server, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert "ValueError: ours" in err()


async def sent(server: TestServer, raw: str) -> bytes:
    """Send bytes as they are and return the line that answers them."""
    assert server.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(raw.encode())
    async with asyncio.timeout(5):
        line = await reader.readline()
    writer.close()
    return line
