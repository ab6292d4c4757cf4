"""A feed that is followed, on the real python-binance, against Binance over loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

from data.binance.health import FeedHealth
from data.binance.live import BinanceFeed
from data.binance.messages import Bar
from data.binance.settings import FeedSettings
from engine.core.types import Micros, Symbol
from engine.market_data.reference_price import ReferencePrice
from engine.ports import ExternalBook
from tests.simulators.binance import BinanceSimulator
from tests.support.own_time import OwnTime, own_time

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
BOTH = [BTC, ETH]
# A busy machine holds up what is on its way, too, so a feed is only as impatient as a test is about that.
QUICK = FeedSettings(first_retry_s=0.05, stale_s=30.0, frozen_s=30.0, silence_s=30.0, doubted_s=30.0)
PATIENCE_S = 60.0  # which only what never comes takes, however busy the machine is


class Watched:
    """A feed's books as they come, and when, by the time of this process."""

    def __init__(self, feed: BinanceFeed, time: OwnTime) -> None:
        self.books: list[ExternalBook] = []
        self.at_s: list[float] = []
        self.feed = feed
        self.time = time
        self._news = asyncio.Event()

    async def run(self) -> None:
        async for book in self.feed.books():
            self.books.append(book)
            self.at_s.append(self.time.s)
            self._news.set()

    async def until(self, enough: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        async with asyncio.timeout(within_s):
            while not enough():
                self._news.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.05):
                        await self._news.wait()

    async def in_sync(self, books: int = 20, *, since: int = 0, symbols: list[Symbol] = BOTH) -> None:
        """Wait for so many books of each market."""
        await self.until(
            lambda: all(sum(book.in_sync for book in self.of(each, since=since)) >= books for each in symbols)
        )

    async def lost(self, *symbols: Symbol, since: int = 0, within_s: float = PATIENCE_S) -> None:
        """Wait until the books of some markets are said to be lost."""
        await self.until(
            lambda: set(symbols) <= {book.symbol for book in self.books[since:] if not book.in_sync}, within_s
        )

    def of(self, symbol: Symbol, *, since: int = 0) -> list[ExternalBook]:
        return [book for book in self.books[since:] if book.symbol == symbol]

    def health(self, symbol: Symbol = BTC) -> FeedHealth:
        return next(health for health in self.feed.health() if health.symbol == symbol)

    def longest_silence_s(self, symbol: Symbol) -> float:
        """Return the longest time between two books of a market."""
        at_s = [at_s for book, at_s in zip(self.books, self.at_s, strict=True) if book.symbol == symbol]
        return max(later - earlier for earlier, later in pairwise(at_s))


class Told:
    """What a feed tells besides its books."""

    def __init__(self) -> None:
        self.prices: list[ReferencePrice] = []
        self.bars: list[tuple[Symbol, Bar]] = []

    def on_price(self, price: ReferencePrice) -> None:
        self.prices.append(price)

    def on_bar(self, symbol: Symbol, bar: Bar) -> None:
        self.bars.append((symbol, bar))


@contextlib.asynccontextmanager
async def watching(
    binance: BinanceSimulator, settings: FeedSettings = QUICK, *, pace_s: float = 0.0, **more: Any
) -> AsyncIterator[Watched]:
    feed = BinanceFeed(
        binance.symbols,
        lambda: Micros(7),
        rest_url=binance.rest_url,
        stream_url=binance.stream_url,
        pace_s=pace_s,
        settings=settings,
        **more,
    )
    async with own_time() as time:
        watched = Watched(feed, time)
        running = asyncio.create_task(watched.run())
        try:
            yield watched
        finally:
            await feed.close()
            await asyncio.wait_for(running, PATIENCE_S)


def checked(binance: BinanceSimulator, books: list[ExternalBook], *, prices_only: bool = False) -> int:
    """Assert that books are as the recording says at their updates and never crossed; return how many could be."""
    checkpoints = 0
    for book in books:
        if book.in_sync:
            agrees = binance.agrees(book, prices_only=prices_only)
            assert agrees is not False, book.update_id
            checkpoints += agrees is True
            assert float(book.bids[0][0]) < float(book.asks[0][0])
    return checkpoints
