"""HTTP and WebSocket on loopback: who is let in, how much of it, and the faults that are the network's."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from aiohttp import web

from data.solana.localnet import rpc
from data.solana.localnet.errors import RpcError, TooManyRequestsError
from data.solana.localnet.faults import Fault, Faults, LoseReplies, RateLimited, Slow, Unavailable
from data.solana.localnet.pubsub import PubSub
from data.solana.localnet.rpc import Rpc

HOST: Final = "127.0.0.1"
MOST_BYTES: Final = 50 * 1024  # of a body, as a cluster's node has it
MOST_CONNECTIONS: Final = 1_000
_LOOPBACK: Final = {"127.0.0.1", "localhost"}
_SEND: Final = b'"sendTransaction"'

Inflict = Callable[[Fault], Awaitable[int]]


class Server:
    """The listener. It may go down and come up again at the same port."""

    def __init__(self, answers: Rpc, pubsub: PubSub, faults: Faults, inflict: Inflict) -> None:
        self._rpc = answers
        self._pubsub = pubsub
        self._faults = faults
        self._inflict = inflict
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post("/", self._post)
        app.router.add_get("/", self._get)
        app.router.add_get("/health", self._health)
        app.router.add_post("/control", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        self._site: web.TCPSite | None = None
        self._starting: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, port: int) -> None:
        """Listen on a port (0: any that is free). Raises OSError where it is taken."""
        await self._runner.setup()
        self.port = port
        await self.up()
        self.port = self._runner.addresses[0][1]

    async def up(self) -> None:
        """Listen, where it does not."""
        if self._site is None:
            self._site = web.TCPSite(self._runner, HOST, self.port, backlog=1024)
            self._starting = asyncio.create_task(self._site.start())
        assert self._starting is not None
        await asyncio.shield(self._starting)  # whoever goes away meanwhile leaves no socket that nobody closes

    async def down(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._site is not None:
            site, self._site = self._site, None
            await self._started()
            await site.stop()
        self._pubsub.cut()
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()

    async def stop(self) -> None:
        """Close everything."""
        self._pubsub.cut()
        await self._started()
        await self._runner.cleanup()

    async def _started(self) -> None:
        if self._starting is not None:
            await asyncio.wait([self._starting])

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._pubsub.serve(request)
        return web.Response(status=405, text="Used HTTP Method is not allowed. POST or OPTIONS is required")

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        if (slow := self._faults.take(Slow)) is not None:
            await asyncio.sleep(slow.seconds)
        if self._faults.take(Unavailable) is not None:
            return web.Response(status=503, text="Service Unavailable")
        body = await request.read()
        if (limited := self._faults.take(RateLimited)) is not None:
            return _json(
                msgspec.json.encode(rpc.failed(None, TooManyRequestsError())),
                status=429,
                headers={"Retry-After": str(limited.retry_after_s)},
            )
        try:
            answer = await self._rpc.answer(body)
        except Exception:  # it is logged; better no answer than a wrong one
            return web.Response(status=500, text="the localnet has failed: see its log")
        if _SEND in body and self._faults.take(LoseReplies) is not None and request.transport is not None:
            request.transport.abort()
        return _json(answer)

    async def _control(self, request: web.Request) -> web.StreamResponse:
        if (refused := self._refused(request)) is not None:
            return refused
        try:
            fault = msgspec.json.decode(await request.read(), type=Fault)
            slot = await self._inflict(fault)
        except (msgspec.MsgspecError, RpcError, ValueError) as error:
            return _json(msgspec.json.encode({"error": str(error)}), status=400)
        return _json(msgspec.json.encode({"slot": slot}))

    def _refused(self, request: web.Request) -> web.Response | None:
        """Return why a request is not read: a page that somebody looks at has no business here, nor has a crowd."""
        if request.content_type != "application/json":
            return web.Response(status=415, text="Supplied content type is not allowed: application/json is required")
        if request.url.host not in _LOOPBACK:
            return web.Response(status=403, text="Provided Host header is not whitelisted.")
        assert self._runner.server is not None
        if len(self._runner.server.connections) > MOST_CONNECTIONS:
            return web.Response(status=503, text="too many connections", headers={"Connection": "close"})
        return None


def _json(body: bytes, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")
