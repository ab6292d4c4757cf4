"""What people write, and what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.refusals import AmbiguousNumber, NotUnderstood
from bot.wish import LONGEST, Wish, read
from engine.core.refusals import Refused
from engine.core.types import BUY, SELL

UNDERSTOOD = [
    ("0.5 btc", Wish(BUY, "0.5", "", "BTC", None)),
    ("0,5 btc", Wish(BUY, "0.5", "", "BTC", None)),
    ("0.5btc", Wish(BUY, "0.5", "", "BTC", None)),
    ("btc 0.5", Wish(BUY, "0.5", "", "BTC", None)),
    ("  0.5   BTC ", Wish(BUY, "0.5", "", "BTC", None)),
    ("1 BTCUSDT", Wish(BUY, "1", "", "BTCUSDT", None)),
    ("1 btc/usdt at 60000,5", Wish(BUY, "1", "", "BTC/USDT", "60000.5")),
    ("1 btc @60000", Wish(BUY, "1", "", "BTC", "60000")),
    ("btc 0.5 @ 60000", Wish(BUY, "0.5", "", "BTC", "60000")),
    ("100 usdt of eth", Wish(BUY, "100", "USDT", "ETH", None)),
    ("100 usdt eth", Wish(BUY, "100", "USDT", "ETH", None)),
    ("100usdt of eth@1900", Wish(BUY, "100", "USDT", "ETH", "1900")),
    ("all usdt of btc", Wish(BUY, None, "USDT", "BTC", None)),
    ("0,001 btc", Wish(BUY, "0.001", "", "BTC", None)),
    ("1,25 btc", Wish(BUY, "1.25", "", "BTC", None)),
    ("alles usdt von btc zu 60000", Wish(BUY, None, "USDT", "BTC", "60000")),
]

NOT_UNDERSTOOD = [
    "",
    "btc",
    "0.5",
    "0.5 btc 60000",
    "0.5 btc @",
    "0.5 btc @ x",
    "0.5 btc @ 1 @ 2",
    "-1 btc",
    "+1 btc",
    "1e5 btc",
    "nan btc",
    "1.2.3 btc",
    "1.000,50 btc",
    "٣ btc",
    "1 b",
    "0.5 usdt for btc",
    "1 btc; drop table orders",
    "all",
    "@ 5",
    "1 " + "b" * LONGEST,
]


@pytest.mark.parametrize(("text", "wish"), UNDERSTOOD)
def test_natural_forms_are_understood(text: str, wish: Wish) -> None:
    assert read(BUY, text) == wish


def test_everything_may_be_sold_at_a_price() -> None:
    assert read(SELL, "all sol @ 190") == Wish(SELL, None, "", "SOL", "190")


@pytest.mark.parametrize("text", NOT_UNDERSTOOD)
def test_what_is_no_order_is_not_guessed(text: str) -> None:
    with pytest.raises(NotUnderstood):
        read(BUY, text)


@pytest.mark.parametrize("text", ["1,000 btc", "999,999 usdt of eth", "1 btc @ 60,000"])
def test_a_comma_that_may_stand_for_thousands_is_asked_about(text: str) -> None:
    with pytest.raises(AmbiguousNumber):
        read(BUY, text)


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        wish = read(SELL, text)
    except Refused:
        return
    assert wish.market.isascii()
    assert wish.amount is None or wish.amount.replace(".", "").isdecimal()
