"""Quotes follow Binance through the whole chain: right at every checkpoint, crossed at none, and never gone for long.

Figures are printed: pytest -s. `make soak-feed` plays the recordings whole at every pace.
"""

import asyncio
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from msgspec.structs import replace
from typing_extensions import override

from data.binance.simulator.venue import Told
from engine.core.types import Micros
from engine.liquidity.quoting import NOTHING, LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings
from engine.liquidity.stops import StopReason
from engine.ports import ExternalBook
from tests.data.binance.following import BOTH, QUICK
from tests.e2e.chain import Chain, Watched, chain
from tests.engine.liquidity.markets import is_near
from tests.simulators.binance import BinanceSimulator

RECORDED_S: Final = 346.0
WHOLE: Final = bool(os.environ.get("CLOBSTER_TEST_SOAK_FEED"))  # make soak-feed
MARKUP_PPM: Final = 100
MARKED_UP = MakerSettings(ladder=LadderSettings(markup_ppm=MARKUP_PPM))


class Checkpoints(Watched):
    """Every book that the feed shows is a checkpoint: our quotes must come to be right by it before the next one."""

    chain: Chain
    passed = 0
    stopped = 0  # checkpoints at which nothing was quoted, and the market maker says why

    @override
    async def shown(self, book: ExternalBook) -> None:
        if not book.in_sync:
            return
        desk = self.chain.maker.desks[book.symbol]
        async with asyncio.timeout(10):
            while True:
                resting = self.chain.exchange.resting(book.symbol)
                if resting == NOTHING and desk.stops:
                    self.stopped += 1
                    return
                if resting != NOTHING and is_near(resting, book, MARKUP_PPM):
                    self.passed += 1
                    return
                await asyncio.sleep(0)  # until the quote is applied


class InStep(BinanceSimulator):
    """Hurries no further ahead of the feed than by a few messages, so that every book can be looked at."""

    AHEAD = 10

    def __init__(self) -> None:
        super().__init__(BOTH, speed=math.inf)
        self.heard: Callable[[], int] | None = None  # how many messages the feed has heard
        self._told = 0

    @override
    async def tell(self, told: Told) -> None:
        await super().tell(told)
        self._told += 1
        while self.heard is not None and self._told > self.heard() + self.AHEAD:  # noqa: ASYNC110
            await asyncio.sleep(0)


def checked(running: Chain) -> Checkpoints:
    assert isinstance(running.watched, Checkpoints)
    running.watched.chain = running
    return running.watched


def told(name: str, running: Chain, checkpoints: Checkpoints, began_s: float) -> None:
    """Print what happened, and assert that nothing but slowness has stopped a market."""
    begun = {reason.value for desk in running.maker.desks.values() for reason in desk.stops.begun}
    print(  # noqa: T201
        f"{name}: {time.monotonic() - began_s:.1f} s, {checkpoints.passed} checkpoints passed, {checkpoints.stopped}"
        f" while stopped ({', '.join(sorted(begun)) or 'never'}); {sum(running.our.ladders.values())} ladders;"
        f" no quotes for {running.our.bare_s(began_s):.2f} s; late by {running.lag.most_s:.2f} s at most"
    )
    assert begun <= {StopReason.STALE.value, StopReason.OUT_OF_SYNC.value}
    assert running.our.wrong == []


@pytest.mark.parametrize(("speed", "part_s"), [(1.0, 3.0), (10.0, 3.0)])
async def test_at_its_pace(tmp_path: Path, speed: float, part_s: float) -> None:
    for_s = (RECORDED_S - 4) / speed if WHOLE else part_s
    simulator = BinanceSimulator(BOTH, speed=speed)
    async with chain(tmp_path / "exchange.db", simulator, MARKED_UP, pace_s=0.1 / speed, watch=Checkpoints) as running:
        checkpoints = checked(running)
        await running.is_quoted()
        began_s = time.monotonic()
        await asyncio.sleep(for_s)
        told(f"{speed:.0f}x", running, checkpoints, began_s)
        assert checkpoints.passed > for_s * (10 if running.lag.most_s < 0.5 else 2)
        if running.lag.most_s < 0.5 / speed:
            assert running.our.bare_s(began_s) == 0.0


async def test_as_fast_as_possible(tmp_path: Path) -> None:
    simulator = InStep()
    simulator.holds_at_first_books = True  # or it would be over before the first quote
    simulator.began.clear()
    # In this hurry a silence is a busy machine's, and a second is four minutes.
    patient = StopSettings(stale_us=Micros(20_000_000), hold_off_us=Micros(0), band_ppm=10**6)
    settings = replace(MARKED_UP, stops=patient)
    feed_settings = replace(QUICK, stale_s=20.0, disagreement_s=20.0, frozen_s=20.0, silence_s=20.0, doubted_s=20.0)
    async with chain(
        tmp_path / "exchange.db", simulator, settings, feed_settings, pace_s=0.0, watch=Checkpoints
    ) as running:
        checkpoints = checked(running)
        async with asyncio.timeout(20):
            while running.binance.connections == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        simulator.began.set()
        await asyncio.sleep(1.0)
        simulator.heard = lambda: sum(health.messages for health in running.watched.feed.health())
        simulator.go_on()
        await running.is_quoted()
        began_s = time.monotonic()
        await asyncio.wait_for(simulator.ended.wait(), 120)
        async with asyncio.timeout(20):
            while any((health.message_age_s or 0) < 0.3 for health in running.watched.feed.health()):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        told("as fast as possible", running, checkpoints, began_s)
        assert checkpoints.passed > 5_000
        assert checkpoints.stopped == 0
        for health in running.watched.feed.health():
            assert (health.resyncs, health.gaps, health.crossings, health.distrusted, health.malformed) == (0,) * 5
            assert health.messages > 33_000


@pytest.mark.parametrize("occasion", ["planned", "announced"])
async def test_from_one_connection_to_the_next_our_book_is_never_without_quotes(tmp_path: Path, occasion: str) -> None:
    settings = replace(QUICK, life_s=1.0) if occasion == "planned" else replace(QUICK, min_life_s=0.0)
    async with chain(tmp_path / "exchange.db", BinanceSimulator(BOTH), MakerSettings(), settings) as running:
        await running.is_quoted()
        began_s, ladders = time.monotonic(), sum(running.our.ladders.values())
        for handover in (1, 2):
            if occasion == "announced":
                await running.binance.announce_shutdown()
            async with asyncio.timeout(20):
                while running.watched.feed.health()[0].handovers < handover:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        await asyncio.sleep(1.2)  # what went stale would be gone by now
        bare_s = running.our.bare_s(began_s)
        print(f"{occasion}: no quotes for {bare_s:.3f} s; late by {running.lag.most_s:.2f} s at most")  # noqa: T201
        assert bare_s < 1.0 + running.lag.most_s
        assert sum(running.our.ladders.values()) > ladders
        assert running.watched.feed.health()[0].reconnects == 0
