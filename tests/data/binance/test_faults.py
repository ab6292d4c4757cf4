"""What Binance may do wrong: how soon the feed says so, how soon it is back, and that nothing wrong is shown meanwhile.

The recording plays at its own pace times SPEED; times are those of this process, which
others on the machine do not lengthen. Each test prints its figures: pytest -s.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from msgspec.structs import replace

from data.binance.settings import FeedSettings
from data.binance.simulator.malformed import malformed_diffs
from engine.core.types import Symbol
from tests.data.binance.following import BOTH, BTC, ETH, QUICK, Watched, checked, watching
from tests.simulators.binance import BinanceSimulator

SPEED = 8.0
BUSY_S = 2.0  # that this process may add to any of the times below; what really passed is printed
HASTY = replace(QUICK, last_retry_s=0.4)
# For what silence alone shows: less than the usual patience, so that the suite need not wait so long.
WATCHFUL = replace(HASTY, stale_s=1.0, silence_s=1.5, frozen_s=1.2, doubted_s=3.0)


class Fault:
    """One fault of Binance's, from the moment that it begins."""

    def __init__(self, binance: BinanceSimulator, watched: Watched) -> None:
        self.binance, self.watched = binance, watched
        self._begin = self._since = len(watched.books)
        self._at_s = watched.time.s
        self._lost_s = 0.0

    async def lost(self, *symbols: Symbol, within_s: float) -> None:
        """Wait until the feed says that it has lost books."""
        await self.watched.lost(*symbols, since=self._since)
        self._lost_s = self.watched.time.s - self._at_s
        assert self._lost_s < within_s + BUSY_S
        self._since = len(self.watched.books)

    async def back(self, *symbols: Symbol, within_s: float, name: str) -> None:
        """Wait until it shows them again."""
        at_s = self.watched.time.s
        await self.watched.in_sync(1, since=self._since, symbols=list(symbols))
        back_s = self.watched.time.s - at_s
        assert back_s < within_s + BUSY_S
        print(f"{name}: said after {self._lost_s:.2f} s, back {back_s:.2f} s later")  # noqa: T201

    def unaffected(self, symbol: Symbol) -> None:
        """Check that a market was shown all the time since the fault began."""
        since = [book for book in self.watched.books[self._begin :] if book.symbol == symbol]
        assert since
        assert all(book.in_sync for book in since)


@contextlib.asynccontextmanager
async def following(
    settings: FeedSettings = HASTY, *, prices_only: bool = False
) -> AsyncIterator[tuple[BinanceSimulator, Watched]]:
    """Follow a feed that is in sync, and check all that it showed at the end."""
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, settings) as watched:
        await watched.in_sync(5)
        yield binance, watched
        await watched.in_sync(5, since=len(watched.books))
        assert checked(binance, watched.books, prices_only=prices_only) >= 20


async def test_dropped() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.sockets.refuse = 4  # the loss is said before there is another connection
        binance.sockets.cut()
        await fault.lost(*BOTH, within_s=0.3)
        await fault.back(*BOTH, within_s=3, name="dropped and refused four times")
        assert watched.health().reconnects == 5


async def test_closed_politely() -> None:
    async with following(WATCHFUL) as (binance, watched):
        fault = Fault(binance, watched)
        await binance.sockets.close()
        await fault.lost(*BOTH, within_s=0.5)
        await fault.back(*BOTH, within_s=2, name="closed")


async def test_stalled() -> None:
    async with following(WATCHFUL) as (binance, watched):
        fault = Fault(binance, watched)
        binance.sockets.silent = True
        await fault.lost(*BOTH, within_s=1.5)
        await watched.until(lambda: watched.health().reconnects == 1)
        binance.sockets.silent = False
        await fault.back(*BOTH, within_s=4, name="stalled")
        assert watched.health().stale == 1


async def test_a_stall_shorter_than_a_second_is_none() -> None:
    async with following() as (binance, watched):
        binance.sockets.silent = True
        await asyncio.sleep(0.05)  # the next diff shows a gap
        binance.sockets.silent = False
        fault = Fault(binance, watched)
        await fault.back(*BOTH, within_s=2, name="short stall")
        assert watched.health().reconnects == 0


async def test_gap() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.swallow[BTC] = 3
        await fault.lost(BTC, within_s=0.5)
        await fault.back(BTC, within_s=2, name="gap")
        fault.unaffected(ETH)
        assert (watched.health().gaps, watched.health().resyncs) == (1, 1)
        assert binance.connections == 1


async def test_crossed() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.cross[BTC] = 1
        await fault.lost(BTC, within_s=0.5)
        await fault.back(BTC, within_s=2, name="crossed")
        fault.unaffected(ETH)
        assert watched.health().crossings == 1


async def test_duplicated() -> None:
    async with following() as (binance, watched):
        binance.faults.duplicate[BTC] = 5
        await watched.in_sync(20, since=len(watched.books))
        assert all(book.in_sync for book in watched.books)
        assert watched.health().resyncs == 0


async def test_reordered() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.reorder[BTC] = 1
        await fault.lost(BTC, within_s=0.5)
        await fault.back(BTC, within_s=2, name="reordered")
        fault.unaffected(ETH)


async def test_frozen() -> None:
    async with following(WATCHFUL) as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.freeze.add(BTC)
        await fault.lost(BTC, within_s=1.5)
        fault.unaffected(ETH)
        await watched.until(lambda: watched.health().reconnects == 1)
        binance.faults.freeze.clear()
        await fault.back(BTC, within_s=4, name="frozen")


async def test_a_book_without_changes_is_found_out_by_its_best_prices() -> None:
    async with following(prices_only=True) as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.hollow.add(BTC)
        await fault.lost(BTC, within_s=10)
        binance.faults.hollow.clear()
        await fault.back(BTC, within_s=4, name="hollow")
        fault.unaffected(ETH)
        assert watched.health().distrusted >= 1


async def test_an_absurd_book_is_not_shown_at_all() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.absurd.add(BTC)
        await fault.lost(BTC, within_s=1.5)
        await asyncio.sleep(1.0)
        assert not watched.of(BTC)[-1].in_sync
        binance.faults.absurd.clear()
        await fault.back(BTC, within_s=4, name="absurd")
        fault.unaffected(ETH)


async def test_a_snapshot_older_than_the_stream_is_not_used() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.faults.old_snapshots = 2
        binance.faults.swallow[BTC] = 1
        await fault.lost(BTC, within_s=0.5)
        await fault.back(BTC, within_s=3, name="old snapshot")
        assert watched.health().malformed == 2


async def test_refused_snapshots() -> None:
    async with following() as (binance, watched):
        fault = Fault(binance, watched)
        binance.rest.refuse_depth(1, status=500)
        binance.rest.refuse_depth(1, status=429, retry_after_s=1)
        binance.faults.swallow[BTC] = 1
        await fault.lost(BTC, within_s=0.5)
        await fault.back(BTC, within_s=4, name="5xx and 429")


async def test_every_malformed_diff_loses_the_book_and_no_more() -> None:
    async with following(replace(HASTY, snapshots_a_minute=100)) as (binance, watched):
        for number, text in enumerate(malformed_diffs(BTC).values(), start=1):
            fault = Fault(binance, watched)
            await binance.sockets.say(text)
            await fault.lost(BTC, within_s=0.5)
            await fault.back(BTC, within_s=2, name=f"malformed diff {number}")
            assert watched.health().malformed == number
        fault.unaffected(ETH)
        assert binance.connections == 1
