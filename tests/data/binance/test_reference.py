"""What Binance's trades say: a reference price and minutes, and no trades of ours."""

import asyncio
from collections import Counter
from decimal import Decimal
from functools import cache
from typing import Any

from data.binance.messages import Bar
from data.binance.recorded import RecordedFeed
from data.binance.recording import bundled, read
from data.binance.tape import Tape
from engine.core.types import Micros
from engine.market_data.reference_price import ReferencePrice
from tests.data.binance.following import BOTH, BTC, ETH, Told, watching
from tests.simulators.binance import BinanceSimulator


def bar(begin_ms: int, *, closed: bool) -> Bar:
    return Bar(begin_ms, begin_ms + 59_999, "1", "3", "1", "2", "10", 4, "20", "5", "10", closed)


@cache
def trades() -> list[dict[str, Any]]:
    """Return all that are recorded of BTCUSDT; the simulator remembers the newest of them only."""
    path = bundled(BTC)
    assert path is not None
    return [message.data for message in read(path, BTC) if message.stream.endswith("@trade")]


async def test_the_reference_price_follows_trades_and_books() -> None:
    told = Told()
    async with (
        BinanceSimulator(BOTH, speed=20.0).serving() as binance,
        watching(binance, on_price=told.on_price) as watched,
    ):
        await watched.in_sync(20)
        binance.sockets.cut()
        await watched.lost(*BOTH)
        lost = [next(price for price in reversed(told.prices) if price.symbol == each) for each in BOTH]
        assert all(price.last is not None and price.bid is None and price.ask is None for price in lost)
        traded = {trade["p"] for trade in trades()}
        assert {price.last for price in told.prices if price.symbol == BTC} - {None} <= traded
        shown = {(book.bids[0][0], book.asks[0][0]) for book in watched.of(BTC) if book.in_sync}
        assert shown <= {(price.bid, price.ask) for price in told.prices if price.symbol == BTC}


async def test_every_minute_that_ends_is_told_once_and_is_that_of_the_trades() -> None:
    told = Told()
    simulator = BinanceSimulator([BTC], speed=60.0)
    simulator.began.clear()
    async with simulator.serving() as binance, watching(binance, on_bar=told.on_bar) as watched:
        await watched.until(lambda: binance.connections == 1)
        await asyncio.sleep(0.1)
        binance.began.set()
        await watched.until(lambda: Counter(symbol for symbol, _ in told.bars)[BTC] >= 2, within_s=60)
        shift_ms = binance.venue.markets[BTC].trades[-1]["T"] - next(
            trade["T"] for trade in trades() if trade["t"] == binance.venue.markets[BTC].trades[-1]["t"]
        )
    bars = [each for symbol, each in told.bars if symbol == BTC]
    assert [each.begin_ms - bars[0].begin_ms for each in bars[:2]] == [0, 60_000]
    second = [trade for trade in trades() if 0 <= trade["T"] + shift_ms - bars[1].begin_ms < 60_000]
    assert (bars[1].open, bars[1].close, bars[1].trades) == (second[0]["p"], second[-1]["p"], len(second))
    assert Decimal(bars[1].high) == max(Decimal(trade["p"]) for trade in second)
    assert Decimal(bars[1].volume) == sum(Decimal(trade["q"]) for trade in second)
    assert bars[1].as_kline()[:6] == [
        bars[1].begin_ms,
        *(getattr(bars[1], n) for n in ("open", "high", "low", "close", "volume")),
    ]
    assert len(bars[1].as_kline()) == 12


def test_a_minute_counts_when_it_is_over_and_once() -> None:
    told = Told()
    tape = Tape(BTC, lambda: Micros(7), None, told.on_bar)
    for each in (bar(0, closed=False), bar(0, closed=True), bar(0, closed=True), bar(60_000, closed=True)):
        tape.on_bar(each)
    assert [each.begin for _, each in told.bars] == [0, 60_000_000]


async def test_the_recorded_feed_tells_the_reference_price_too() -> None:
    told = Told()
    feed = RecordedFeed(BOTH, lambda: Micros(7), speed=100.0, pace_s=0.0, on_price=told.on_price)
    books = 0
    async for book in feed.books():
        books += book.in_sync
        if books == 200:
            await feed.close()
    assert {price.symbol for price in told.prices if price.last and price.bid} == {BTC, ETH}
    assert told.prices[-1] == ReferencePrice(told.prices[-1].symbol, told.prices[-1].last, None, None, Micros(7))
    assert [health.in_sync for health in feed.health()] == [False, False]
    assert all(health.messages > 100 and health.book_age_s is not None for health in feed.health())
