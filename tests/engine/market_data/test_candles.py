"""The newest candle of each interval, and what is told of closed ones, against all trades looked through."""

import random
from collections.abc import Iterable

from engine.core.events import Traded
from engine.core.types import Micros, Side, Symbol
from engine.market_data.candles import Candle, by_minute
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval
from engine.market_data.market_data import MarketData
from tests.support.batches import batch, trade

BTC = Symbol("BTCUSDT")
START = 1_700_000_000_000_000

Told = list[tuple[Interval, Candle]]


def model(trades: Iterable[Traded], interval: Interval) -> dict[Micros, Candle]:
    """Return every candle of an interval, by looking through all trades for each."""
    grouped: dict[Micros, list[Traded]] = {}
    for each in trades:
        grouped.setdefault(interval.begin(each.at), []).append(each)
    return {begin: one(begin, within) for begin, within in grouped.items()}


def one(begin: Micros, trades: list[Traded]) -> Candle:
    bought = [each for each in trades if each.taker_side is Side.BUY]
    return Candle(
        begin=begin,
        open=trades[0].price,
        high=max(each.price for each in trades),
        low=min(each.price for each in trades),
        close=trades[-1].price,
        volume=sum(each.quantity for each in trades),
        notional=sum(each.notional for each in trades),
        trades=len(trades),
        taker_buy_volume=sum(each.quantity for each in bought),
        taker_buy_notional=sum(each.notional for each in bought),
    )


def some_trades(seed: int, count: int) -> list[Traded]:
    rng = random.Random(seed)
    at, trades = START, []
    for number in range(1, count + 1):
        at += rng.choice([0, 1, 1_000_000, 20_000_000, MINUTE, 7 * MINUTE, HOUR, 5 * HOUR, DAY * rng.randrange(2)])
        side = rng.choice(["buy", "sell"])
        trades.append(trade(number, rng.randrange(50, 150), rng.randrange(1, 9), at=at, taker_side=side))
    return trades


def market_data(told: Told) -> MarketData:
    data = MarketData([BTC], lambda: Micros(START))
    data.candle_listeners.append(lambda _, interval, candle: told.append((interval, candle)))
    return data


def test_the_newest_candle_is_what_traded_in_its_interval_over_batches_and_restarts() -> None:
    rng, trades, told = random.Random(1), some_trades(2, 1500), Told()
    data, done = market_data(told), 0
    while done < len(trades):
        count = rng.choice([1, 1, 2, 10, 50])
        data.on_batch(batch(trades=trades[done : done + count]))
        done += count
        for interval in Interval:
            assert data.candle(BTC, interval) == [*model(trades[:done], interval).values()][-1]
        if rng.random() < 0.1:  # a restart knows what the store knows
            newest = [(each, candle) for each in Interval if (candle := data.candle(BTC, each))]
            data = market_data(told)
            data.restore_candles(BTC, newest, [], None)
    for interval in Interval:
        closed = [candle for which, candle in told if which is interval]
        assert closed == [*model(trades, interval).values()][:-1]


def test_who_is_given_a_candle_may_keep_it() -> None:
    told: Told = []
    data = market_data(told)
    data.on_batch(batch(trades=[trade(1, 100, 1, at=START)]))
    before = data.candle(BTC, Interval.ONE_DAY)
    data.on_batch(batch(trades=[trade(2, 120, 1, at=START), trade(3, 90, 1, at=START + MINUTE)]))
    assert before is not None
    assert (before.close, before.trades) == (100, 1)
    assert [(interval.value, candle.close) for interval, candle in told] == [("1m", 120)]
    after = data.candle(BTC, Interval.ONE_DAY)
    assert after is not None
    assert (after.open, after.high, after.low, after.close, after.trades) == (100, 120, 90, 90, 3)


def test_a_market_that_never_traded_has_no_candle() -> None:
    assert market_data([]).candle(BTC, Interval.ONE_MINUTE) is None


def test_trades_of_a_batch_are_put_together_by_market_and_minute() -> None:
    trades = some_trades(3, 200)
    other = [trade(201, 7, 1, at=START, symbol="ETHUSDT")]
    found = by_minute([*trades, *other])
    assert found.pop((Symbol("ETHUSDT"), START // MINUTE)) == one(Interval.ONE_MINUTE.begin(Micros(START)), other)
    assert [*found.values()] == [*model(trades, Interval.ONE_MINUTE).values()]
