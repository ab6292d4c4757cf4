"""Binance over loopback: the parts of its public interface that market data needs, fed from a recording.

The recording plays at any speed from the moment the server starts; what REST answers is the book at that moment.
"""

import asyncio
import contextlib
import itertools
import json
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, web

from data.binance.book import LocalBook
from data.binance.recording import Recorded, bundled, play, read_together
from engine.core.types import Symbol
from tests.simulators.klines import Klines


class BinanceSimulator:
    """Speaks `/api/v3/{ping,time,depth,klines}`, `/ws/<stream>` and `/stream?streams=a/b`."""

    def __init__(self, symbols: list[str], *, speed: float = 1.0, first_s: float = 3600.0) -> None:
        paths: dict[Symbol, Path] = {Symbol(symbol): path for symbol in symbols if (path := bundled(symbol))}
        self.books = {symbol: LocalBook() for symbol in paths}
        self.tickers: dict[tuple[str, int], Mapping[str, str]] = {}  # (symbol, update id) -> bookTicker
        self.klines = Klines(symbols)
        self.connections = 0
        self.depth_requests = 0
        self.depth_delay_s = 0.0
        self.port = 0
        self._paths = paths
        self._speed = speed
        self._first_s = first_s
        self._sockets: dict[web.WebSocketResponse, tuple[frozenset[str], bool]] = {}
        self._swallow: dict[str, int] = {}
        self._refuse = 0

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def drop(self) -> None:
        """Cut every socket as a dying network would."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    def swallow(self, symbol: str, diffs: int) -> None:
        """Let the next diffs of a symbol happen without telling anybody: a gap."""
        self._swallow[symbol] = diffs

    def refuse_depth(self, times: int) -> None:
        """Answer the next requests for depth with 429."""
        self._refuse = times

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["BinanceSimulator"]:
        """Serve on loopback while the recording plays."""
        app = web.Application()
        app.router.add_get("/api/v3/ping", self._ping)
        app.router.add_get("/api/v3/time", self._time)
        app.router.add_get("/api/v3/depth", self._depth)
        app.router.add_get("/api/v3/klines", self.klines.answer)
        app.router.add_get("/ws/{stream}", self._stream)
        app.router.add_get("/stream", self._stream)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        self.port = runner.addresses[0][1]
        playing = asyncio.create_task(self._play())
        try:
            yield self
        finally:
            playing.cancel()
            await asyncio.wait([playing])
            await self.drop()
            await runner.cleanup()

    async def _play(self) -> None:
        messages = read_together(self._paths)
        first = next(messages)
        last_ns = first.at_ns + int(self._first_s * 1e9)
        taken = itertools.takewhile(lambda message: message.at_ns < last_ns, itertools.chain([first], messages))
        async with contextlib.aclosing(play(taken, speed=self._speed)) as recorded:
            async for message in recorded:
                await self._tell(message)

    async def _tell(self, message: Recorded) -> None:
        if message.is_snapshot:
            self.books[message.symbol].on_snapshot(message.data)
            return
        if message.stream.endswith("@bookTicker"):
            self.tickers[message.symbol, message.data["u"]] = message.data
        if message.is_diff:
            self.books[message.symbol].on_diff(message.data)
            if self._swallow.get(message.symbol, 0) > 0:
                self._swallow[message.symbol] -= 1
                return
        for socket, (streams, combined) in list(self._sockets.items()):
            if message.stream in streams:
                told = {"stream": message.stream, "data": message.data} if combined else message.data
                with contextlib.suppress(ConnectionError):  # it has just gone
                    await socket.send_str(json.dumps(told))

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def _time(self, _: web.Request) -> web.Response:
        return web.json_response({"serverTime": time.time_ns() // 1_000_000})

    async def _depth(self, request: web.Request) -> web.Response:
        self.depth_requests += 1
        if self._refuse:
            self._refuse -= 1
            body = {"code": -1003, "msg": "Too many requests."}
            return web.json_response(body, status=429, headers={"Retry-After": "1"})
        book = self.books.get(Symbol(request.query.get("symbol", "")))
        if book is None:
            return web.json_response({"code": -1121, "msg": "Invalid symbol."}, status=400)
        if not book.in_sync:  # the recording has not come to its snapshot yet
            return web.json_response({"code": -1001, "msg": "Internal error."}, status=503)
        limit = int(request.query.get("limit", "100"))
        answer: dict[str, Any] = {
            "lastUpdateId": book.last_update_id,
            "bids": book.bids.top(limit),
            "asks": book.asks.top(limit),
        }
        await asyncio.sleep(self.depth_delay_s)
        return web.json_response(answer)

    async def _stream(self, request: web.Request) -> web.WebSocketResponse:
        combined = "stream" not in request.match_info
        names = request.query.get("streams", "").split("/") if combined else [request.match_info["stream"]]
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        self._sockets[socket] = frozenset(names), combined
        try:
            async for _ in socket:
                pass
        finally:
            del self._sockets[socket]
        return socket
