"""From one connection to the next without a book that is older than a second."""

import asyncio

from msgspec.structs import replace

from data.binance.settings import FeedSettings
from tests.data.binance.following import BOTH, BTC, ETH, QUICK, Watched, checked, watching
from tests.simulators.binance import BinanceSimulator

SPEED = 8.0
SHORT = replace(QUICK, life_s=0.6)


def without_a_break(binance: BinanceSimulator, watched: Watched) -> None:
    """Assert that nobody noticed anything."""
    assert all(book.in_sync for book in watched.books)
    assert checked(binance, watched.books) == len(watched.books)
    assert max(watched.longest_silence_s(each) for each in BOTH) < 1.0
    for each in BOTH:
        ids = [book.update_id for book in watched.of(each)]
        assert ids == sorted(set(ids))
        assert watched.health(each).resyncs == 0
    assert watched.health().reconnects == 0


async def test_a_connection_that_comes_of_age_is_followed_by_another() -> None:
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, SHORT) as watched:
        await watched.in_sync(1)
        asked = binance.depth_requests
        await watched.until(lambda: watched.health().handovers >= 2)
        await watched.in_sync(10, since=len(watched.books))
        without_a_break(binance, watched)
        await watched.until(lambda: len(binance.sockets.clients) == 1)
        assert binance.depth_requests == asked


async def test_a_server_that_announces_its_end_is_left_before_it() -> None:
    settings = replace(QUICK, min_life_s=0.0)
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, settings) as watched:
        await watched.in_sync(10)
        await binance.announce_shutdown()
        await watched.until(lambda: watched.health().handovers == 1 and len(binance.sockets.clients) == 1)
        await watched.in_sync(10, since=len(watched.books))
        without_a_break(binance, watched)
        assert binance.connections == 2


async def test_a_server_that_keeps_announcing_its_end_is_not_left_all_the_time() -> None:
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance) as watched:
        await watched.in_sync(1)
        for _ in range(10):
            await binance.announce_shutdown()
            await asyncio.sleep(0.05)
        assert binance.connections == 1
        without_a_break(binance, watched)


async def test_a_second_connection_that_is_refused_leaves_the_first_as_it_is() -> None:
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, SHORT) as watched:
        await watched.in_sync(1)
        binance.sockets.refuse = 3
        await watched.until(lambda: binance.sockets.refuse == 0)
        await watched.until(lambda: watched.health().handovers == 1)
        without_a_break(binance, watched)


async def test_a_first_connection_that_dies_before_the_second_is_there_is_a_loss_like_any_other() -> None:
    settings = replace(SHORT, join_s=5.0)
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, settings) as watched:
        await watched.in_sync(5)
        binance.faults.swallow.update({BTC: 10_000, ETH: 10_000})  # nothing shows that the second continues the first
        await watched.until(lambda: binance.connections == 2)
        binance.sockets.cut()
        binance.faults.swallow.clear()
        await watched.lost(*BOTH)
        since = len(watched.books)
        await watched.in_sync(10, since=since)
        assert checked(binance, watched.books) == sum(book.in_sync for book in watched.books)


async def test_a_market_without_news_does_not_hold_up_the_others() -> None:
    settings: FeedSettings = replace(SHORT, join_s=0.5, stale_s=10.0)
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance, settings) as watched:
        await watched.in_sync(5)
        binance.faults.swallow[ETH] = 10_000
        await watched.until(lambda: watched.health().handovers >= 1)
        assert all(book.in_sync for book in watched.of(BTC))
