"""BinanceFeed on the real python-binance, against Binance over loopback."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import pytest

from data.binance import live
from data.binance.feed import choose_feed, is_reachable
from data.binance.live import BinanceFeed
from data.binance.recorded import RecordedFeed
from engine.core.types import Micros, Symbol
from engine.ports import ExternalBook
from tests.simulators.binance import BinanceSimulator

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")
SPEED = 20.0


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less: a second of these tests is 20 s of the recording."""
    monkeypatch.setattr(live, "FIRST_RETRY_S", 0.05)
    monkeypatch.setattr(live, "SILENCE_S", 0.5)


class Watched:
    """A feed's books as they come."""

    def __init__(self, feed: BinanceFeed) -> None:
        self.books: list[ExternalBook] = []
        self._feed = feed
        self._news = asyncio.Event()

    async def run(self) -> None:
        async for book in self._feed.books():
            self.books.append(book)
            self._news.set()

    async def until(self, enough: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not enough():
                self._news.clear()
                await self._news.wait()

    def of(self, symbol: Symbol, *, since: int = 0) -> list[ExternalBook]:
        return [book for book in self.books[since:] if book.symbol == symbol]


@contextlib.asynccontextmanager
async def watching(binance: BinanceSimulator) -> AsyncIterator[Watched]:
    feed = BinanceFeed(
        list(binance.books), lambda: Micros(7), rest_url=binance.rest_url, stream_url=binance.stream_url, pace_s=0
    )
    watched = Watched(feed)
    running = asyncio.create_task(watched.run())
    try:
        yield watched
    finally:
        await feed.close()
        await asyncio.wait_for(running, 5)


def checked(binance: BinanceSimulator, books: list[ExternalBook]) -> int:
    """Assert that books have the best prices that the recording has at their updates; return at how many it says."""
    checkpoints = 0
    for book in books:
        if book.in_sync and (ticker := binance.tickers.get((book.symbol, book.update_id))):
            checkpoints += 1
            best = [Decimal(text) for text in (*book.bids[0], *book.asks[0])]
            assert best == [Decimal(ticker[key]) for key in "bBaA"]
    return checkpoints


async def test_the_books_are_binances() -> None:
    async with BinanceSimulator([BTC, ETH], speed=SPEED).serving() as binance, watching(binance) as watched:
        await watched.until(lambda: min(len(watched.of(BTC)), len(watched.of(ETH))) >= 160)
        for symbol in (BTC, ETH):
            assert checked(binance, watched.of(symbol)) > 10
            assert all(book.in_sync for book in watched.of(symbol))
        assert binance.connections == 1


async def test_a_snapshot_that_comes_late_fits_the_diffs_that_came_meanwhile() -> None:
    simulator = BinanceSimulator([BTC, ETH], speed=SPEED)
    simulator.depth_delay_s = 0.2
    async with simulator.serving() as binance, watching(binance) as watched:
        await watched.until(lambda: min(len(watched.of(BTC)), len(watched.of(ETH))) >= 100)
        assert checked(binance, watched.books) > 10


async def test_a_dropped_connection_loses_every_book_and_the_next_one_finds_them() -> None:
    async with BinanceSimulator([BTC, ETH], speed=SPEED).serving() as binance, watching(binance) as watched:
        await watched.until(lambda: min(len(watched.of(BTC)), len(watched.of(ETH))) >= 20)
        await binance.drop()
        await watched.until(lambda: {BTC, ETH} == {book.symbol for book in watched.books if not book.in_sync})
        since = len(watched.books)
        await watched.until(lambda: min(len(watched.of(BTC, since=since)), len(watched.of(ETH, since=since))) >= 100)
        assert checked(binance, watched.books[since:]) > 10
        assert binance.connections == 2


async def test_a_gap_loses_one_book_which_a_new_snapshot_finds() -> None:
    async with BinanceSimulator([BTC, ETH], speed=SPEED).serving() as binance, watching(binance) as watched:
        await watched.until(lambda: min(len(watched.of(BTC)), len(watched.of(ETH))) >= 20)
        binance.swallow(BTC, 3)
        await watched.until(lambda: any(not book.in_sync for book in watched.of(BTC)))
        since = len(watched.books)
        await watched.until(lambda: len(watched.of(BTC, since=since)) >= 100)
        assert checked(binance, watched.books) > 10
        assert all(book.in_sync for book in watched.of(ETH))
        assert binance.connections == 1


async def test_a_market_that_leaves_the_range_of_its_snapshot_is_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "SNAPSHOT_LEVELS", 20)
    async with BinanceSimulator([ETH], speed=SPEED * 2).serving() as binance, watching(binance) as watched:
        await watched.until(lambda: binance.depth_requests >= 4 and len(watched.books) > 400)
        assert checked(binance, watched.books) > 10
        assert binance.connections == 1


async def test_a_refused_snapshot_is_asked_for_again() -> None:
    simulator = BinanceSimulator([BTC, ETH], speed=SPEED)
    simulator.refuse_depth(3)
    async with simulator.serving() as binance, watching(binance) as watched:
        await watched.until(lambda: min(len(watched.of(BTC)), len(watched.of(ETH))) >= 20)
        assert checked(binance, watched.books) > 0
        assert binance.connections == 1
        assert binance.depth_requests >= 5


async def test_a_connection_that_falls_silent_is_given_up() -> None:
    async with BinanceSimulator([BTC, ETH], speed=SPEED, first_s=10).serving() as binance, watching(binance) as watched:
        await watched.until(lambda: {BTC, ETH} == {book.symbol for book in watched.books if not book.in_sync})
        await watched.until(lambda: binance.connections == 2 and watched.books[-1].in_sync)


async def test_a_server_that_comes_back_is_found_again() -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with BinanceSimulator([BTC, ETH], speed=SPEED).serving() as binance:
            watched = await stack.enter_async_context(watching(binance))
            await watched.until(lambda: len(watched.of(BTC)) >= 20)
        await asyncio.sleep(0.3)
        assert not watched.of(BTC)[-1].in_sync
        async with BinanceSimulator([BTC, ETH], speed=SPEED).serving(binance.port) as again:
            since = len(watched.books)
            await watched.until(lambda: len(watched.of(BTC, since=since)) >= 100)
            assert checked(again, watched.books[since:]) > 5


async def test_the_feed_is_binance_where_it_answers_and_else_the_recording() -> None:
    async with BinanceSimulator([BTC]).serving() as binance:
        addresses = {"rest_url": binance.rest_url, "stream_url": binance.stream_url}
        assert isinstance(await choose_feed([BTC], lambda: Micros(7), **addresses), BinanceFeed)
    assert not await is_reachable(binance.rest_url)
    assert isinstance(await choose_feed([BTC], lambda: Micros(7), **addresses), RecordedFeed)


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
