"""The recordings through the real python-binance: every book that is shown is the recording's at its update."""

import asyncio
import math
import os
from typing import Final

import pytest

from tests.data.binance.following import BOTH, checked, watching
from tests.simulators.binance import BinanceSimulator

RECORDED_S: Final = 346.0
WHOLE_AT_1X: Final = bool(os.environ.get("CLOBSTER_TEST_SOAK_FEED"))  # make soak-feed


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, RECORDED_S + 1 if WHOLE_AT_1X else 2.5), (10.0, 2.5)])
async def test_at_its_pace(speed: float, seconds: float) -> None:
    async with BinanceSimulator(BOTH, speed=speed).serving() as binance, watching(binance, pace_s=0.1) as watched:
        await watched.in_sync(1)
        if WHOLE_AT_1X:
            await asyncio.sleep(seconds)
        else:  # a busy machine may take longer
            await watched.until(lambda: min(len(watched.of(each)) for each in BOTH) > 8.5 * seconds)
        if binance.ended.is_set():
            watched.books = [book for book in watched.books if book.in_sync]  # silence at the end is a loss
        books = [watched.of(each) for each in BOTH]
        assert checked(binance, watched.books) == len(watched.books)
        assert all(book.in_sync for book in watched.books)
        assert min(len(each) for each in books) > 8.5 * min(seconds, RECORDED_S - 2)
        assert all(health.resyncs == 0 and health.malformed == 0 for health in watched.feed.health())


async def test_as_fast_as_possible() -> None:
    simulator = BinanceSimulator(BOTH, speed=math.inf)
    simulator.holds_at_first_books = True  # or it would be over before the first snapshot is asked for
    simulator.began.clear()
    async with simulator.serving() as binance, watching(binance) as watched:
        await watched.until(lambda: binance.connections == 1)
        binance.began.set()
        await watched.until(lambda: all(health.book_age_s is not None for health in watched.feed.health()))
        binance.go_on()
        await watched.until(  # how long it takes to read what was sent is the machine's affair
            lambda: binance.ended.is_set() and all(watched.health(each).messages > 33_000 for each in BOTH), within_s=60
        )
        await watched.until(lambda: (watched.health().message_age_s or 0) > 0.3)
        shown = [book for book in watched.books if book.in_sync]
        assert len(shown) > 2_000  # of 6,880; who reads slowly gets the newest
        assert checked(binance, shown) == len(shown)
        for each in BOTH:
            health = watched.health(each)
            assert (health.resyncs, health.gaps, health.crossings, health.distrusted, health.malformed) == (0,) * 5
