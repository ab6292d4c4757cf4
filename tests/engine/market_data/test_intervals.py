"""Where candles begin: known moments, and a slow model over random ones."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from engine.core.types import Micros
from engine.market_data.intervals import DAY, HOUR, MINUTE, Interval

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0) -> Micros:
    when = datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)
    return Micros((when - EPOCH) // timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("interval", "begin", "following"),
    [
        ("1m", (2024, 2, 29, 17, 47), (2024, 2, 29, 17, 48)),
        ("3m", (2024, 2, 29, 17, 45), (2024, 2, 29, 17, 48)),
        ("5m", (2024, 2, 29, 17, 45), (2024, 2, 29, 17, 50)),
        ("15m", (2024, 2, 29, 17, 45), (2024, 2, 29, 18, 0)),
        ("30m", (2024, 2, 29, 17, 30), (2024, 2, 29, 18, 0)),
        ("1h", (2024, 2, 29, 17), (2024, 2, 29, 18)),
        ("2h", (2024, 2, 29, 16), (2024, 2, 29, 18)),
        ("4h", (2024, 2, 29, 16), (2024, 2, 29, 20)),
        ("6h", (2024, 2, 29, 12), (2024, 2, 29, 18)),
        ("8h", (2024, 2, 29, 16), (2024, 3, 1)),
        ("12h", (2024, 2, 29, 12), (2024, 3, 1)),
        ("1d", (2024, 2, 29), (2024, 3, 1)),
        ("3d", (2024, 2, 29), (2024, 3, 3)),  # 19,782 days after the epoch, three times 6,594
        ("1w", (2024, 2, 26), (2024, 3, 4)),  # Mondays
        ("1M", (2024, 2, 1), (2024, 3, 1)),
    ],
)
def test_a_moment_is_in_the_candle_that_binance_puts_it_in(
    interval: str, begin: tuple[int, ...], following: tuple[int, ...]
) -> None:
    at = micros(2024, 2, 29, 17, 47, 12, 345_678)
    found = Interval(interval).begin(at)
    assert found == micros(*begin)
    assert Interval(interval).step(found, 1) == micros(*following)
    assert Interval(interval).begin(found) == found
    assert Interval(interval).begin(Micros(found - 1)) == Interval(interval).step(found, -1)


@pytest.mark.parametrize("interval", Interval)
def test_steps_meet_every_candle_once(interval: Interval) -> None:
    rng = random.Random(5)
    for _ in range(200):
        begin = interval.begin(Micros(rng.randrange(60 * 365 * DAY)))
        count = rng.randrange(40)
        at = begin
        for _ in range(count):
            following = interval.step(at, 1)
            assert at < following == interval.begin(following)
            assert interval.begin(Micros(following - 1)) == at
            at = following
        assert interval.step(begin, count) == at
        assert interval.step(at, -count) == begin


def test_months_are_calendar_months() -> None:
    month = Interval.ONE_MONTH
    assert month.step(micros(2023, 12, 1), 1) == micros(2024, 1, 1)
    assert month.step(micros(2024, 1, 1), -1) == micros(2023, 12, 1)
    assert month.step(micros(2024, 1, 1), 14) == micros(2025, 3, 1)
    assert month.step(micros(2024, 1, 1), -100_000) == micros(1, 1, 1)


def test_sizes() -> None:
    assert (MINUTE, HOUR, DAY) == (60 * 10**6, 3600 * 10**6, 86_400 * 10**6)
    assert [each.value for each in Interval if each.size is None] == ["1M"]
