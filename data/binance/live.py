"""The feed that follows Binance."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from decimal import Decimal
from typing import Any

import structlog

from data.binance.book import LocalBook, MalformedMessage
from data.binance.latest import Latest
from data.binance.retries import pause_s, reason
from data.binance.streams import Streams, open_streams
from data.binance.view import PACE_S, View
from engine.core.types import Symbol
from engine.ports import Clock, ExternalBook

log = structlog.get_logger()

REST_URL = "https://api.binance.com"
STREAM_URL = "wss://stream.binance.com:9443"

SNAPSHOT_LEVELS = 5_000  # the most there is, as Binance advises
SILENCE_S = 10.0  # a connection that says nothing for this long is dead
FIRST_RETRY_S, LAST_RETRY_S = 0.5, 60.0


class BinanceFeed:
    """Binance's books of some symbols, through any number of dropped connections, until it is closed."""

    def __init__(
        self,
        symbols: Iterable[Symbol],
        clock: Clock,
        *,
        rest_url: str = REST_URL,
        stream_url: str = STREAM_URL,
        pace_s: float = PACE_S,
    ) -> None:
        self._rest_url = rest_url.rstrip("/")
        self._stream_url = stream_url.rstrip("/")
        self._views = {symbol: View(symbol, clock, pace_s=pace_s) for symbol in symbols}
        self._latest = Latest()

    async def books(self) -> AsyncGenerator[ExternalBook, None]:
        """Yield the books; see `engine.ports.Feed`."""
        following = asyncio.create_task(self._follow())
        following.add_done_callback(lambda _: self._latest.close())
        try:
            while book := await self._latest.take():
                yield book
            if following.done():
                await following  # it never ends by itself: this tells why it did
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def close(self) -> None:
        """End `books`."""
        self._latest.close()

    async def _follow(self) -> None:
        failures = 0
        while True:
            copies = {symbol: _Copy(symbol, view, self._latest) for symbol, view in self._views.items()}
            try:
                await self._connection(copies)
            except Exception as error:  # whatever a remote does, the next connection may be better
                log.warning("binance connection lost", error=reason(error))
            for copy in copies.values():
                copy.lose()
            failures = 1 if any(copy.was_in_sync for copy in copies.values()) else failures + 1
            await asyncio.sleep(pause_s(failures, FIRST_RETRY_S, LAST_RETRY_S))

    async def _connection(self, copies: dict[Symbol, "_Copy"]) -> None:
        """Follow the streams until something is wrong with them, then raise."""
        names = [f"{symbol.lower()}@depth@100ms" for symbol in copies]
        async with open_streams(self._rest_url, self._stream_url, names) as streams, asyncio.TaskGroup() as tasks:
            for copy in copies.values():
                tasks.create_task(copy.keep_in_sync(streams))
            while True:
                async with asyncio.timeout(SILENCE_S):
                    message = await streams.receive()
                if copy_ := copies.get(message.get("s", "")):
                    copy_.on_diff(message)


class _Copy:
    """The copy of one symbol's book that one connection keeps."""

    def __init__(self, symbol: Symbol, view: View, latest: Latest) -> None:
        self.was_in_sync = False
        self._symbol = symbol
        self._view = view
        self._latest = latest
        self._book = LocalBook()
        self._floor: Decimal | None = None  # below this the snapshot, cut at its limit, knew no bids
        self._ceiling: Decimal | None = None
        self._lost = asyncio.Event()
        self._lost.set()

    def on_diff(self, message: dict[str, Any]) -> None:
        """Take a depthUpdate. What breaks the book asks for a snapshot."""
        before = self._book.in_sync
        try:
            self._book.on_diff(message)
        except MalformedMessage as malformed:
            log.warning("binance sent a malformed diff", symbol=self._symbol, error=str(malformed))
            self._book.lose()
        if self._is_beyond_what_is_known():
            self._book.lose()
        if before and not self._book.in_sync:
            log.warning("binance book lost", symbol=self._symbol)
            self._lost.set()
        self._show()

    async def keep_in_sync(self, streams: Streams) -> None:
        """Whenever the book is lost, fetch snapshots until one fits."""
        while True:
            await self._lost.wait()
            self._lost.clear()
            attempts = 0
            while not self._book.in_sync:
                if attempts:
                    await asyncio.sleep(pause_s(attempts, FIRST_RETRY_S, LAST_RETRY_S))
                attempts += 1
                try:
                    snapshot = await streams.depth(self._symbol, SNAPSHOT_LEVELS)
                    self._book.on_snapshot(snapshot)
                except Exception as error:  # the streams go on, and so do the others' books
                    log.warning("binance gave no snapshot", symbol=self._symbol, error=reason(error))
                else:
                    self._floor, self._ceiling = _edge(snapshot["bids"]), _edge(snapshot["asks"])
            self.was_in_sync = True
            log.info("binance book in sync", symbol=self._symbol, update_id=self._book.last_update_id)
            self._show()

    def lose(self) -> None:
        """Say that the connection is gone."""
        if lost := self._view.lose():
            self._latest.put(lost)

    def _is_beyond_what_is_known(self) -> bool:
        """Whether the market has moved to where levels may rest that neither the snapshot nor a diff has told."""
        bid, ask = self._book.bids.best, self._book.asks.best
        too_low = self._floor is not None and bid is not None and bid < self._floor
        too_high = self._ceiling is not None and ask is not None and ask > self._ceiling
        return too_low or too_high

    def _show(self) -> None:
        if shown := self._view.show(self._book):
            self._latest.put(shown)


def _edge(levels: list[list[str]]) -> Decimal | None:
    return Decimal(levels[-1][0]) if len(levels) >= SNAPSHOT_LEVELS else None
