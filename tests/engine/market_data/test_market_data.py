"""Depth, trades and ticker against slow, obvious models."""

import random

import pytest

from engine.core.events import LevelChanged, Traded
from engine.core.refusals import UnknownSymbol
from engine.core.types import Lots, Micros, Side, Symbol, Ticks
from engine.market_data.candles import by_minute
from engine.market_data.day import MINUTES_A_DAY
from engine.market_data.depth import DepthDiff
from engine.market_data.intervals import MINUTE, Interval
from engine.market_data.market_data import MOST_UNCUT, RECENT_TRADES, MarketData
from tests.support.batches import batch, level, trade

BTC = Symbol("BTCUSDT")
ETH = Symbol("ETHUSDT")
NOON = 28_000_000 * MINUTE


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> Micros:
        return Micros(self.now)


def market_data() -> tuple[MarketData, Clock]:
    clock = Clock()
    return MarketData([BTC, ETH], clock), clock


def test_depth_is_best_first_and_totals_replace() -> None:
    data, _ = market_data()
    data.on_batch(
        batch(levels=[level("buy", 100, 5), level("buy", 102, 1), level("sell", 105, 7), level("sell", 103, 2)])
    )
    assert data.depth(BTC, 10) == (1, [(102, 1), (100, 5)], [(103, 2), (105, 7)])
    data.on_batch(batch(levels=[level("buy", 102, 0), level("buy", 100, 9)]))
    assert data.depth(BTC, 10) == (2, [(100, 9)], [(103, 2), (105, 7)])
    assert data.depth(BTC, 1) == (2, [(100, 9)], [(103, 2)])
    assert data.depth(ETH, 10) == (0, [], [])


def test_seq_rises_by_one_per_diff_and_not_without_change() -> None:
    data, _ = market_data()
    diffs: list[DepthDiff] = []
    data.depth_listeners.append(diffs.append)
    data.on_batch(batch(levels=[level("buy", 100, 5)]))
    data.on_batch(batch(levels=[level("buy", 100, 6), level("sell", 101, 1)]))
    data.cut_depth(BTC)
    data.cut_depth(BTC)
    data.on_batch(batch(levels=[level("sell", 101, 0)]))
    assert data.depth(BTC, 5)[0] == 2
    assert diffs == [DepthDiff(BTC, 1, [(100, 6)], [(101, 1)]), DepthDiff(BTC, 2, [], [(101, 0)])]


def test_depth_equals_a_plain_dictionary_after_many_changes_and_diffs_rebuild_it() -> None:
    data, _ = market_data()
    rng = random.Random(7)
    model: dict[tuple[Side, int], int] = {}
    rebuilt: dict[tuple[Side, int], int] = {}

    def follow(diff: DepthDiff) -> None:
        for side, levels in ((Side.BUY, diff.bids), (Side.SELL, diff.asks)):
            for price, quantity in levels:
                rebuilt[side, price] = quantity

    data.depth_listeners.append(follow)
    for _step in range(3000):
        changes: list[LevelChanged] = []
        for _change in range(rng.randrange(4)):
            side = rng.choice(list(Side))
            price = rng.randrange(1, 100) + (100 if side is Side.SELL else 0)
            quantity = rng.choice([0, rng.randrange(1, 50)])
            model[side, price] = quantity
            changes.append(LevelChanged(BTC, side, Ticks(price), Lots(quantity)))
        data.on_batch(batch(levels=changes))
        if rng.random() < 0.1:
            _, bids, asks = data.depth(BTC, 1000)
            for book in (model, rebuilt):
                assert bids == sorted(((p, q) for (s, p), q in book.items() if q and s is Side.BUY), reverse=True)
                assert asks == sorted((p, q) for (s, p), q in book.items() if q and s is Side.SELL)


def test_what_changes_in_a_market_that_nobody_follows_is_not_collected_for_ever() -> None:
    data, _ = market_data()
    diffs: list[DepthDiff] = []
    data.depth_listeners.append(diffs.append)
    for price in range(1, 3 * MOST_UNCUT + 2):
        data.on_batch(batch(levels=[level("buy", price, 1)]))
        data.on_batch(batch(levels=[level("buy", price, 0)]))
    assert [len(diff.bids) for diff in diffs] == [MOST_UNCUT] * 3
    assert data.depth(Symbol("BTCUSDT"), 5)[1] == []


def test_recent_trades_are_newest_first_and_bounded() -> None:
    data, _ = market_data()
    data.on_batch(batch(trades=[trade(n, 100, 1, at=NOON) for n in range(1, RECENT_TRADES + 11)]))
    assert [t.id for t in data.trades(BTC, 2)] == [RECENT_TRADES + 10, RECENT_TRADES + 9]
    assert len(data.trades(BTC, 10**6)) == RECENT_TRADES


def test_a_market_without_trades_has_no_prices() -> None:
    data, _ = market_data()
    ticker = data.ticker(BTC)
    assert (ticker.last, ticker.best_bid, ticker.open, ticker.high, ticker.change) == (None, None, None, None, None)
    assert (ticker.volume, ticker.quote_volume, ticker.trades) == (0, 0, 0)


def test_ticker_equals_a_scan_of_all_trades_of_the_last_day() -> None:
    data, clock = market_data()
    rng = random.Random(3)
    every: list[Traded] = []
    for number in range(1, 4001):
        clock.now += rng.choice([0, 0, 1_000_000, MINUTE, 3 * MINUTE, 40 * MINUTE])
        done = trade(number, rng.randrange(50, 150), rng.randrange(1, 9), at=clock.now)
        every.append(done)
        data.on_batch(batch(trades=[done]))
        if number % 50 == 0:
            clock.now += rng.choice([0, 0, 0, 1300 * MINUTE])
            first_minute = clock.now // MINUTE - MINUTES_A_DAY + 1
            day = [t for t in every if t.at // MINUTE >= first_minute]
            ticker = data.ticker(BTC)
            assert ticker.last == done.price
            assert ticker.trades == len(day)
            assert ticker.volume == sum(t.quantity for t in day)
            assert ticker.quote_volume == sum(t.notional for t in day)
            assert ticker.high == max((t.price for t in day), default=None)
            assert ticker.low == min((t.price for t in day), default=None)
            assert ticker.open == (day[0].price if day else None)
            earlier = [t for t in every if t.at // MINUTE < first_minute]
            assert ticker.previous_close == (earlier[-1].price if earlier else None)
            assert ticker.change == (done.price - day[0].price if day else None)


def test_best_levels_follow_the_book() -> None:
    data, _ = market_data()
    data.on_batch(batch(levels=[level("buy", 99, 5), level("buy", 100, 1), level("sell", 101, 3)]))
    assert (data.ticker(BTC).best_bid, data.ticker(BTC).best_ask) == ((100, 1), (101, 3))
    data.on_batch(batch(levels=[level("buy", 100, 0)]))
    assert data.ticker(BTC).best_bid == (99, 5)


def test_after_recovery_it_goes_on_where_the_last_process_stopped() -> None:
    before, clock = market_data()
    trades = [trade(n, 100 + n, 2, at=NOON - (200 - n) * 10 * MINUTE) for n in range(1, 200)]
    levels = [level("buy", 99, 5), level("sell", 400, 3)]
    before.on_batch(batch(trades=trades, levels=levels))

    after = MarketData([BTC, ETH], clock)
    after.restore_levels(levels)
    after.restore_trades(BTC, trades[-10:])
    newest = [(interval, candle) for interval in Interval if (candle := before.candle(BTC, interval))]
    after.restore_candles(BTC, newest, by_minute(trades[-143:]).values(), trades[-144].price)
    assert after.ticker(BTC) == before.ticker(BTC)
    assert after.trades(BTC, 10) == before.trades(BTC, 10)
    assert after.depth(BTC, 10)[1:] == before.depth(BTC, 10)[1:]


def test_unknown_symbols_are_refused() -> None:
    data, _ = market_data()
    for ask in (data.ticker, lambda symbol: data.depth(symbol, 1), lambda symbol: data.trades(symbol, 1)):
        with pytest.raises(UnknownSymbol):
            ask(Symbol("NOPE"))
