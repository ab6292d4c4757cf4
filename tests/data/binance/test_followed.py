"""One market of the feed, message by message."""

import asyncio
from typing import Any, cast

from data.binance.allowance import Allowance
from data.binance.complaints import Complaints
from data.binance.followed import FollowedMarket
from data.binance.settings import FeedSettings
from data.binance.streams import Rest
from data.binance.tape import Tape
from data.binance.view import View
from engine.core.types import Micros
from engine.ports import ExternalBook
from tests.data.binance.following import BTC

Diff = tuple[int, int, str]  # its ids, and a bid


class Scene:
    """A market that has a book as of update 100, with an ask at 200."""

    def __init__(self, *, pace_s: float = 0.0) -> None:
        self.shown: list[ExternalBook] = []
        self.now_s = 50.0
        clock, now = lambda: Micros(7), lambda: self.now_s
        view, tape = View(BTC, clock, pace_s=pace_s, now=now), Tape(BTC, clock, None)
        self.market = FollowedMarket(BTC, view, tape, self.shown.append, Complaints(now=now), FeedSettings(), now=now)

    async def depth(self, symbol: str, limit: int) -> dict[str, Any]:
        """Answer as Binance's REST interface."""
        return {"lastUpdateId": 100, "bids": [["99", "1"]], "asks": [["200", "1"]]}

    async def begin(self) -> None:
        self.market.connected()
        self.diff(100, 101, "99")
        await self.in_sync(1)

    async def in_sync(self, syncs: int) -> None:
        """Let the market fetch its snapshots until it was in sync so many times."""
        keeping = asyncio.create_task(self.market.keep_in_sync(cast(Rest, self), Allowance(10, 60.0)))
        async with asyncio.timeout(5):
            while self.market.health.syncs < syncs:  # noqa: ASYNC110  it has no event
                await asyncio.sleep(0.001)
        keeping.cancel()
        await asyncio.wait([keeping])

    def data(self, first: int, last: int, bid: str) -> dict[str, Any]:
        return {"e": "depthUpdate", "s": BTC, "U": first, "u": last, "b": [[bid, "1"]], "a": []}

    def diff(self, first: int, last: int, bid: str) -> None:
        self.market.on_event("depth", self.data(first, last, bid))

    def early(self, first: int, last: int, bid: str) -> None:
        self.market.on_early("depth", self.data(first, last, bid))

    def ticker(self, update_id: int, bid: str, *, early: bool = False) -> None:
        data = {"u": update_id, "s": BTC, "b": bid, "B": "1", "a": "200", "A": "1"}
        (self.market.on_early if early else self.market.on_event)("ticker", data)

    @property
    def last(self) -> tuple[int, str]:
        return self.shown[-1].update_id, self.shown[-1].bids[0][0]


async def test_what_the_next_connection_said_early_continues_the_book() -> None:
    scene = Scene()
    await scene.begin()
    scene.early(105, 106, "100")
    assert not scene.market.is_joined  # what came between is still to be told by the first
    scene.early(107, 108, "101")
    scene.diff(102, 104, "98")
    assert scene.market.is_joined
    scene.market.join()
    assert scene.last == (108, "101")
    scene.diff(109, 109, "102")
    assert scene.last == (109, "102")
    assert scene.market.health.syncs == 1


async def test_a_gap_between_two_connections_loses_the_book() -> None:
    scene = Scene()
    await scene.begin()
    scene.early(105, 106, "100")
    scene.market.join()
    assert not scene.shown[-1].in_sync
    assert scene.market.health.gaps == 1


async def test_best_prices_that_came_on_the_next_connection_only_count_too() -> None:
    scene = Scene()
    await scene.begin()
    scene.ticker(101, "99")
    scene.early(102, 103, "100")
    scene.ticker(103, "100", early=True)
    scene.market.join()
    assert scene.last == (103, "100")


async def test_a_book_is_not_shown_while_best_prices_contradict_it_and_is_when_they_agree() -> None:
    scene = Scene()
    await scene.begin()
    scene.ticker(102, "150")
    scene.diff(102, 102, "100")
    assert scene.last == (101, "99")
    scene.now_s += 0.4
    assert scene.market.check() is None
    scene.diff(103, 103, "150")  # the two were only out of step
    assert scene.last == (103, "150")
    scene.ticker(104, "160")
    scene.diff(104, 104, "155")
    scene.now_s += 0.6
    scene.market.check()
    assert not scene.shown[-1].in_sync
    assert scene.market.health.distrusted == 1


async def test_a_book_that_was_contradicted_is_shown_again_only_when_something_agrees_with_it() -> None:
    scene = Scene()
    await scene.begin()
    scene.ticker(102, "150")
    scene.diff(102, 102, "100")
    scene.now_s += 0.6
    scene.market.check()
    before = len(scene.shown)
    scene.diff(100, 103, "100")
    await scene.in_sync(2)
    scene.diff(104, 104, "101")
    assert len(scene.shown) == before
    scene.now_s += 11
    assert "nothing agrees" in (scene.market.check() or "")
    scene.ticker(105, "101")
    scene.diff(105, 105, "101")
    assert scene.last == (105, "101")


async def test_a_book_that_does_not_move_is_stale_and_its_return_is_no_resync() -> None:
    scene = Scene()
    await scene.begin()
    scene.now_s += 1.1
    assert scene.market.check() is None
    assert not scene.shown[-1].in_sync
    assert not scene.market.is_shown
    scene.diff(102, 102, "100")
    assert scene.last == (102, "100")
    assert (scene.market.health.syncs, scene.market.health.stale) == (1, 1)


async def test_what_was_told_before_a_silence_is_not_shown_after_it() -> None:
    scene = Scene(pace_s=0.1)
    await scene.begin()
    for update in (102, 103):
        scene.diff(update, update, "100")
    assert scene.last == (102, "100"), "the third comes too early to be shown"
    scene.now_s += 1.1
    scene.market.check()
    scene.ticker(103, "100")  # it agrees, but is no news of the book
    assert not scene.shown[-1].in_sync
    scene.ticker(104, "101")
    scene.diff(104, 104, "101")
    assert scene.last == (104, "101")


async def test_a_venue_that_repeats_itself_or_moves_without_its_book_is_found_out() -> None:
    scene = Scene()
    await scene.begin()
    for _ in range(40):
        scene.now_s += 0.1
        scene.diff(99, 101, "99")
    assert "stands still" in (scene.market.check() or "")
    scene.diff(102, 102, "99")
    assert scene.market.check() is None
    scene.ticker(110, "99")
    scene.now_s += 3.1
    assert "stands still" in (scene.market.check() or "")
