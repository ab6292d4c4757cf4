"""Load from this process: many keep-alive HTTP connections or WebSockets on raw transports.

The client must cost far less than the server that it measures, so everything is sent from bytes made beforehand.
"""

import asyncio
import base64
import os
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import cast

Latencies = list[float]  # seconds


def http_request(path: str, body: bytes, token: str = "") -> bytes:
    """Return a whole POST as bytes."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{authorization}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def text_frame(payload: bytes) -> bytes:
    """Return a client's text frame; its mask is all zeros, which is allowed and costs nothing to apply."""
    size = len(payload)
    if size < 126:
        return bytes([0x81, 0x80 | size]) + bytes(4) + payload
    return bytes([0x81, 0x80 | 126]) + size.to_bytes(2, "big") + bytes(4) + payload


class Connection(asyncio.Protocol, ABC):
    """One connection; `answered` hears of each whole answer."""

    def __init__(self, answered: Callable[["Connection", bytes], None]) -> None:
        self.answered = answered
        self.sent_at: deque[float] = deque()
        self.next: Iterator[bytes] = iter(())
        self.transport: asyncio.Transport
        self._buffer = b""
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self.transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let `close` go on."""
        if not self.lost.done():
            self.lost.set_result(None)

    def data_received(self, data: bytes) -> None:
        """Cut the stream into answers."""
        buffer = self._buffer + data if self._buffer else data
        at = 0
        while (end := self.end_of_answer(buffer, at)) is not None:
            self.answered(self, buffer[at:end])
            at = end
        self._buffer = buffer[at:]

    @abstractmethod
    def end_of_answer(self, buffer: bytes, at: int) -> int | None:
        """Return where the answer that starts at `at` ends, or None while it is not whole."""

    async def close(self) -> None:
        """Close and wait."""
        self.transport.abort()
        await self.lost


class Http(Connection):
    """HTTP/1.1 with Content-Length."""

    def end_of_answer(self, buffer: bytes, at: int) -> int | None:
        """Find the end by the header."""
        head = buffer.find(b"\r\n\r\n", at)
        if head < 0:
            return None
        low = buffer[at:head].lower()
        start = low.index(b"content-length:") + 15
        stop = low.find(b"\r", start)
        end = head + 4 + int(low[start : stop if stop >= 0 else None])
        return end if len(buffer) >= end else None


class Socket(Connection):
    """A WebSocket after its handshake. Frames from a server are not masked."""

    def end_of_answer(self, buffer: bytes, at: int) -> int | None:
        """Find the end by the frame's length; the handshake's answer ends with its headers."""
        if buffer[at : at + 4] == b"HTTP":
            head = buffer.find(b"\r\n\r\n", at)
            return None if head < 0 else head + 4
        if len(buffer) < at + 2:
            return None
        size, start = buffer[at + 1], at + 2
        if size == 126:
            size, start = int.from_bytes(buffer[start : start + 2], "big"), start + 2
        elif size == 127:
            size, start = int.from_bytes(buffer[start : start + 8], "big"), start + 8
        return start + size if len(buffer) >= start + size and len(buffer) >= start else None


async def open_http(port: int, answered: Callable[[Connection, bytes], None]) -> Http:
    """Connect."""
    _, protocol = await asyncio.get_running_loop().create_connection(lambda: Http(answered), "127.0.0.1", port)
    return protocol


async def open_socket(
    port: int, path: str, answered: Callable[[Connection, bytes], None], first: Sequence[bytes]
) -> Socket:
    """Connect, shake hands, send the first messages and wait for an answer to each."""
    waiting = asyncio.get_running_loop().create_future()
    expected = 1 + len(first)

    def count(_: Connection, __: bytes) -> None:
        nonlocal expected
        expected -= 1
        if not expected:
            waiting.set_result(None)

    _, socket = await asyncio.get_running_loop().create_connection(lambda: Socket(count), "127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    socket.transport.write(
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
    )
    for message in first:
        socket.transport.write(text_frame(message))
    await waiting
    socket.answered = answered
    return socket


class Closed:
    """A closed loop: each connection has `in_flight` requests on their way; the next follows each answer."""

    def __init__(self, seconds: float, refused: Callable[[bytes], bool] = lambda _: False) -> None:
        self.answers = 0
        self.refusals = 0
        self.latencies: Latencies = []
        self._seconds = seconds
        self._refused = refused
        self._counting = False

    def answered(self, connection: Connection, answer: bytes) -> None:
        """Count an answer and send the next request."""
        now = time.perf_counter()
        began = connection.sent_at.popleft()
        if self._counting:
            self.answers += 1
            self.latencies.append(now - began)
            if self._refused(answer):
                self.refusals += 1
        connection.sent_at.append(now)
        connection.transport.write(next(connection.next))

    async def run(self, connections: Sequence[Connection], in_flight: int) -> float:
        """Warm up for a while, count for `seconds`, and return answers a second."""
        for connection in connections:
            for _ in range(in_flight):
                connection.sent_at.append(time.perf_counter())
                connection.transport.write(next(connection.next))
        await asyncio.sleep(self._seconds / 4)
        self._counting, began = True, time.perf_counter()
        await asyncio.sleep(self._seconds)
        self._counting = False
        return self.answers / (time.perf_counter() - began)


class Paced:
    """An open loop: requests leave at their scheduled times, whatever came back.

    Latency counts from the schedule, so that a stall is charged to every request that it kept waiting.
    """

    def __init__(self, rate: float, seconds: float) -> None:
        self.latencies: Latencies = []
        self._gap = 1 / rate
        self._count = int(rate * seconds)
        self._done = asyncio.get_running_loop().create_future()

    def answered(self, connection: Connection, _: bytes) -> None:
        """Take an answer's latency."""
        self.latencies.append(time.perf_counter() - connection.sent_at.popleft())
        if len(self.latencies) == self._count:
            self._done.set_result(None)

    async def run(self, connections: Sequence[Connection]) -> Latencies:
        """Send everything in turn over the connections and return the latencies."""
        began = time.perf_counter()
        for number in range(self._count):
            due = began + number * self._gap
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            connection = connections[number % len(connections)]
            connection.sent_at.append(due)
            connection.transport.write(next(connection.next))
        await asyncio.wait_for(self._done, 30)
        return self.latencies


def percentile(latencies: Latencies, part: float) -> float:
    """Return a percentile in milliseconds; part is 0.5 for the median."""
    ordered = sorted(latencies)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000
