"""Reference candles: what charts show of the time before a market's first trade, and what they must not touch."""

from collections.abc import Sequence

import pytest

from data.store.audit import AuditReads
from data.store.candles import candles, ever, newest
from data.store.kept import kept_minutes
from data.store.opening import Place
from data.store.reference import PIECE, SqlReference
from data.store.rows import CANDLE_MINUTES
from engine.core.types import Atoms, Micros, Ticks
from engine.market_data.candles import Candle
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval
from engine.market_data.reference import ReferenceCandle
from tests.data.store.books import BTCUSDT, START, Books, books
from tests.data.store.test_candles import without_gaps

SYMBOL = BTCUSDT.symbol
REACH = {1: 3 * DAY, 15: 10 * DAY, 60: 30 * DAY, 1440: 400 * DAY}


def made_up(minutes: int, since: Micros, until: Micros, *, hole: range = range(0)) -> list[ReferenceCandle]:
    """Return reference candles that end by `until`, without those that begin in a hole."""
    found, size = [], minutes * MINUTE
    for begin in range(-(-since // size) * size, until - size + 1, size):
        if begin not in hole:
            first, last = (900 + at // MINUTE * 7_919 % 200 for at in (begin, begin + size))
            high, low = max(first, last) + minutes % 7, min(first, last) - minutes % 5
            prices = [Ticks(price) for price in (first, high, low, last)]
            found.append(ReferenceCandle(Micros(begin), *prices, Atoms(begin // MINUTE % 1_000)))
    return found


async def fill(day: Books, until: Micros, *, hole: range = range(0)) -> dict[int, list[ReferenceCandle]]:
    reference, kept = SqlReference(day.store, day.queries), {}
    for minutes in CANDLE_MINUTES:
        since = Micros((until - REACH[minutes]) // DAY * DAY)
        kept[minutes] = made_up(minutes, since, until, hole=hole)
        await reference.add(SYMBOL, minutes, kept[minutes], since)
    return kept


async def trade(day: Books, price: int = 1_000) -> Micros:
    """Let two people trade; return the time."""
    people = [await day.person(USDT=10**6, BTC=100) for _ in range(2)]
    await day.place(people[0], "buy", 1, price)
    await day.place(people[1], "sell", 1, price, time_in_force="ioc")
    return day.batches[-1].trades[-1].at


def model(kept: Sequence[ReferenceCandle], interval: Interval, until: Micros) -> list[ReferenceCandle]:
    """Return what reference candles must be before a moment, the slow way."""
    groups = dict[Micros, list[ReferenceCandle]]()
    for each in kept:
        groups.setdefault(interval.begin(each.begin), []).append(each)
    found = list[ReferenceCandle]()
    begin = min(groups)
    while begin < until:
        if group := groups.get(begin):
            high, low = max(each.high for each in group), min(each.low for each in group)
            volume = Atoms(sum(each.volume for each in group))
            found.append(ReferenceCandle(begin, group[0].open, high, low, group[-1].close, volume))
        else:
            close = found[-1].close
            found.append(ReferenceCandle(begin, close, close, close, close, Atoms(0)))
        begin = interval.step(begin, 1)
    return found


@pytest.mark.parametrize("hole", [range(0), range(START - 7 * HOUR, START - 2 * HOUR), range(START - 2 * DAY, START)])
async def test_before_the_first_trade_they_are_reference_and_from_then_on_our_own(place: Place, hole: range) -> None:
    async with books(place) as day:
        day.pass_by(6 * HOUR + 17 * MINUTE)
        kept = await fill(day, Micros(day.now() // MINUTE * MINUTE), hole=hole)
        day.pass_by(20 * MINUTE)  # for which nobody fetched anything
        first = await trade(day)
        day.pass_by(3 * HOUR)
        await trade(day, 1_010)
        day.pass_by(40 * DAY)
        now, own = day.now(), [each for batch in day.batches for each in batch.trades]
        for interval in Interval:
            reference = model(kept[kept_minutes(interval)], interval, interval.begin(first))
            every: list[Candle | ReferenceCandle] = [*reference, *without_gaps(own, interval, now)]
            begins = [each.begin for each in every]
            assert begins == [interval.step(begins[0], number) for number in range(len(every))]
            assert reference
            assert await candles(day.queries, SYMBOL, interval, now, start=Micros(0), limit=1000) == every[:1000]
            assert await candles(day.queries, SYMBOL, interval, now, limit=1000) == every[-1000:]
            turn = len(reference)
            for low, high in ((turn - 3, turn + 2), (turn - 1, turn), (turn, turn + 1), (turn - 5, turn - 1)):
                part = every[max(low, 0) : max(high, 1)]
                start, end = part[0].begin, part[-1].begin
                assert await candles(day.queries, SYMBOL, interval, now, start=start, end=end, limit=1000) == part
                assert await candles(day.queries, SYMBOL, interval, now, end=end, limit=len(part)) == part


async def test_without_a_trade_they_are_all_there_is_and_end_with_the_newest(place: Place) -> None:
    async with books(place) as day:
        kept = await fill(day, Micros(START // MINUTE * MINUTE))
        day.pass_by(DAY)
        for interval in Interval:
            every = model(kept[kept_minutes(interval)], interval, Micros(kept[kept_minutes(interval)][-1].begin + 1))
            assert await candles(day.queries, SYMBOL, interval, day.now(), limit=1000) == every[-1000:]
            assert await candles(day.queries, SYMBOL, interval, day.now(), limit=2) == every[-2:]
            later = Micros(every[-1].begin + 1)
            assert await candles(day.queries, SYMBOL, interval, day.now(), start=later, limit=9) == []


async def test_what_our_own_figures_are_made_of_does_not_change(place: Place) -> None:
    async with books(place) as day:
        await fill(day, Micros(START // MINUTE * MINUTE))
        assert await ever(day.queries, [SYMBOL]) == {}
        assert await newest(day.queries, SYMBOL, Micros(0)) == ([], [], None)
        await trade(day)
        whole = (await ever(day.queries, [SYMBOL]))[SYMBOL]
        assert (whole.open, whole.high, whole.low, whole.volume, whole.trades) == (1_000, 1_000, 1_000, 1, 1)
        by_interval, minutes, close = await newest(day.queries, SYMBOL, Micros(0))
        assert {candle.trades for _, candle in by_interval} == {1}
        assert ([candle.trades for candle in minutes], close) == ([1], None)
    with AuditReads(place) as reads:
        assert reads.findings() == []


async def test_none_is_kept_that_does_not_end_before_the_first_trade(place: Place) -> None:
    async with books(place) as day:
        reference = SqlReference(day.store, day.queries)
        assert await reference.known(SYMBOL, 60) == (None, None)
        first = await trade(day)
        minute = Interval.ONE_MINUTE.begin(first)
        for minutes in CANDLE_MINUTES:
            size = minutes * MINUTE
            late = made_up(minutes, Micros(first - 3 * size), Micros(first + 3 * size))
            await reference.add(SYMBOL, minutes, late, Micros(0))
            assert await reference.known(SYMBOL, minutes) == (minute, minute // size * size - size)


async def test_they_are_kept_in_pieces_and_old_ones_are_forgotten(place: Place) -> None:
    async with books(place) as day:
        reference = SqlReference(day.store, day.queries)
        many = made_up(1, Micros(START - 2 * DAY), START)
        assert len(many) > 5 * PIECE
        await reference.add(SYMBOL, 1, many, Micros(0))
        found = await candles(day.queries, SYMBOL, Interval.ONE_MINUTE, START, start=Micros(0), limit=1000)
        assert found == many[:1000]
        await reference.add(SYMBOL, 1, made_up(1, START, Micros(START + HOUR)), many[700].begin)
        found = await candles(day.queries, SYMBOL, Interval.ONE_MINUTE, START, start=Micros(0), limit=1000)
        assert found == many[700:1700]
