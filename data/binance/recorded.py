"""The feed that plays recordings: real market data without a network."""

import contextlib
import math
from collections.abc import AsyncGenerator, Iterable

import structlog

from data.binance.book import LocalBook
from data.binance.health import FeedHealth, Health
from data.binance.messages import Trade, read
from data.binance.recording import bundled, play, read_together
from data.binance.tape import OnPrice, Tape
from data.binance.view import PACE_S, View
from engine.core.types import Symbol
from engine.ports import Clock, ExternalBook

log = structlog.get_logger()


class RecordedFeed:
    """The bundled recordings at `speed`, again from the start when they end (unless repeat is False).

    At the turn each book is lost and found again some 300 ms later, as it is when a connection drops. Symbols
    without a recording stay silent. Update ids are the recording's. on_price hears of the reference price.
    """

    def __init__(
        self,
        symbols: Iterable[Symbol],
        clock: Clock,
        *,
        speed: float = 1.0,
        repeat: bool = True,
        pace_s: float = PACE_S,
        on_price: OnPrice | None = None,
    ) -> None:
        if not speed > 0:
            raise ValueError("a recording's speed is above zero")
        wanted = {symbol: bundled(symbol) for symbol in symbols}
        self._paths = {symbol: path for symbol, path in wanted.items() if path is not None}
        if silent := wanted.keys() - self._paths.keys():
            log.warning("no recording of these markets, so nobody quotes them", symbols=sorted(silent))
        self._speed = speed
        self._repeat = repeat and bool(self._paths)
        self._views = {symbol: View(symbol, clock, pace_s=0.0 if speed == math.inf else pace_s) for symbol in wanted}
        self._tapes = {symbol: Tape(symbol, clock, on_price) for symbol in wanted}
        self._health = {symbol: Health() for symbol in wanted}
        self._closed = False

    def health(self) -> list[FeedHealth]:
        """Return how each market is doing now."""
        return [health.view(symbol, in_sync=self._views[symbol].in_sync) for symbol, health in self._health.items()]

    async def books(self) -> AsyncGenerator[ExternalBook, None]:
        """Yield the books; see `engine.ports.Feed`."""
        while not self._closed:
            async with contextlib.aclosing(self._once()) as books:
                async for book in books:
                    yield book
            for symbol, view in self._views.items():
                if lost := view.lose():
                    self._tapes[symbol].on_book(lost)
                    yield lost
            if not self._repeat:
                return

    async def _once(self) -> AsyncGenerator[ExternalBook, None]:
        books = {symbol: LocalBook() for symbol in self._paths}
        async with contextlib.aclosing(play(read_together(self._paths), speed=self._speed)) as messages:
            async for message in messages:
                if self._closed:
                    return
                symbol = message.symbol
                book, health, tape = books[symbol], self._health[symbol], self._tapes[symbol]
                health.heard()
                if message.is_snapshot:
                    book.on_snapshot(message.data)
                    health.syncs += 1
                elif message.is_diff:
                    book.on_diff(message.data)
                else:
                    if message.stream.endswith("@trade"):
                        tape.on_trade(read(message.data, Trade))
                    continue
                if shown := self._views[symbol].show(book):
                    health.moved()
                    tape.on_book(shown)
                    yield shown

    async def close(self) -> None:
        """End `books`, at its next message."""
        self._closed = True
