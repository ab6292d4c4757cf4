"""What the market maker quotes: one tick is 0.01 USDT, one lot 0.0001 BTC, ladders are lots@ticks."""

import pytest
from msgspec.structs import replace

from engine.core.types import Atoms
from engine.liquidity.external import Insane, read_touch
from engine.liquidity.quoting import Inventory, LadderSettings, ladder
from engine.ports import ExternalBook
from tests.engine.liquidity.markets import BTCUSDT, PAIRS, PLENTY, external, shown

FINE = LadderSettings(grid_ppm=0)  # every tick is on the grid


def quoted(book: ExternalBook, settings: LadderSettings = FINE, inventory: Inventory = PLENTY, *, lean: int = 0) -> str:
    read_touch(book, PAIRS["BTCUSDT"], 50_000)
    return shown(ladder(book, PAIRS["BTCUSDT"], settings, inventory, lean))


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


def test_levels_outside_the_markets_limits_are_left_out() -> None:
    assert quoted(external("1@0.20 1@0.009", "1@0.21")) == "10000@20 | 10000@21"
    assert quoted(external("1@99999999", "1@100000000 1@100000000.01")) == "10@9999999900 | 10@10000000000"
    market = replace(BTCUSDT, max_quantity=4_000)
    pair = replace(PAIRS["BTCUSDT"], market=market)
    assert shown(ladder(external("1@100", "1@101"), pair, FINE, PLENTY)) == "4000@10000 | 4000@10100"


def test_the_caps_of_a_level_and_of_a_side() -> None:
    book = external("8@100 8@99 8@98", "8@101 8@102 8@103")
    assert quoted(book, replace(FINE, level_size=Atoms(3 * 10**8), side_size=Atoms(5 * 10**8))) == (
        "30000@10000 20000@9900 | 30000@10100 20000@10200"
    )
    assert quoted(book, replace(FINE, side_value=1_000)) == (
        "80000@10000 20000@9900 200@9800 | 80000@10100 10000@10200 8000@10300"
    )


def test_both_sides_lean_up_to_be_sold_more_and_down_to_sell_more_but_never_beyond_the_edge() -> None:
    book = external("1@60000", "1@60001")
    marked_up = replace(FINE, markup_ppm=1_000)
    assert quoted(book, marked_up, lean=600) == "10000@5997600 | 10000@6009701"
    assert quoted(book, marked_up, lean=-600) == "10000@5990400 | 10000@6002501"
    assert quoted(book, marked_up, lean=5_000) == "10000@6000000 | 10000@6036101"
    assert quoted(book, replace(marked_up, least_edge_ppm=200, fee_ppm=300), lean=900) == (
        "10000@5997000 | 10000@6011501"
    )
    assert quoted(book, replace(marked_up, least_edge_ppm=-2_000), lean=1_500) == "10000@6003000 | 10000@6015101"


@pytest.mark.parametrize(
    "book",
    [
        external("", "1@101"),
        external("1@100", ""),
        external("", ""),
        external("1@101", "1@101"),
        external("1@102", "1@101"),
        external("1@99 1@100", "1@101"),
        external("1@100", "1@102 1@101"),
        external("1@100", "x@101"),
        external("0@100", "1@101"),
        external("1@100", "0.00000000@101"),
        external("1@100 0@99", "1@101"),
        external("-1@100", "1@101"),
        external("1@0", "1@101"),
        external("1@100", "1@NaN"),
        external("1@100.123456789", "1@101"),
        external("1@100", f"1@{'9' * 30}"),
        external("1@0.009", "1@0.0091"),
        external("1@100000000", "1@100000000.01"),
        external("1@100", "1@106"),
    ],
)
def test_a_book_that_is_one_sided_crossed_too_wide_outside_our_limits_or_not_understood_is_not_quoted(
    book: ExternalBook,
) -> None:
    with pytest.raises(Insane):
        quoted(book)


def test_best_prices_without_a_size_are_none() -> None:
    for book in (external("0@100", "1@101"), external("1@100", "0.00@101")):
        with pytest.raises(Insane):
            read_touch(book, PAIRS["BTCUSDT"], 50_000)
