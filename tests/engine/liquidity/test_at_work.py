"""The market maker on the recordings, with everything real behind it."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from pathlib import Path

from data.binance.recorded import RecordedFeed
from engine.core.types import Symbol
from engine.liquidity.quoting import NOTHING, LadderSettings
from engine.liquidity.settings import MakerSettings
from engine.liquidity.stops import StopReason
from engine.ports import ExternalBook
from engine.sequencer.batch import Batch
from tests.engine.liquidity.house import House, house, running
from tests.engine.liquidity.markets import BTCUSDT, ETHUSDT, is_near

SYMBOLS = [BTCUSDT.symbol, ETHUSDT.symbol]
MARKUP_PPM = 100


async def test_both_markets_follow_the_recording_while_somebody_trades(tmp_path: Path) -> None:
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=100_000, BTC=1, ETH=10)
        exchange.feed = RecordedFeed(SYMBOLS, exchange.clock, speed=10.0)
        before, started_s = exchange.sequencer.seq, time.monotonic()
        async with running(exchange.hire(MakerSettings(), now=time.monotonic)):
            await exchange.until(lambda: bool(exchange.resting().bids) and bool(exchange.resting("ETHUSDT").bids))
            for turn in range(10):
                await asyncio.sleep(0.2)
                symbol = Symbol("BTCUSDT" if turn % 2 else "ETHUSDT")
                await exchange.trade(exchange.ann, "buy" if turn % 4 < 2 else "sell", 500, symbol)
                await exchange.until(lambda: True)
                bids, asks = exchange.resting(symbol).bids, exchange.resting(symbol).asks
                assert 5 <= len(bids) <= 15
                assert 5 <= len(asks) <= 15
        commands = exchange.sequencer.seq - before
        books = 2 * 10 * (time.monotonic() - started_s)
        assert 20 < commands < 20 + books
        assert exchange.resting().bids == exchange.resting("ETHUSDT").asks == ()


class Checked:
    """The recorded feed, which looks after each of its books at what rests then."""

    def __init__(self, exchange: House) -> None:
        self.checked = dict.fromkeys(SYMBOLS, 0)
        self._exchange = exchange
        self._feed = RecordedFeed(SYMBOLS, exchange.clock, speed=math.inf, repeat=False)
        self._now_s = exchange.time.now_s

    async def books(self) -> AsyncIterator[ExternalBook]:
        async for book in self._feed.books():
            self._exchange.time.now_s += 0.05  # two books of each market in 200 ms, as they were recorded
            yield book
            if not book.in_sync:
                continue
            async with asyncio.timeout(5):
                while not self._is_near(book):  # noqa: ASYNC110  until the quote is applied
                    await asyncio.sleep(0)
            self.checked[book.symbol] += 1

    async def close(self) -> None:
        await self._feed.close()

    def _is_near(self, book: ExternalBook) -> bool:
        """Tell whether the best quotes are within a tick and the mark-up of the best prices of at least a lot."""
        resting = self._exchange.resting(book.symbol)
        if resting == NOTHING:
            return self.checked[book.symbol] == 0 and self._exchange.time.now_s < self._now_s + 2.0
        return is_near(resting, book, MARKUP_PPM)


async def test_at_every_book_of_the_recordings_the_quotes_are_within_a_tick_and_the_markup_and_never_crossed(
    tmp_path: Path,
) -> None:
    settings = MakerSettings(ladder=LadderSettings(markup_ppm=MARKUP_PPM))
    crossed: list[tuple[str, int, int]] = []

    async with house(tmp_path / "exchange.db") as exchange:

        def look(batch: Batch) -> None:
            for symbol in SYMBOLS:
                book = exchange.exchange.state.venues[symbol].book
                bid, ask = book.bids.best(), book.asks.best()
                if bid is not None and ask is not None and bid >= ask:
                    crossed.append((symbol, bid, ask))

        exchange.sequencer.listeners.append(look)
        feed = exchange.feed = Checked(exchange)
        maker = exchange.hire(settings)
        await maker.run()
        assert crossed == []
        assert all(count > 3_400 for count in feed.checked.values())
        assert all(desk.stops.begun == {StopReason.OUT_OF_SYNC: 1} for desk in maker.desks.values()), "at the end only"
