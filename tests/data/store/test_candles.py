"""Candles that are kept, against a recomputation from all trades, over restarts and over minutes without trades."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

import pytest

from data.store.audit import AuditReads
from data.store.candles import candles, ever, newest
from data.store.opening import Place
from data.store.queries import Queries
from engine.core.events import Traded
from engine.core.types import Micros, Side, Symbol, Ticks
from engine.market_data.candles import Candle
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval
from engine.market_data.market_data import MarketData
from tests.data.store.books import BTCUSDT, ETHUSDT, books
from tests.engine.market_data.test_candles import model
from tests.support.batches import batch
from tests.support.database import change, everything

SYMBOLS = (BTCUSDT.symbol, ETHUSDT.symbol)


@asynccontextmanager
async def reader(place: Place) -> AsyncIterator[Queries]:
    queries = await Queries.open(place)
    try:
        yield queries
    finally:
        await queries.close()


async def some_days(place: Place, seed: int) -> tuple[list[Traded], Micros]:
    """Trade at random over months, with a restart now and then; return all trades and the time."""
    rng, trades = random.Random(seed), list[Traded]()
    now = Micros(0)
    for _ in range(6):
        async with books(place) as day:
            day.pass_by(rng.choice([0, MINUTE, 40 * DAY]))
            ada, bob = await day.person(USDT=10**8, BTC=100, ETH=100), await day.person(USDT=10**8, BTC=100, ETH=100)
            for _ in range(25):
                day.pass_by(rng.choice([0, 1_000_000, 30_000_000, MINUTE, 5 * MINUTE, HOUR, 9 * HOUR, 2 * DAY]))
                symbol, side = rng.choice(["BTCUSDT", "BTCUSDT", "ETHUSDT"]), rng.choice(["buy", "sell"])
                price, quantity = rng.randrange(900, 1100), rng.randrange(1, 20)
                await day.place(ada, side, quantity, price, symbol)
                day.pass_by(rng.choice([0, 0, MINUTE]))
                other = "sell" if side == "buy" else "buy"
                await day.place(bob, other, quantity, price, symbol, "ioc")
            trades += [trade for written in day.batches for trade in written.trades]
            now = day.now()
    return trades, now


def without_gaps(trades: list[Traded], interval: Interval, now: Micros) -> list[Candle]:
    """Return what candles must be, the slow way."""
    traded, found = model(trades, interval), list[Candle]()
    begin = min(traded)
    while begin <= now:
        close = found[-1].close if found else Ticks(0)
        found.append(traded.get(begin) or Candle(begin, close, close, close, close, 0, 0, 0, 0, 0))
        begin = interval.step(begin, 1)
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_they_are_what_all_trades_come_to_after_restarts(place: Place, seed: int) -> None:
    trades, now = await some_days(place, seed)
    rng = random.Random(seed)
    async with reader(place) as queries:
        for symbol in SYMBOLS:
            own = [trade for trade in trades if trade.symbol == symbol]
            assert len(own) > 30
            assert len({trade.taker_side for trade in own}) == len(Side)
            for interval in Interval:
                every = without_gaps(own, interval, now)
                assert await candles(queries, symbol, interval, now, limit=1000) == every[-1000:]
                assert await candles(queries, symbol, interval, now, start=Micros(0), limit=1000) == every[:1000]
                for _ in range(5):
                    first, last = sorted(rng.randrange(len(every)) for _ in range(2))
                    start, end = every[first].begin, every[last].begin
                    found = await candles(queries, symbol, interval, now, start=start, end=end, limit=1000)
                    assert found == every[first : last + 1][:1000]
            whole = (await ever(queries, SYMBOLS))[symbol]
            assert (whole.trades, whole.volume) == (len(own), sum(trade.quantity for trade in own))
            assert (whole.open, whole.close) == (own[0].price, own[-1].price)
    with AuditReads(place) as reads:
        assert reads.findings() == []


async def test_a_server_that_starts_knows_what_the_one_before_knew(place: Place) -> None:
    trades, _ = await some_days(place, 3)
    last = trades[-1].at
    clock = [Micros(0)]
    before = MarketData(SYMBOLS, lambda: clock[0])
    async with reader(place) as queries:
        for trade in trades:
            before.on_batch(batch(trades=[trade]))
        day_later = [
            trade.at + DAY - MINUTE for trade in trades
        ]  # the day's first minute is one in which something traded
        for clock[0] in [Micros(at) for at in (last + HOUR, *day_later, last + DAY, last + 2 * DAY) if at >= last]:
            after = MarketData(SYMBOLS, lambda: clock[0])
            for symbol in SYMBOLS:
                after.restore_trades(symbol, reversed((await queries.trades(symbol, limit=1000)).items))
                after.restore_candles(symbol, *await newest(queries, symbol, Micros(clock[0] - DAY + MINUTE)))
                for interval in Interval:
                    assert after.candle(symbol, interval) == before.candle(symbol, interval)
                assert after.ticker(symbol) == before.ticker(symbol)


async def test_a_market_without_trades_has_nothing(place: Place) -> None:
    async with books(place) as day:
        assert await candles(day.queries, BTCUSDT.symbol, Interval.ONE_DAY, day.now(), limit=10) == []
        assert await newest(day.queries, BTCUSDT.symbol, Micros(0)) == ([], [], None)
        assert await ever(day.queries, [Symbol("BTCUSDT")]) == {}


async def test_a_database_of_before_gets_the_candles_of_its_trades(place: Place) -> None:
    trades, _ = await some_days(place, 4)
    kept = everything(place)["candles"]
    change(place, "DELETE FROM candles", import_module("migrations.versions.0002_candles").FILL)
    assert everything(place)["candles"] == kept
    assert sum(row[9] for row in kept if row[1] == 1) == len(trades)


async def test_a_limit_is_a_limit(place: Place) -> None:
    async with books(place) as day:
        for limit in (0, 1001):
            with pytest.raises(ValueError, match="a limit is from 1 to 1000"):
                await candles(day.queries, BTCUSDT.symbol, Interval.ONE_DAY, day.now(), limit=limit)
