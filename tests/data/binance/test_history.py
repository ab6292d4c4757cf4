"""History on the real python-binance, against Binance over loopback, into a real SQLite file."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from data.binance import history
from data.binance.history import History
from data.binance.messages import Bar
from data.store.candles import candles
from data.store.reference import SqlReference
from data.store.rows import CANDLE_MINUTES
from engine.core.types import Micros
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval
from engine.market_data.reference import ReferenceCandle
from tests.data.store.books import BTC, BTCUSDT, ETH, ETHUSDT, START, USDT, Books, books
from tests.data.store.test_reference import trade
from tests.simulators.binance import BinanceSimulator
from tests.simulators.klines import Kline, Trouble, kline

SYMBOL = BTCUSDT.symbol
NOW = Micros(START // DAY * DAY + 9 * HOUR + 41 * MINUTE + 30_000_000)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(history, "LAST_RETRY_S", 0.1)
    monkeypatch.setattr(history, "REFRESH_S", 0.05)


class Charts:
    """The store, Binance, and the time that both have."""

    def __init__(self, day: Books, binance: BinanceSimulator) -> None:
        self.day = day
        self.binance = binance
        self.klines = binance.klines
        self.now = NOW
        self.klines.now_ms = lambda: self.now // 1000

    def history(self, markets: Any = ((BTCUSDT, BTC, USDT),)) -> History:
        reference = SqlReference(self.day.store, self.day.queries)
        return History(markets, reference, lambda: self.now, rest_url=self.binance.rest_url)

    @contextlib.asynccontextmanager
    async def filling(self, markets: Any = ((BTCUSDT, BTC, USDT),)) -> AsyncIterator[asyncio.Task[None]]:
        running = asyncio.create_task(self.history(markets).run())
        try:
            yield running
            assert not running.done() or running.exception() is None
        finally:
            running.cancel()
            await asyncio.wait([running])

    async def shown(self, interval: Interval, limit: int = 1000, symbol: Any = SYMBOL) -> list[Any]:
        return list(await candles(self.day.queries, symbol, interval, self.now, limit=limit))

    async def all_there(self, symbol: Any = SYMBOL) -> bool:
        reference = SqlReference(self.day.store, self.day.queries)
        newest = [(await reference.known(symbol, minutes))[1] for minutes in CANDLE_MINUTES]
        sizes = [minutes * MINUTE for minutes in CANDLE_MINUTES]
        return newest == [(self.now - 10_000_000) // size * size - size for size in sizes]


@contextlib.asynccontextmanager
async def charts(folder: Path) -> AsyncIterator[Charts]:
    simulator = BinanceSimulator([SYMBOL, ETHUSDT.symbol], first_s=0)
    async with books(folder / "books.sqlite") as day, simulator.serving() as binance:
        yield Charts(day, binance)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while True:
            if await true():
                return
            await asyncio.sleep(0.02)


def over(begin: Micros) -> Bar:
    """Return the event that a minute is over."""
    start, end = begin // 1000, (begin + MINUTE) // 1000 - 1
    prices = dict.fromkeys(("o", "h", "l", "c", "v", "q", "V", "Q"), "1.00")
    return msgspec.convert({"t": start, "T": end, "n": 1, "x": True, **prices}, Bar)


def read(of: Kline) -> ReferenceCandle:
    """Return a kline in our units, the obvious way."""
    first, high, low, last = (int(float(of[column]) * 100 + 0.5) for column in (1, 2, 3, 4))
    return ReferenceCandle(of[0] * 1000, first, high, low, last, round(float(of[5]) * 10**8))  # type: ignore[arg-type]


async def test_a_minute_that_binance_calls_over_is_there_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "REFRESH_S", 3600.0)
    async with charts(tmp_path) as at:
        filling = at.history()
        running = asyncio.create_task(filling.run())
        try:
            await until(at.all_there)
            begin = Micros(at.now // MINUTE * MINUTE)
            at.now = Micros(begin + MINUTE + 1_000)  # a millisecond after it: by our own clock it is too early to ask
            filling.on_bar(SYMBOL, over(begin))

            async def is_there() -> bool:
                return (await at.shown(Interval.ONE_MINUTE))[-1].begin == begin

            await until(is_there)
        finally:
            running.cancel()
            await asyncio.wait([running])


async def test_every_interval_has_a_thousand_bars_as_binance_has_them(tmp_path: Path) -> None:
    async with charts(tmp_path) as at, at.filling():
        await until(at.all_there)
        asked = len(at.klines.asked)
        assert asked <= 30
        assert all(int(each["limit"]) == 1000 for each in at.klines.asked)
        for minutes, interval in ((1, "1m"), (15, "15m"), (60, "1h"), (1440, "1d")):
            size = minutes * MINUTE
            begins = [(at.now - 10_000_000) // size * size - number * size for number in range(1000, 0, -1)]
            wanted = [read(kline(Interval(interval), Micros(begin))) for begin in begins]
            assert await at.shown(Interval(interval)) == wanted
        for interval in Interval:
            found = await at.shown(interval)
            theirs = {each[0]: read(each) for each in at.klines.klines(interval, None, None, 1000)}
            assert len(found) >= len(theirs) - 1  # the newest is not over
            for candle in found[1:-1]:  # the first may have begun before Binance did
                binances = theirs[candle.begin // 1000]
                assert (candle.open, candle.close) == (binances.open, binances.close)
            if interval.size is not None and interval.size < DAY:  # no part of the oldest is missing
                oldest = (await candles(at.day.queries, SYMBOL, interval, at.now, start=Micros(0), limit=1))[0]
                whole = read(kline(interval, oldest.begin))
                assert (oldest.open, oldest.close) == (whole.open, whole.close)


async def test_a_minute_that_has_just_ended_is_left_for_later(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        at.now = Micros(NOW // MINUTE * MINUTE + 5_000_000)
        async with at.filling():
            await until(at.all_there)
            assert (await at.shown(Interval.ONE_MINUTE))[-1].begin == NOW // MINUTE * MINUTE - 2 * MINUTE
            at.now = Micros(NOW // MINUTE * MINUTE + 10_000_000)
            await until(at.all_there)
            assert (await at.shown(Interval.ONE_MINUTE))[-1].begin == NOW // MINUTE * MINUTE - MINUTE


async def test_it_goes_on_until_the_first_trade_and_leaves_no_hole_then(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        at.day.pass_by(NOW - START)
        async with at.filling() as running:
            await until(at.all_there)
            at.now = Micros(at.now + 20 * MINUTE)
            await until(at.all_there)
            at.day.pass_by(3 * HOUR)
            first = await trade(at.day)
            at.now = Micros(first + HOUR)
            await asyncio.wait_for(running, 20)
        minutes = await at.shown(Interval.ONE_MINUTE)
        turn = next(number for number, each in enumerate(minutes) if not isinstance(each, ReferenceCandle))
        assert minutes[turn].begin == Interval.ONE_MINUTE.begin(first)
        assert minutes[:turn] == [read(kline(Interval.ONE_MINUTE, each.begin)) for each in minutes[:turn]]
        assert not [each for each in minutes[turn:] if isinstance(each, ReferenceCandle)]
        asked = len(at.klines.asked)
        await asyncio.wait_for(at.history().run(), 20)  # a restart finds nothing missing
        assert len(at.klines.asked) == asked


async def test_a_restart_fetches_what_is_new_only(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        async with at.filling():
            await until(at.all_there)
        at.klines.asked.clear()
        at.now = Micros(at.now + 5 * HOUR)
        async with at.filling():
            await until(at.all_there)
        earliest = min(int(each["startTime"]) for each in at.klines.asked) * 1000
        assert earliest == (NOW - 10_000_000) // HOUR * HOUR
        minutes = await at.shown(Interval.ONE_MINUTE)
        assert minutes == [read(kline(Interval.ONE_MINUTE, each.begin)) for each in minutes]


async def test_after_a_long_time_away_minutes_begin_anew_without_a_hole(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        async with at.filling():
            await until(at.all_there)
        at.now = Micros(at.now + 100 * DAY)
        at.klines.asked.clear()
        async with at.filling():
            await until(at.all_there)
        assert len(at.klines.asked) <= 30
        found = await candles(at.day.queries, SYMBOL, Interval.ONE_MINUTE, at.now, start=Micros(0), limit=3)
        assert found[0].begin == (at.now - 5_000 * MINUTE) // DAY * DAY
        assert found == [read(kline(Interval.ONE_MINUTE, each.begin)) for each in found]


async def test_an_exchange_that_has_traded_for_long_gets_the_time_before(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        first = await trade(at.day)
        at.now = Micros(first + 300 * DAY)
        await asyncio.wait_for(at.history().run(), 20)
        end = Interval.ONE_HOUR.begin(first)
        found = await candles(at.day.queries, SYMBOL, Interval.ONE_HOUR, at.now, end=end, limit=900)
        assert found[:-1] == [read(kline(Interval.ONE_HOUR, each.begin)) for each in found[:-1]]
        assert not isinstance(found[-1], ReferenceCandle)


async def test_hours_in_which_binance_was_closed_are_flat(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        hour = Micros(NOW // HOUR * HOUR - 30 * HOUR)
        at.klines.closed.append((hour // 1000, (hour + 3 * HOUR) // 1000))
        async with at.filling():
            await until(at.all_there)
        found = {each.begin: each for each in await at.shown(Interval.ONE_HOUR)}
        before = found[Micros(hour - HOUR)]
        for number in range(3):
            begin, close = Micros(hour + number * HOUR), before.close
            assert found[begin] == ReferenceCandle(begin, close, close, close, close, 0)  # type: ignore[arg-type]
        assert found[Micros(hour + 3 * HOUR)] == read(kline(Interval.ONE_HOUR, Micros(hour + 3 * HOUR)))


BAD_NUMBER = [1_502_928_000_000, "x", "2", "1", "1", "1", 1_503_014_399_999, "1", 1, "1", "1", "0"]


@pytest.mark.parametrize(
    "troubles",
    [
        [(500, {"code": -1000, "msg": "An unknown error occurred."})] * 6,
        [(503, "not json")] * 2,
        [(429, {"code": -1003, "msg": "Too many requests."})] * 3,
        [(200, [BAD_NUMBER])] * 5,
        [(200, {"a": 1})] * 5,
        [(200, [[]])] * 5,
        [(200, [])] * 5,
        [(200, [kline(Interval.ONE_DAY, Micros(0))])] * 2,
    ],
    ids=["500", "no json", "429", "bad number", "no list", "empty kline", "nothing", "not asked for"],
)
async def test_what_went_wrong_is_tried_again_and_nothing_wrong_is_kept(
    tmp_path: Path, troubles: list[tuple[int, Any]]
) -> None:
    async with charts(tmp_path) as at:
        at.klines.troubles = [Trouble(*each) for each in troubles]
        async with at.filling():
            await until(at.all_there)
        assert not at.klines.troubles
        for interval in (Interval.ONE_MINUTE, Interval.ONE_DAY):
            found = await at.shown(interval)
            assert len(found) == 1000
            assert found == [read(kline(interval, each.begin)) for each in found]


async def test_who_is_told_to_slow_down_asks_nothing_more_until_then(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        at.klines.troubles = [Trouble(429, {"code": -1003, "msg": "Too many requests."}, 2)]
        async with at.filling():
            await until(lambda: _true(at.klines.asked))
            await asyncio.sleep(0.7)  # many times the usual pause here
            assert len(at.klines.asked) == 1
            await until(at.all_there)


async def _true(value: object) -> bool:
    return bool(value)


async def test_a_market_that_binance_does_not_have_does_not_hold_up_the_others(tmp_path: Path) -> None:
    async with charts(tmp_path) as at:
        at.klines.symbols = [ETHUSDT.symbol]
        async with at.filling([(BTCUSDT, BTC, USDT), (ETHUSDT, ETH, USDT)]) as running:
            await until(lambda: at.all_there(ETHUSDT.symbol))
            assert not running.done()
        assert await at.shown(Interval.ONE_DAY) == []


async def test_a_server_that_comes_later_is_found(tmp_path: Path) -> None:
    async with books(tmp_path / "books.sqlite") as day:
        async with BinanceSimulator([SYMBOL], first_s=0).serving() as gone:
            port = gone.port
        binance = BinanceSimulator([SYMBOL], first_s=0)
        binance.port = port
        at = Charts(day, binance)
        async with at.filling() as running:
            await asyncio.sleep(0.5)
            assert not running.done()
            async with binance.serving(port):
                await until(at.all_there)


async def test_an_answer_in_driblets_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with charts(tmp_path) as at:
        monkeypatch.setattr("tests.simulators.klines.MAX_LIMIT", 1)
        monkeypatch.setattr(history, "REFRESH_S", 60.0)
        async with at.filling():
            await until(lambda: _true(len(at.klines.asked) >= 4 * history.MOST_REQUESTS))
            await asyncio.sleep(0.2)
        assert len(at.klines.asked) == 4 * history.MOST_REQUESTS
        found = await candles(at.day.queries, SYMBOL, Interval.ONE_DAY, at.now, start=Micros(0), limit=1000)
        assert len(found) == history.MOST_REQUESTS  # what came is kept: the next time goes on from there
