"""python-binance, opened and closed so that nothing of it outlives a connection.

Its own reconnecting is switched off: it gives up for good after some 15 seconds without a server, a close during one
never returns, and its DepthCacheManager spins when its socket dies. Here a connection that fails in any way is
thrown away whole. Nor does it decode: one message that is no JSON would end its reading.
"""

import asyncio
import contextlib
import logging
import warnings
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

QUEUE_MESSAGES = 10_000  # the library ends a connection that falls behind by this many; its default is 100
CONNECT_S = 10.0
LONGEST_BAN_S = 3 * 86_400.0
_SLOW_DOWN = (418, 429)  # HTTP statuses
_POLL_S = 0.5  # how often the library's reading loop looks up; closing a silent connection takes as long


class Dropped(Exception):  # noqa: N818  what happened, not whose fault it is
    """The connection is of no more use."""


class TooManyRequests(Exception):  # noqa: N818  what happened, not whose fault it is
    """Nothing more must be asked for a while, or Binance stops answering this address at all."""

    def __init__(self, refusal: Any) -> None:
        super().__init__(str(refusal))
        told = refusal.response.headers.get("Retry-After", "")
        self.wait_s = min(float(told), LONGEST_BAN_S) if told.isdecimal() else 0.0


class _Heard(Struct, gc=False):
    """A message of the server's, apart from those that the library makes up; None where it is no JSON."""

    message: object


class Streams:
    """Raw streams over one connection."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket

    async def receive(self) -> object:
        """Return the next message, whatever it is: None where it is no JSON. Raises Dropped."""
        heard = await self._socket.recv()
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # its recv waits by a wait_for that, before 3.12, may swallow this
            raise asyncio.CancelledError
        if isinstance(heard, _Heard):
            return heard.message
        raise Dropped(f"{heard.get('type')}: {heard.get('m')}")


class Rest:
    """Public REST answers, as they come: whoever asks checks them."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def depth(self, symbol: str, limit: int) -> dict[str, Any]:
        """GET /api/v3/depth. Raises TooManyRequests, TimeoutError or what the client raises."""
        answer: dict[str, Any] = await _patiently(self._client.get_order_book(symbol=symbol, limit=limit))
        return answer

    async def klines(self, symbol: str, interval: str, start_ms: int, end_ms: int, limit: int) -> object:
        """GET /api/v3/klines: those that begin from start to end, both included, the oldest first.

        Raises TooManyRequests, TimeoutError or what the client raises.
        """
        return await _patiently(
            self._client.get_klines(symbol=symbol, interval=interval, startTime=start_ms, endTime=end_ms, limit=limit)
        )


async def _patiently(answer: Awaitable[Any]) -> Any:
    """Return an answer. Raises TooManyRequests, TimeoutError or what the client raises."""
    try:
        async with asyncio.timeout(CONNECT_S):
            return await answer
    except Exception as error:
        if getattr(error, "status_code", 0) in _SLOW_DOWN:
            raise TooManyRequests(error) from error
        raise


@contextlib.asynccontextmanager
async def open_streams(rest_url: str, stream_url: str, names: Sequence[str]) -> AsyncIterator[Streams]:
    """Connect to raw streams such as "btcusdt@depth@100ms". Raises what the library raises, or TimeoutError."""
    async with open_client(rest_url) as (library, client):
        manager = library.BinanceSocketManager(client, max_queue_size=QUEUE_MESSAGES)
        manager.STREAM_URL = f"{stream_url}/"
        socket = manager.multiplex_socket(list(names))
        socket.MAX_RECONNECTS = 0
        socket.TIMEOUT = _POLL_S
        socket.json_loads = _heard
        async with asyncio.timeout(CONNECT_S):
            await socket.connect()
        try:
            yield Streams(socket)
        finally:
            await socket.close()


@contextlib.asynccontextmanager
async def open_rest(rest_url: str) -> AsyncIterator[Rest]:
    """Make public REST answers to be had; nothing is asked yet."""
    async with open_client(rest_url) as (_, client):
        yield Rest(client)


@contextlib.asynccontextmanager
async def open_client(
    rest_url: str, key: str | None = None, secret: str | None = None
) -> AsyncIterator[tuple[Any, Any]]:
    """Make a client that has asked nothing yet, and yield the library and it."""
    library = await asyncio.to_thread(_import)
    client = library.AsyncClient(key, secret)
    client.API_URL = f"{rest_url}/api"
    try:
        yield library, client
    finally:
        await client.close_connection()


def _heard(raw: str | bytes) -> _Heard:
    try:
        return _Heard(msgspec.json.decode(raw))
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _Heard(None)


def _import() -> Any:
    """Import python-binance: it takes about a second, so not at the program's start and not on the loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it asks websockets for names that are to go
        import binance  # type: ignore[import-untyped]  # the package has no types

    # It calls every dropped connection an error, at length; the feed tells what there is to tell.
    logging.getLogger("binance.ws").setLevel(logging.CRITICAL)
    return binance
