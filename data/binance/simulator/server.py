"""The simulator whole: a venue, its streams and REST, and what may go wrong with them."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

import msgspec
from aiohttp import web

from data.binance.simulator.errors import Refusal
from data.binance.simulator.faults import Faults
from data.binance.simulator.orders import Orders
from data.binance.simulator.rest import Rest
from data.binance.simulator.sockets import Sockets
from data.binance.simulator.venue import Told, Venue

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Simulator:
    """Serves on loopback while a recording plays. faults, rest, orders and sockets are there to be tampered with."""

    def __init__(
        self, symbols: Iterable[str], *, speed: float = 1.0, first_s: float = math.inf, repeat: bool = False
    ) -> None:
        self.port = 0
        self.venue = Venue(symbols, speed=speed, first_s=first_s, repeat=repeat)
        self.faults = Faults()
        self.sockets = Sockets()
        self.rest = Rest(self.venue, self.faults)
        self.orders = Orders(self.rest)
        self.began = asyncio.Event()  # the recording plays from now on; clear it to hold it back
        self.began.set()
        self.ended = asyncio.Event()  # it is over

    @property
    def rest_url(self) -> str:
        """Where REST is served."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def stream_url(self) -> str:
        """Where streams are served."""
        return f"ws://127.0.0.1:{self.port}"

    def routes(self) -> list[web.RouteDef]:
        """Return all routes."""
        streams = [web.get(path, self.sockets.serve) for path in ("/ws", "/ws/{stream}", "/stream")]
        return [*self.rest.routes(), *self.orders.routes(), *streams]

    async def announce_shutdown(self) -> None:
        """Say that the server is about to end its connections."""
        event = {"e": "serverShutdown", "E": self.rest.now_ms()}
        for client in list(self.sockets.clients):
            told = {"stream": "!serverShutdown", "data": event} if client.combined else event
            await client.send(msgspec.json.encode(told).decode())

    @contextlib.asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator["Simulator"]:
        """Serve on a port of 127.0.0.1, any one where it is zero."""
        app = web.Application(middlewares=[_refusals])
        app.add_routes(self.routes())
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.port = runner.addresses[0][1]
        tasks = [asyncio.create_task(self._play()), asyncio.create_task(self.sockets.ping())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.sockets.close()
            await runner.cleanup()

    async def _play(self) -> None:
        await self.began.wait()
        async with contextlib.aclosing(self.venue.play()) as happening:
            async for told in happening:
                await self.tell(told)
        self.ended.set()

    async def tell(self, told: Told) -> None:
        """Tell what has happened to whoever listens, as far as the faults allow."""
        symbol, stream, _ = told
        for data in self.faults.apply(told, self.venue.markets[symbol]):
            await self.sockets.tell(stream, data)


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return refusal.answer()
