"""Decimal strings are integers or refusals, never rounded."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.decimals import (
    MalformedNumber,
    MarketDecimals,
    OffLot,
    OffTick,
    TooLarge,
    TooPrecise,
    parse,
    places,
    show,
    show_plain,
)
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import MAX_ATOMS, AssetCode, Atoms, Lots, Ticks

BTC, USDT = Asset(AssetCode("BTC"), 8), Asset(AssetCode("USDT"), 6)
DECIMALS = MarketDecimals(Market.of("BTCUSDT", BTC, USDT, tick_atoms=10_000, lot_atoms=10_000), BTC, USDT)


@pytest.mark.parametrize(
    ("text", "ticks"),
    [
        ("61837.63", 6183763),
        ("61837.630", 6183763),
        ("61837.6", 6183760),
        ("1", 100),
        ("0.01", 1),
        ("007", 700),
        ("0", 0),
    ],
)
def test_a_price_is_a_number_of_ticks(text: str, ticks: int) -> None:
    assert DECIMALS.price(text) == ticks


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e5",
            "1E-2",
            "NaN",
            "Infinity",
            "inf",
            "0x10",
            "1_000",
            "1,5",
            "1.2.3",
        ),
        *(" 1", "1 ", "1\n", "\u0661", "\uff11", "\u00b2", "1\x00", "--1", "1" * 20 + "." + "1" * 21, "null", "True"),
    ],
)
def test_what_is_not_a_plain_decimal_is_refused(text: str) -> None:
    for read in (DECIMALS.price, DECIMALS.quantity, DECIMALS.quote_amount):
        with pytest.raises(MalformedNumber):
            read(text)


@pytest.mark.parametrize("text", ["1" + "0" * 30, "9" * 20, "1" * 21, "1" * 10_000, "1" * 25 + ".5"])
def test_what_is_larger_than_anything_is_refused(text: str) -> None:
    for read in (DECIMALS.price, DECIMALS.quantity, DECIMALS.quote_amount):
        with pytest.raises(TooLarge):
            read(text)


@pytest.mark.parametrize("text", ["0.001", "61837.631", "0.0000001", "1.00000000000000000001"])
def test_a_price_between_two_ticks_is_refused(text: str) -> None:
    with pytest.raises(OffTick) as refused:
        DECIMALS.price(text)
    assert refused.value.details == {"tick": "0.01"}


@pytest.mark.parametrize("text", ["0.00001", "1.00005", "0.000000001"])
def test_a_quantity_between_two_lots_is_refused(text: str) -> None:
    with pytest.raises(OffLot) as refused:
        DECIMALS.quantity(text)
    assert refused.value.details == {"lot": "0.0001"}


def test_an_amount_with_more_decimals_than_the_asset_is_refused() -> None:
    assert DECIMALS.quote_amount("1.0000010") == 1_000_001
    with pytest.raises(TooPrecise):
        DECIMALS.quote_amount("1.0000001")


@given(st.integers(0, MAX_ATOMS - 1), st.integers(0, 18))
def test_what_is_written_reads_back_the_same(value: int, decimals: int) -> None:
    assert parse(show(value, decimals), decimals) == value
    assert parse(show_plain(value, decimals), decimals) == value


@given(st.integers(-MAX_ATOMS, -1), st.integers(0, 18))
def test_what_is_below_zero_is_written_with_a_sign(value: int, decimals: int) -> None:
    assert show(value, decimals) == "-" + show(-value, decimals)


@given(st.integers(0, 10**12))
def test_prices_and_quantities_read_back_the_same(value: int) -> None:
    assert DECIMALS.price(DECIMALS.show_price(Ticks(value))) == value
    assert DECIMALS.quantity(DECIMALS.show_quantity(Lots(value))) == value
    assert DECIMALS.quote_amount(DECIMALS.show_quote(Atoms(value))) == value


@given(st.text(alphabet="0123456789.eE+-_ \u0661", max_size=30) | st.text(max_size=10))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    for read in (DECIMALS.price, DECIMALS.quantity, DECIMALS.quote_amount):
        with suppress(Refused):
            assert 0 <= read(text) < MAX_ATOMS


def test_numbers_have_as_many_decimals_as_the_market() -> None:
    assert DECIMALS.show_price(Ticks(6183763)) == "61837.63"
    assert DECIMALS.show_price(Ticks(5)) == "0.05"
    assert DECIMALS.show_quantity(Lots(100)) == "0.0100"
    assert DECIMALS.show_base(Atoms(1)) == "0.00000001"
    assert DECIMALS.show_quote(Atoms(1_500_000)) == "1.500000"
    assert show_plain(1_500_000, 6) == "1.5"
    assert show_plain(1_000_000, 6) == "1"
    assert show_plain(100, 0) == "100"


def test_a_unit_needs_so_many_decimals() -> None:
    assert places(10_000, 8) == 4
    assert places(1, 8) == 8
    assert places(25, 2) == 2
    assert places(10**9, 8) == 0


def test_an_average_price_is_cut() -> None:
    assert DECIMALS.average_price(Atoms(0), Lots(0)) is None
    # One lot at 100.00 and two at 100.01: 100.00666...
    assert DECIMALS.average_price(Atoms(10_000 + 2 * 10_001), Lots(3)) == "100.0066"
