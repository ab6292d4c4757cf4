"""PubSub: sockets, their subscriptions, and who is told what when the clock turns."""

import asyncio
import contextlib
import itertools
from typing import Any, Final

import msgspec
from aiohttp import WSMsgType, web

from data.solana.localnet import rpc
from data.solana.localnet.blocks import Block, Commitment
from data.solana.localnet.chain import Chain, Step
from data.solana.localnet.errors import InvalidParamsError, MethodNotFoundError, RpcError
from data.solana.localnet.params import Params
from data.solana.localnet.subscriptions import (
    KIND_OF,
    KINDS,
    Arrived,
    RootSubscription,
    SignatureSubscription,
    SlotSubscription,
    Subscription,
    Told,
)

MOST_SOCKETS: Final = 200
MOST_SUBSCRIPTIONS: Final = 1_000  # of one socket
MOST_WAITING: Final = 20_000  # messages for one socket; it is closed at the next
MOST_BYTES: Final = 64 * 1024  # of one message to us
HEARTBEAT_S: Final = 30.0


class Socket:
    """One client: its subscriptions by id, and the messages that wait for it."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self.response = web.WebSocketResponse(max_msg_size=MOST_BYTES, heartbeat=HEARTBEAT_S, timeout=1.0)
        self.subscriptions: dict[int, Subscription] = {}
        self.waiting: asyncio.Queue[bytes] = asyncio.Queue(MOST_WAITING)

    def send(self, message: dict[str, Any]) -> None:
        """Let a message wait for its turn. A client that does not keep up is cut."""
        try:
            self.waiting.put_nowait(msgspec.json.encode(message))
        except asyncio.QueueFull:
            self.cut()

    def cut(self) -> None:
        """End the connection at once."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def deliver(self) -> None:
        """Send what waits, for ever."""
        while True:
            await self.response.send_str((await self.waiting.get()).decode())


class PubSub:
    """All sockets of a chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._sockets: set[Socket] = set()
        self._ids = itertools.count(1)
        self.stalled = False
        chain.listeners.append(self._turned)

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket until it is closed."""
        if len(self._sockets) >= MOST_SOCKETS:
            return web.Response(status=503, text="too many sockets")
        socket = Socket(request)
        await socket.response.prepare(request)
        self._sockets.add(socket)
        delivering = asyncio.create_task(socket.deliver())
        try:
            async for message in socket.response:
                if message.type is not WSMsgType.TEXT:
                    break
                await self._asked(socket, message.data.encode())
        finally:
            self._sockets.discard(socket)
            delivering.cancel()
            with contextlib.suppress(ConnectionError):
                await asyncio.wait([delivering])
        return socket.response

    def cut(self) -> None:
        """Cut every socket."""
        for socket in list(self._sockets):
            socket.cut()

    # What clients ask

    async def _asked(self, socket: Socket, body: bytes) -> None:
        try:
            asked = rpc.decode(body)
        except RpcError as error:
            socket.send(rpc.failed(None, error))
            return
        async with self._chain.turn:  # a subscription begins between two turns of the clock
            for each in asked if isinstance(asked, list) else [asked]:
                self._one(socket, each)

    def _one(self, socket: Socket, asked: Any) -> None:
        id = asked.get("id") if isinstance(asked, dict) else None
        try:
            request = rpc.read(asked)
            kind, verb = _parts(request.method)
            if verb == "Subscribe":
                self._subscribe(socket, request.id, kind, request.params)
            else:
                self._unsubscribe(socket, request.id, kind, Params(request.params, 1).integer(0, "the id"))
        except RpcError as error:
            socket.send(rpc.failed(id, error))

    def _subscribe(self, socket: Socket, id: int | str | None, kind: str, values: list[Any]) -> None:
        build, most = KINDS[kind]
        subscription = build(Params(values, most))
        if len(socket.subscriptions) >= MOST_SUBSCRIPTIONS:
            raise RpcError(f"Too many subscriptions; max {MOST_SUBSCRIPTIONS}")
        number = next(self._ids)
        socket.send(rpc.succeeded(id, number))
        already = subscription.already(self._chain) if isinstance(subscription, SignatureSubscription) else None
        if already is None:
            socket.subscriptions[number] = subscription
        elif not self.stalled:
            socket.send(_notification(kind, number, already))

    def _unsubscribe(self, socket: Socket, id: int | str | None, kind: str, number: int) -> None:
        subscription = socket.subscriptions.get(number)
        if subscription is None or KIND_OF[type(subscription)] != kind:
            raise InvalidParamsError("Invalid subscription id.")
        del socket.subscriptions[number]
        socket.send(rpc.succeeded(id, True))

    # What happens

    def _turned(self, step: Step) -> None:
        if self.stalled:
            return
        self._arrived("processed", [step.closed])
        slot = {"parent": step.head.parent, "root": self._chain.blocks.root, "slot": step.head.slot}
        self._tell_all(SlotSubscription, Told(None, slot))
        self._arrived("confirmed", step.confirmed)
        self._arrived("finalized", step.finalized)
        for block in step.finalized:
            self._tell_all(RootSubscription, Told(None, block.slot))

    def _tell_all(self, kind: type[Subscription], told: Told) -> None:
        for socket in self._sockets:
            for number, subscription in socket.subscriptions.items():
                if type(subscription) is kind:
                    socket.send(_notification(KIND_OF[kind], number, told))

    def _arrived(self, commitment: Commitment, blocks: list[Block]) -> None:
        for block in blocks:
            arrived = Arrived(self._chain, block)
            for socket in self._sockets:
                for number, subscription in list(socket.subscriptions.items()):
                    if isinstance(subscription, SlotSubscription | RootSubscription):
                        continue
                    if subscription.commitment != commitment:
                        continue
                    for told in subscription.hear(arrived):
                        socket.send(_notification(KIND_OF[type(subscription)], number, told))
                        if isinstance(subscription, SignatureSubscription):
                            del socket.subscriptions[number]


def _parts(method: str) -> tuple[str, str]:
    for verb in ("Unsubscribe", "Subscribe"):
        kind = method.removesuffix(verb)
        if kind != method and kind in KINDS:
            return kind, verb
    raise MethodNotFoundError


def _notification(kind: str, number: int, told: Told) -> dict[str, Any]:
    result = told.value if told.slot is None else {"context": {"slot": told.slot}, "value": told.value}
    params = {"result": result, "subscription": number}
    return {"jsonrpc": "2.0", "method": f"{kind}Notification", "params": params}
