"""Binance's market streams: /ws, /ws/<stream>, /stream?streams=a/b, and what clients may say on them."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

PING_S = 20.0
PONG_S = 60.0
MAX_MESSAGES = 5  # a second that a client may send
MAX_STREAMS = 1_024
SEND_S = 10.0  # a client that reads nothing for this long is cut off
METHODS = "`SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY`"


class _Request(msgspec.Struct):
    method: str
    id: int | str | None = None
    params: list[Any] = []


class Client:
    """One connection and the streams it follows."""

    def __init__(self, socket: web.WebSocketResponse, streams: Iterable[str], *, combined: bool) -> None:
        self.socket = socket
        self.streams = dict.fromkeys(streams)
        self.combined = combined
        self.heard_at_s = time.monotonic()
        self._said: deque[float] = deque(maxlen=MAX_MESSAGES)

    def may_speak(self) -> bool:
        """Count a message, and tell whether there were not too many."""
        now_s = time.monotonic()
        is_flood = len(self._said) == MAX_MESSAGES and now_s - self._said[0] < 1.0
        self._said.append(now_s)
        return not is_flood

    def answer(self, text: str) -> dict[str, Any]:
        """Do what a client asks for and return the answer."""
        try:
            message = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return _error(3, "Invalid JSON: expected value at line 1 column 1")
        if not isinstance(message, dict):
            return _error(2, "Invalid request: expected an object")
        if "method" not in message:
            return _error(2, "Invalid request: missing field `method`", message.get("id"))
        try:
            request = msgspec.convert(message, _Request)
        except msgspec.ValidationError:
            return _error(2, "Invalid request: request ID must be an unsigned integer or a string")
        if isinstance(request.id, str) and len(request.id) > 36:
            return _error(2, "Invalid request: request ID must be at most 36 characters")
        return self._carried_out(request)

    def _carried_out(self, request: _Request) -> dict[str, Any]:
        result: object = None
        match request.method:
            case "SUBSCRIBE" | "UNSUBSCRIBE":
                if not request.params or not all(isinstance(name, str) for name in request.params):
                    return _error(2, "Invalid request: params must be an array of stream names", request.id)
                if request.method == "UNSUBSCRIBE":
                    for name in request.params:
                        self.streams.pop(name, None)
                elif len(self.streams | dict.fromkeys(request.params)) > MAX_STREAMS:
                    return _error(2, "Invalid request: too many subscriptions", request.id)
                else:
                    self.streams |= dict.fromkeys(request.params)
            case "LIST_SUBSCRIPTIONS":
                result = list(self.streams)
            case "SET_PROPERTY":
                match request.params:
                    case ["combined", bool(combined)]:
                        self.combined = combined
                    case ["combined", _]:
                        return _error(1, "Invalid value type: expected Boolean", request.id)
                    case _:
                        return _error(0, "Unknown property", request.id)
            case "GET_PROPERTY":
                if request.params != ["combined"]:
                    return _error(0, "Unknown property", request.id)
                result = self.combined
            case _:
                message = f"Invalid request: unknown variant `{request.method}`, expected one of {METHODS}"
                return _error(2, message, request.id)
        return {"result": result, "id": request.id}

    async def send(self, text: str) -> None:
        """Send a frame; a client that is gone, or reads nothing, is none any more."""
        with contextlib.suppress(ConnectionError):
            try:
                async with asyncio.timeout(SEND_S):
                    await self.socket.send_str(text)
            except TimeoutError:
                await self.socket.close(code=WSCloseCode.POLICY_VIOLATION, drain=False)


class Sockets:
    """All connections. silent keeps them open and says nothing on them, not even a pong."""

    def __init__(self) -> None:
        self.clients: dict[Client, web.Request] = {}
        self.opened = 0
        self.silent = False
        self.refuse = 0  # how many of the next connections are turned away

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve a connection until its end."""
        if self.refuse > 0:
            self.refuse -= 1
            return web.Response(status=503)
        combined = request.path.startswith("/stream")
        named = request.query.get("streams", "").split("/") if combined else [request.match_info.get("stream", "")]
        names = [name for name in named if name]
        if len(names) > MAX_STREAMS:
            return web.Response(status=400)
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        client = Client(socket, names, combined=combined)
        self.opened += 1
        self.clients[client] = request
        try:
            await self._listen(client)
        finally:
            del self.clients[client]
        return socket

    async def tell(self, stream: str, data: object) -> None:
        """Tell all that follow a stream."""
        if self.silent:
            return
        plain = wrapped = ""
        for client in list(self.clients):
            if stream not in client.streams:
                continue
            if client.combined:
                wrapped = wrapped or msgspec.json.encode({"stream": stream, "data": data}).decode()
            else:
                plain = plain or msgspec.json.encode(data).decode()
            await client.send(wrapped if client.combined else plain)

    async def say(self, text: str) -> None:
        """Say something, whatever it is, to all."""
        for client in list(self.clients):
            await client.send(text)

    def cut(self) -> None:
        """End all connections as a dying network would."""
        for request in self.clients.values():
            if request.transport is not None:
                request.transport.abort()

    async def close(self) -> None:
        """End all connections politely."""
        for client in list(self.clients):
            await client.socket.close(code=WSCloseCode.GOING_AWAY, drain=False)

    async def ping(self) -> None:
        """Ping all now and then, and cut off who does not answer."""
        while True:
            await asyncio.sleep(PING_S)
            for client in list(self.clients):
                if time.monotonic() - client.heard_at_s > PONG_S:
                    await client.socket.close(code=WSCloseCode.POLICY_VIOLATION, drain=False)
                elif not self.silent:
                    with contextlib.suppress(ConnectionError):
                        await client.socket.ping(str(time.time_ns() // 1_000_000).encode())

    async def _listen(self, client: Client) -> None:
        async for message in client.socket:
            if not client.may_speak():
                await client.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                return
            if message.type == WSMsgType.PONG:
                client.heard_at_s = time.monotonic()
            elif self.silent:
                continue
            elif message.type == WSMsgType.PING:
                await client.socket.pong(message.data)
            elif message.type == WSMsgType.TEXT:
                await client.send(msgspec.json.encode(client.answer(message.data)).decode())


def _error(code: int, message: str, id: object = None) -> dict[str, Any]:
    return {"code": code, "msg": message, "id": id}
