"""BinanceFeed on the real python-binance, against Binance over loopback."""

import asyncio
import contextlib

from msgspec.structs import replace

from data.binance.feed import is_reachable
from tests.data.binance.following import BOTH, BTC, ETH, QUICK, checked, watching
from tests.simulators.binance import BinanceSimulator

SPEED = 20.0  # a second of these tests is 20 s of the recording


async def test_the_books_are_binances() -> None:
    async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance, watching(binance) as watched:
        await watched.in_sync(80)
        assert checked(binance, watched.books) == len(watched.books)
        assert binance.connections == 1


async def test_a_snapshot_that_comes_late_fits_the_diffs_that_came_meanwhile() -> None:
    simulator = BinanceSimulator(BOTH, speed=SPEED)
    simulator.rest.depth_delay_s = 0.2
    async with simulator.serving() as binance, watching(binance) as watched:
        await watched.in_sync(50)
        assert checked(binance, watched.books) >= 100
        assert watched.health().resyncs == 0


async def test_a_market_that_leaves_the_range_of_its_snapshot_is_asked_for_again() -> None:
    settings = replace(QUICK, snapshot_levels=20, snapshots_a_minute=1_000)
    async with (
        BinanceSimulator([ETH], speed=SPEED * 2, repeat=True).serving() as binance,
        watching(binance, settings) as watched,
    ):
        await watched.until(lambda: binance.depth_requests >= 4 and len(watched.books) > 300)
        assert checked(binance, watched.books) > 10
        assert binance.connections == 1


async def test_a_server_that_comes_back_is_found_again() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with BinanceSimulator(BOTH, speed=SPEED).serving() as binance:
            settings = replace(QUICK, silence_s=1.0)
            watched = await stack.enter_async_context(watching(binance, settings))
            await watched.in_sync()
        await watched.lost(*BOTH)
        await asyncio.sleep(0.3)
        assert not watched.of(BTC)[-1].in_sync
        async with BinanceSimulator(BOTH, speed=SPEED).serving(binance.port) as again:
            since = len(watched.books)
            await watched.in_sync(10, since=since)
            assert checked(again, watched.books[since:]) >= 20
            assert watched.health().reconnects > 0


async def test_a_server_that_is_away_is_not_asked_without_end() -> None:
    settings = replace(QUICK, first_retry_s=0.001, last_retry_s=0.001, connects_in_five_minutes=5)
    simulator = BinanceSimulator(BOTH, speed=SPEED)
    simulator.sockets.refuse = 1_000
    async with simulator.serving() as binance, watching(binance, settings) as watched:
        await watched.until(lambda: binance.sockets.refuse <= 995)
        await asyncio.sleep(0.5)  # in which it would ask hundreds of times
        assert binance.sockets.refuse == 995


async def test_snapshots_are_not_asked_for_without_end() -> None:
    simulator = BinanceSimulator(BOTH, speed=SPEED)
    simulator.rest.refuse_depth(1_000, status=500)
    settings = replace(QUICK, first_retry_s=0.001, last_retry_s=0.001, snapshots_a_minute=6)
    async with simulator.serving() as binance, watching(binance, settings) as watched:
        await watched.until(lambda: binance.depth_requests >= 6)
        await asyncio.sleep(0.5)
        assert binance.depth_requests == 6


async def test_a_ban_is_respected() -> None:
    simulator = BinanceSimulator(BOTH, speed=SPEED)
    simulator.rest.refuse_depth(1, status=418, retry_after_s=1)
    async with simulator.serving() as binance, watching(binance) as watched:
        await watched.until(lambda: binance.depth_requests >= 1)
        at_s = asyncio.get_running_loop().time()
        await watched.in_sync(1)
        assert asyncio.get_running_loop().time() - at_s > 0.6  # of the second that was asked for
        assert binance.depth_requests <= 8  # two were under way


async def test_binance_can_be_followed_where_it_answers() -> None:
    async with BinanceSimulator([BTC]).serving() as binance:
        assert await is_reachable(binance.rest_url)
    assert not await is_reachable(binance.rest_url)


async def test_a_server_that_takes_too_long_is_not_reachable() -> None:
    gone = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert not await is_reachable(f"http://127.0.0.1:{port}", 0.1)
        await asyncio.wait_for(gone.wait(), 5)
