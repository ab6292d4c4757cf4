"""All of it in one process: Binance over loopback, the real client, its feed, the market maker, a real exchange."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from data.binance.live import BinanceFeed
from data.binance.settings import FeedSettings
from engine.core.commands import Command
from engine.core.events import Event, Quoted
from engine.core.types import Micros, Symbol
from engine.liquidity.maker import MarketMaker
from engine.liquidity.quoting import NOTHING
from engine.liquidity.settings import MakerSettings
from engine.ports import ExternalBook
from tests.data.binance.following import BOTH, QUICK
from tests.engine.liquidity.house import House, house, running
from tests.engine.liquidity.markets import is_near
from tests.simulators.binance import BinanceSimulator

MOST_BOOKS = 1_000  # that are remembered, to be compared with quotes that came from them


class Watched:
    """A feed whose books are remembered by their update ids."""

    def __init__(self, feed: BinanceFeed, binance: BinanceSimulator, lag: "Lag") -> None:
        self.feed = feed
        self._binance = binance
        self._lag = lag
        self.seen: dict[tuple[Symbol, int], ExternalBook] = {}

    async def books(self) -> AsyncIterator[ExternalBook]:
        async with contextlib.aclosing(self.feed.books()) as books:
            async for book in books:
                self.seen[book.symbol, book.update_id] = book
                if book.in_sync:
                    self._lag.saw(self._binance.outdated_s(book))
                if len(self.seen) > MOST_BOOKS:
                    del self.seen[next(iter(self.seen))]
                yield book
                await self.shown(book)

    async def shown(self, book: ExternalBook) -> None:
        """Do something once the market maker has seen a book."""

    async def close(self) -> None:
        await self.feed.close()


class OurBook:
    """What rests on our books after every single command: whether it is right, crossed, or not there at all."""

    def __init__(self, exchange: House, binance: BinanceSimulator, watched: Watched, markup_ppm: int) -> None:
        self.ladders: Counter[Symbol] = Counter()
        self.references = dict.fromkeys(BOTH, 0)  # the update that the last ladder with levels came from
        self.taken: set[tuple[Symbol, int]] = set()  # ladders, by their references, of which somebody took something
        self.wrong: list[str] = []
        self.gaps: list[tuple[Symbol, float, float]] = []  # of quotes: from, until
        self._bare_at_s = dict.fromkeys(BOTH, time.monotonic())
        self._exchange = exchange
        self._binance = binance
        self._watched = watched
        self._markup_ppm = markup_ppm
        self._apply = exchange.exchange.apply
        exchange.exchange.apply = self._looked_at  # type: ignore[method-assign]

    def _looked_at(self, command: Command) -> list[Event]:
        events = self._apply(command)
        for event in events:
            if isinstance(event, Quoted):
                self._on_ladder(event)
        for symbol, venue in self._exchange.exchange.state.venues.items():
            bid, ask = venue.book.bids.best(), venue.book.asks.best()
            if bid is not None and ask is not None and bid >= ask:
                self.wrong.append(f"{symbol} is crossed: {bid} {ask}")
            if venue.bid_quotes and venue.ask_quotes:
                if symbol in self._bare_at_s:
                    self.gaps.append((symbol, self._bare_at_s.pop(symbol), time.monotonic()))
            else:
                self._bare_at_s.setdefault(symbol, time.monotonic())
        return events

    def _on_ladder(self, quoted: Quoted) -> None:
        """Compare a ladder with what the recording says at the update that it names."""
        self.ladders[quoted.symbol] += 1
        resting = self._exchange.resting(quoted.symbol)
        if resting == NOTHING:
            return
        self.references[quoted.symbol] = quoted.reference
        if (quoted.symbol, quoted.reference) in self.taken:
            self.wrong.append(f"{quoted.symbol} {quoted.reference} is offered again after a trade")
        book = self._watched.seen[quoted.symbol, quoted.reference]
        if self._binance.agrees(book, prices_only=True) is False:
            self.wrong.append(f"{quoted.symbol} {quoted.reference}: {book.bids[0]} {book.asks[0]} was never so")
        if not is_near(resting, book, self._markup_ppm):
            self.wrong.append(f"{quoted.symbol} {quoted.reference}: {resting.touch} for {book.bids[0]} {book.asks[0]}")

    def is_bare(self) -> bool:
        return bool(self._bare_at_s)

    def bare_s(self, since_s: float) -> float:
        """Return how long a market was without quotes since a moment; of that market of which it was longest."""
        by_market = dict.fromkeys(BOTH, 0.0)
        for symbol, begin_s, end_s in self._all_gaps():
            by_market[symbol] += max(0.0, end_s - max(begin_s, since_s))
        return max(by_market.values())

    def gone_after_s(self, since_s: float) -> float | None:
        """Return when, after a moment, the last market's quotes went; None where those of some market never did."""
        went = {symbol: begin_s for symbol, begin_s, end_s in reversed(self._all_gaps()) if end_s >= since_s}
        return max(since_s, *went.values()) - since_s if len(went) == len(BOTH) else None

    def _all_gaps(self) -> list[tuple[Symbol, float, float]]:
        now_s = time.monotonic()
        return [*self.gaps, *((symbol, at_s, now_s) for symbol, at_s in self._bare_at_s.items())]


class Lag:
    """How late this process was at most, at a timer or with a book: what times are to be judged by."""

    def __init__(self) -> None:
        self.most_s = 0.0

    async def run(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(0.01)
            self.saw(time.monotonic() - before_s - 0.01)

    def saw(self, late_s: float) -> None:
        self.most_s = max(self.most_s, late_s)


class Chain:
    """All of it, while it runs."""

    def __init__(
        self, binance: BinanceSimulator, exchange: House, watched: Watched, maker: MarketMaker, our: OurBook, lag: Lag
    ) -> None:
        self.binance = binance
        self.exchange = exchange
        self.watched = watched
        self.maker = maker
        self.our = our
        self.lag = lag

    async def is_quoted(self, within_s: float = 20.0) -> None:
        """Wait until all markets are quoted."""
        async with asyncio.timeout(within_s):
            while self.our.is_bare():  # noqa: ASYNC110  what is waited for has no event of its own
                await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def chain(
    path: Path,
    simulator: BinanceSimulator,
    settings: MakerSettings,
    feed_settings: FeedSettings = QUICK,
    *,
    pace_s: float = 0.1,
    watch: type[Watched] = Watched,
) -> AsyncIterator[Chain]:
    """Run it on a fresh database, and say at the end whether anything was wrong on our books at any time."""
    async with house(path) as exchange, simulator.serving():
        feed = BinanceFeed(
            BOTH,
            lambda: Micros(7),
            rest_url=simulator.rest_url,
            stream_url=simulator.stream_url,
            pace_s=pace_s,
            settings=feed_settings,
        )
        lag = Lag()
        watched = watch(feed, simulator, lag)
        exchange.feed = watched  # type: ignore[assignment]
        our = OurBook(exchange, simulator, watched, settings.ladder.markup_ppm)
        lagging = asyncio.create_task(lag.run())
        maker = exchange.hire(settings, now=time.monotonic)
        async with running(maker):
            yield Chain(simulator, exchange, watched, maker, our, lag)
        lagging.cancel()
        assert not our.wrong, our.wrong[:5]
