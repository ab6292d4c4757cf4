"""Recordings and the feed that plays them."""

import math
from collections import Counter
from itertools import pairwise

import pytest

from data.binance.book import LocalBook
from data.binance.recorded import RecordedFeed
from data.binance.recording import Recorded, bundled, play, read_together
from data.binance.view import View
from engine.core.types import Micros, Symbol
from engine.ports import ExternalBook

BTC, ETH = Symbol("BTCUSDT"), Symbol("ETHUSDT")


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now_s += seconds


def messages(*at_ms: int) -> list[Recorded]:
    return [Recorded(1_723_161_253_000_000_000 + ms * 1_000_000, BTC, "btcusdt@trade", {}) for ms in at_ms]


async def told(clock: Clock, recorded: list[Recorded], speed: float) -> list[float]:
    """Return when each message came, in seconds after the first."""
    times = [clock.now_s async for _ in play(recorded, speed=speed, now=clock.now, sleep=clock.sleep)]
    return [round(at - times[0], 6) for at in times]


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(1.0, [0, 0.1, 0.1, 2.5]), (10.0, [0, 0.01, 0.01, 0.25]), (0.5, [0, 0.2, 0.2, 5]), (math.inf, [0, 0, 0, 0])],
)
async def test_messages_come_at_the_recorded_pace_times_the_speed(speed: float, expected: list[float]) -> None:
    assert await told(Clock(), messages(0, 100, 100, 2_500), speed) == expected


async def test_a_slow_listener_is_caught_up_with() -> None:
    clock = Clock()
    times = []
    async for _ in play(messages(0, 100, 200, 300), now=clock.now, sleep=clock.sleep):
        times.append(round(clock.now_s - 50, 6))
        if len(times) == 1:
            clock.now_s += 0.25
    assert times == [0, 0.25, 0.25, 0.3]


async def test_a_machine_that_slept_is_not_flooded_with_what_it_missed() -> None:
    clock = Clock()
    times = []
    async for _ in play(messages(0, 100, 200, 300), now=clock.now, sleep=clock.sleep):
        times.append(round(clock.now_s - 50, 6))
        if len(times) == 1:
            clock.now_s += 3600
    assert times == [0, 3600, 3600.1, 3600.2]


def test_recordings_are_read_together_in_the_order_of_arrival() -> None:
    paths = {symbol: path for symbol in (BTC, ETH) if (path := bundled(symbol))}
    count: Counter[tuple[Symbol, str]] = Counter()
    before = 0
    for message in read_together(paths):
        assert message.at_ns >= before
        before = message.at_ns
        count[message.symbol, "snapshot" if message.is_snapshot else "diff" if message.is_diff else "other"] += 1
    assert count[BTC, "snapshot"] == count[ETH, "snapshot"] == 1
    assert (count[BTC, "diff"], count[ETH, "diff"]) == (3_451, 3_434)


def test_the_recordings_are_small_enough_to_ship() -> None:
    paths = [path for symbol in (BTC, ETH) if (path := bundled(symbol))]
    assert len(paths) == 2
    assert sum(path.stat().st_size for path in paths) < 3_000_000
    assert (paths[0].parent / "README.md").is_file()


async def test_the_feed_tells_every_book_and_at_its_end_that_they_are_lost() -> None:
    feed = RecordedFeed([BTC, ETH], lambda: Micros(7), speed=math.inf, repeat=False)
    books = [book async for book in feed.books()]
    for symbol in (BTC, ETH):
        mine = [book for book in books if book.symbol == symbol]
        assert len(mine) > 3_400
        assert all(book.in_sync and book.bids and book.asks for book in mine[:-1])
        assert mine[-1] == ExternalBook(symbol, 0, Micros(7), (), (), in_sync=False)
        assert all(one.update_id < other.update_id for one, other in pairwise(mine[:-1]))


async def test_a_repeating_feed_begins_again() -> None:
    feed = RecordedFeed([ETH], lambda: Micros(7), speed=math.inf)
    first = 0
    async for book in feed.books():
        first = first or book.update_id
        if not book.in_sync:
            break
    again = await anext(aiter(feed.books()))
    assert again.update_id == first


async def test_closing_ends_the_feed_and_a_market_without_a_recording_is_silent() -> None:
    feed = RecordedFeed([BTC, Symbol("SOLUSDT")], lambda: Micros(7), speed=20.0)
    books = []
    async for book in feed.books():
        books.append(book)
        if len(books) == 4:
            await feed.close()
    assert [(book.symbol, book.in_sync) for book in books] == [(BTC, True)] * 4 + [(BTC, False)]
    assert [book async for book in RecordedFeed([Symbol("SOLUSDT")], lambda: Micros(7)).books()] == []


def test_a_view_shows_ten_books_a_second_whatever_comes_but_a_loss_at_once() -> None:
    clock = Clock()
    view = View(BTC, lambda: Micros(7), now=clock.now)
    local = LocalBook()
    assert view.show(local) is None
    local.on_snapshot({"lastUpdateId": 1, "bids": [["99", "1"]], "asks": [["101", "1"]]})
    shown = 0
    for _ in range(1_000):
        clock.now_s += 0.01
        shown += view.show(local) is not None
    assert 100 <= shown <= 102
    for jitter in (0.09, 0.11, 0.12, 0.08, 0.1):
        clock.now_s += jitter
        assert view.show(local) is not None
    local.lose()
    assert view.show(local) == ExternalBook(BTC, 0, Micros(7), (), (), in_sync=False)
    assert view.show(local) is None
