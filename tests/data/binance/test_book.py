"""The local book: Binance's rules, and a recording told to its end."""

from decimal import Decimal
from typing import Any

import pytest

from data.binance.book import MAX_BUFFERED, LocalBook, MalformedMessage
from data.binance.recording import bundled, read
from engine.core.types import Symbol


def snapshot(last: int, bids: dict[str, str], asks: dict[str, str]) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": [list(b) for b in bids.items()], "asks": [list(a) for a in asks.items()]}


def diff(first: int, last: int, bids: dict[str, str], asks: dict[str, str]) -> dict[str, Any]:
    changes = {"b": [list(b) for b in bids.items()], "a": [list(a) for a in asks.items()]}
    return {"e": "depthUpdate", "E": 1, "s": "BTCUSDT", "U": first, "u": last, **changes}


def shown(book: LocalBook) -> str:
    def side(levels: Any) -> str:
        return " ".join(f"{quantity.normalize():f}@{price.normalize():f}" for price, quantity in levels)

    return f"{side(book.bids)} | {side(book.asks)}"


@pytest.fixture
def book() -> LocalBook:
    """In sync at update 100: 1@99 2@98 | 1@101 2@102."""
    book = LocalBook()
    book.on_snapshot(snapshot(100, {"99.0": "1.0", "98.0": "2.0"}, {"101.0": "1.0", "102.0": "2.0"}))
    return book


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_the_recording_told_to_its_end_gives_the_recorded_best_prices_each_time(symbol: str) -> None:
    path = bundled(symbol)
    assert path is not None
    messages = list(read(path, Symbol(symbol)))
    tickers = {m.data["u"]: m.data for m in messages if m.stream.endswith("@bookTicker")}
    book = LocalBook()
    checkpoints = diffs = 0
    for message in messages:
        if message.is_snapshot:
            book.on_snapshot(message.data)
            assert book.in_sync
        elif message.is_diff:
            book.on_diff(message.data)
            diffs += 1
            ticker = tickers.get(book.last_update_id)
            if book.in_sync and ticker:
                checkpoints += 1
                assert book.bids[0] == (Decimal(ticker["b"]), Decimal(ticker["B"]))
                assert book.asks[0] == (Decimal(ticker["a"]), Decimal(ticker["A"]))
    assert book.in_sync
    assert diffs > 3_400
    assert checkpoints > 550


def test_a_diff_sets_adds_and_removes_levels(book: LocalBook) -> None:
    book.on_diff(diff(101, 105, {"99.0": "0.00000000", "98.50": "3", "97": "0"}, {"101.0": "0.5"}))
    assert shown(book) == "3@98.5 2@98 | 0.5@101 2@102"
    assert book.last_update_id == 105


def test_a_level_is_one_level_however_its_zeros_are_written(book: LocalBook) -> None:
    book.on_diff(diff(101, 101, {"99.00000000": "7"}, {"101": "0"}))
    assert shown(book) == "7@99 2@98 | 2@102"


def test_the_best_levels_are_given_as_the_venue_wrote_them(book: LocalBook) -> None:
    book.on_diff(diff(101, 101, {"98.50000000": "0.00000010"}, {}))
    assert book.bids.top(2) == (("99.0", "1.0"), ("98.50000000", "0.00000010"))
    assert book.asks.top(9) == (("101.0", "1.0"), ("102.0", "2.0"))


def test_sides_are_sequences(book: LocalBook) -> None:
    assert len(book.bids) == len(book.asks) == 2
    assert book.bids[-1] == (98, 2)
    assert book.asks[-1] == (102, 2)
    assert book.asks[:1] == [(101, 1)]
    with pytest.raises(IndexError):
        book.bids[2]


def test_diffs_wait_for_a_snapshot_and_those_it_contains_are_dropped() -> None:
    book = LocalBook()
    book.on_diff(diff(90, 95, {"90": "9"}, {}))
    book.on_diff(diff(96, 103, {"99": "5"}, {}))
    book.on_diff(diff(104, 104, {}, {"101": "6"}))
    assert not book.in_sync
    book.on_snapshot(snapshot(100, {"99": "1"}, {"101": "1"}))
    assert book.in_sync
    assert shown(book) == "5@99 | 6@101"
    assert book.last_update_id == 104


def test_a_diff_that_begins_right_after_the_snapshot_continues_it() -> None:
    """The ETH recording has it, although the published rule asks for lastUpdateId within [U; u]."""
    book = LocalBook()
    book.on_diff(diff(101, 103, {"99": "5"}, {}))
    book.on_snapshot(snapshot(100, {"99": "1"}, {"101": "1"}))
    assert book.in_sync
    assert shown(book) == "5@99 | 1@101"


def test_a_snapshot_older_than_the_diffs_is_not_used_and_a_newer_one_is() -> None:
    book = LocalBook()
    book.on_diff(diff(102, 103, {"99": "5"}, {}))
    book.on_snapshot(snapshot(100, {"99": "1"}, {"101": "1"}))
    assert not book.in_sync
    assert shown(book) == " | "
    book.on_snapshot(snapshot(101, {"99": "1"}, {"101": "1"}))
    assert book.in_sync
    assert shown(book) == "5@99 | 1@101"


def test_a_gap_loses_the_book_until_a_snapshot_reaches_the_diff_behind_it(book: LocalBook) -> None:
    book.on_diff(diff(102, 103, {"99": "5"}, {}))
    assert not book.in_sync
    assert shown(book) == " | "
    book.on_diff(diff(104, 104, {}, {"101": "6"}))
    book.on_snapshot(snapshot(100, {"1": "1"}, {"2": "1"}))
    assert not book.in_sync
    book.on_snapshot(snapshot(103, {"99": "5"}, {"101": "1"}))
    assert shown(book) == "5@99 | 6@101"


def test_what_was_told_already_changes_nothing(book: LocalBook) -> None:
    book.on_diff(diff(101, 101, {"99": "5"}, {}))
    book.on_diff(diff(90, 101, {"99": "1"}, {}))
    book.on_snapshot(snapshot(100, {"1": "1"}, {"2": "1"}))
    assert shown(book) == "5@99 2@98 | 1@101 2@102"


def test_a_diff_that_overlaps_what_was_told_is_applied(book: LocalBook) -> None:
    book.on_diff(diff(95, 101, {"99": "5"}, {}))
    assert book.in_sync
    assert book.last_update_id == 101


def test_a_newer_snapshot_replaces_the_book(book: LocalBook) -> None:
    book.on_snapshot(snapshot(200, {"50": "1"}, {"60": "1"}))
    assert shown(book) == "1@50 | 1@60"


def test_a_crossed_book_is_lost(book: LocalBook) -> None:
    book.on_diff(diff(101, 101, {"101": "1"}, {}))
    assert not book.in_sync
    book.on_snapshot(snapshot(102, {"102": "1"}, {"101": "1"}))
    assert not book.in_sync


def test_only_so_many_diffs_wait_and_then_an_old_snapshot_does_not_fit() -> None:
    book = LocalBook()
    for update in range(1, MAX_BUFFERED + 2):
        book.on_diff(diff(update, update, {}, {}))
    book.on_snapshot(snapshot(0, {"99": "1"}, {"101": "1"}))
    assert not book.in_sync
    book.on_snapshot(snapshot(1, {"99": "1"}, {"101": "1"}))
    assert book.last_update_id == MAX_BUFFERED + 1


GOOD = diff(101, 101, {"99": "7"}, {"101": "7"})


@pytest.mark.parametrize(
    "changes",
    [
        {"U": None},
        {"u": "101"},
        {"u": -1},
        {"U": 102},
        {"b": "99"},
        {"b": [["99"]]},
        {"b": [["99", "7", "1"]]},
        {"b": [["99", 7]]},
        {"b": [["-99", "7"]]},
        {"a": [["101", "-7"]]},
        {"a": [["101", "NaN"]]},
        {"a": [["1e2", "7"]]},
        {"a": [["0.00", "7"]]},
        {"a": [["Infinity", "7"]]},
        {"a": [["", "7"]]},
        {"a": [["101", "7"], ["102", "1_0"]]},
        {"a": [["9" * 21, "7"]]},
        {"a": [["101\n", "7"]]},
    ],
)
def test_a_malformed_diff_is_refused_whole(book: LocalBook, changes: dict[str, Any]) -> None:
    with pytest.raises(MalformedMessage):
        book.on_diff(GOOD | changes)
    assert shown(book) == "1@99 2@98 | 1@101 2@102"
    assert book.in_sync


def test_a_malformed_snapshot_is_refused_whole(book: LocalBook) -> None:
    for message in ({}, {"code": -1003, "msg": "Too many requests."}, snapshot(200, {"50": "1"}, {"60": "x"})):
        with pytest.raises(MalformedMessage):
            book.on_snapshot(message)
    assert shown(book) == "1@99 2@98 | 1@101 2@102"
