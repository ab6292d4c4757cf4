"""What the market maker quotes: one tick is 0.01 USDT, one lot 0.0001 BTC, ladders are lots@ticks."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.core.types import Atoms
from engine.liquidity.quoting import NOTHING, Inventory, Ladder, LadderSettings, ladder
from engine.ports import ExternalBook
from tests.engine.liquidity.markets import BTCUSDT, PAIRS, PLENTY, external, shown

FINE = LadderSettings(grid_ppm=0)  # every tick is on the grid


def quoted(book: ExternalBook, settings: LadderSettings = FINE, inventory: Inventory = PLENTY) -> str:
    return shown(ladder(book, PAIRS["BTCUSDT"], settings, inventory))


def test_the_ladder_is_the_venues_book() -> None:
    assert quoted(external("0.5@60000.00 1@59999.99", "0.25@60000.01 2@60000.03")) == (
        "5000@6000000 10000@5999999 | 2000@6000001 10000@6000003"
    )


def test_prices_are_rounded_away_from_the_market() -> None:
    assert quoted(external("1@60000.009", "1@60000.011")) == "10000@6000000 | 10000@6000002"


def test_levels_that_fall_on_one_tick_are_added_up() -> None:
    assert quoted(external("0.3@100.009 0.4@100.001 0.2@100.00", "1@101")) == "9000@10000 | 10000@10100"


def test_sizes_are_cut_to_a_lot_and_to_one_leading_digit() -> None:
    assert quoted(external("0.00059@100 3.789@99", "0.0129@101")) == "5@10000 30000@9900 | 100@10100"


def test_what_is_less_than_a_lot_goes_on_to_the_next_worse_price() -> None:
    assert quoted(external("0.00006@100 0.00006@99 1@98", "0.00001@101")) == "1@9900 10000@9800 | "


def test_deeper_levels_gather_on_the_grid_behind_the_first() -> None:
    grid = LadderSettings(grid_ppm=1_000)  # 60000.00 -> 60.00, cut to 50.00
    assert quoted(
        external("0.5@60012 0.5@60011 0.5@60000 0.5@59999 0.5@59950", "0.5@60013 0.5@60040 0.5@60051"), grid
    ) == ("5000@6001200 10000@6000000 10000@5995000 | 5000@6001300 5000@6005000 5000@6010000")


def test_the_markup_moves_both_sides_away() -> None:
    assert quoted(external("1@60000", "1@60001"), replace(FINE, markup_ppm=1_000)) == "10000@5994000 | 10000@6006101"


def test_the_size_scale_and_the_most_that_a_level_may_be_worth() -> None:
    book = external("8@100 8@99", "0.0008@101")
    assert quoted(book, replace(FINE, size_ppm=500_000)) == "40000@10000 40000@9900 | 4@10100"
    assert quoted(book, replace(FINE, level_value=250)) == "20000@10000 20000@9900 | 8@10100"


def test_no_more_levels_than_set() -> None:
    assert quoted(external("1@100 1@99 1@98", "1@101 1@102"), replace(FINE, levels=2)) == (
        "10000@10000 10000@9900 | 10000@10100 10000@10200"
    )


def test_the_best_levels_get_the_funds_first() -> None:
    poor = replace(PLENTY, quote=Atoms(150_000_000), base=Atoms(120_000_000))  # 150 USDT, 1.2 BTC
    assert quoted(external("1@100 1@99", "0.7@101 1@102 1@103"), inventory=poor) == (
        "10000@10000 5000@9900 | 7000@10100 5000@10200"
    )


def test_without_funds_of_one_kind_only_the_other_side_is_quoted() -> None:
    book = external("1@100", "1@101")
    assert quoted(book, inventory=replace(PLENTY, quote=Atoms(0))) == " | 10000@10100"
    assert quoted(book, inventory=replace(PLENTY, base=Atoms(9_999))) == "10000@10000 | "


def test_no_more_is_bought_or_sold_than_there_is_room_for() -> None:
    full = replace(PLENTY, base_room=Atoms(30_000_000), quote_room=Atoms(40_400_000))  # 0.3 BTC, 40.4 USDT
    assert quoted(external("1@100", "1@101"), inventory=full) == "3000@10000 | 4000@10100"


def test_nothing_outside_the_markets_limits() -> None:
    assert quoted(external("1@0.009", "1@101")) == " | 10000@10100"
    assert quoted(external("1@100", "1@100000000.01")) == "10000@10000 | "
    market = replace(BTCUSDT, max_quantity=4_000)
    pair = replace(PAIRS["BTCUSDT"], market=market)
    assert shown(ladder(external("1@100", "1@101"), pair, FINE, PLENTY)) == "4000@10000 | 4000@10100"


@pytest.mark.parametrize(
    "book",
    [
        external("1@100", "1@101", in_sync=False),
        external("", "1@101"),
        external("1@100", ""),
        external("", ""),
        external("1@101", "1@101"),
        external("1@102", "1@101"),
        external("1@99 1@100", "1@101"),
        external("1@100", "1@102 1@101"),
        external("1@100", "x@101"),
        external("-1@100", "1@101"),
        external("1@100", "1@NaN"),
        external("1@100.123456789", "1@101"),
        external("1@100", f"1@{'9' * 30}"),
    ],
)
def test_a_book_that_is_lost_one_sided_crossed_or_not_understood_is_not_quoted(book: ExternalBook) -> None:
    assert ladder(book, PAIRS["BTCUSDT"], FINE, PLENTY) == NOTHING


def decimal(units: int) -> str:
    return f"{units // 10**8}.{units % 10**8:08d}"


def levels(prices: list[int], sizes: list[int]) -> tuple[tuple[str, str], ...]:
    return tuple((decimal(price), decimal(size)) for price, size in zip(prices, sizes, strict=False))


@st.composite
def books(draw: st.DrawFn) -> ExternalBook:
    middle = draw(st.integers(10**6, 10**13))
    width = draw(st.sampled_from([5, 10**4, 10**6, 10**9]))
    steps = st.lists(st.integers(1, width), min_size=1, max_size=30)
    sizes = st.lists(st.integers(0, draw(st.sampled_from([10**4, 10**7, 10**10]))), min_size=30, max_size=30)
    bids, asks = [middle], [middle]
    for step in draw(steps):
        bids.append(max(0, bids[-1] - step))
    for step in draw(steps):
        asks.append(asks[-1] + step)
    bids = sorted(set(bids[1:]), reverse=True)
    return replace(external("", ""), bids=levels(bids, draw(sizes)), asks=levels(asks[1:], draw(sizes)))


amounts = st.one_of(st.integers(0, 10**9), st.integers(0, 10**17)).map(Atoms)
inventories = st.builds(Inventory, amounts, amounts, amounts, amounts)
ladder_settings = st.builds(
    LadderSettings,
    levels=st.integers(0, 20),
    markup_ppm=st.sampled_from([0, 1, 500, 20_000]),
    size_ppm=st.sampled_from([1, 300_000, 1_000_000, 2_500_000]),
    grid_ppm=st.sampled_from([0, 7, 150, 10_000]),
    level_value=st.sampled_from([0, 1, 1_000, 100_000]),
)


def sums(side: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (price, what there is at this price or better)."""
    total, told = 0, []
    for price, size in side:
        total += size
        told.append((price, total))
    return told


@settings(max_examples=200, deadline=None)
@given(books(), inventories, ladder_settings)
def test_whatever_the_book_the_ladder_is_sound(
    book: ExternalBook, inventory: Inventory, settings: LadderSettings
) -> None:
    result = ladder(book, PAIRS["BTCUSDT"], settings, inventory)
    assert result == ladder(book, PAIRS["BTCUSDT"], settings, inventory)
    for side in (result.bids, result.asks):
        assert len(side) <= settings.levels
        assert all(price > 0 and lots > 0 for price, lots in side)
        assert all(price * lots * BTCUSDT.unit_atoms <= settings.level_value * 10**6 for price, lots in side)
    assert all(better > worse for (better, _), (worse, _) in pairwise(result.bids))
    assert all(better < worse for (better, _), (worse, _) in pairwise(result.asks))
    if result.bids and result.asks:
        assert result.bids[0][0] < result.asks[0][0]
    needs = result.needs(BTCUSDT)
    assert needs["BTC"] <= inventory.base
    assert needs["USDT"] <= inventory.quote
    assert sum(lots for _, lots in result.bids) * BTCUSDT.lot_atoms <= inventory.base_room
    assert sum(BTCUSDT.notional(*level) for level in result.asks) <= inventory.quote_room
    check_no_better_than(book, result, settings)


def check_no_better_than(book: ExternalBook, result: Ladder, settings: LadderSettings) -> None:
    """Assert that at every price, marked up, the venue has at least as much at that price or better."""
    tick, lot = 10**6, 10**4  # in 10**-8
    for ours, theirs, sign in ((result.bids, book.bids, 1), (result.asks, book.asks, -1)):
        venue = sums((int(p.replace(".", "")), int(q.replace(".", ""))) for p, q in theirs)
        for price, lots in sums(iter(ours)):
            marked = [
                total
                for at, total in venue
                if at * (10**6 - sign * settings.markup_ppm) * sign >= price * tick * 10**6 * sign
            ]
            assert marked, "a price that is better than any of the venue's"
            assert lots * lot * 10**6 <= marked[-1] * settings.size_ppm
