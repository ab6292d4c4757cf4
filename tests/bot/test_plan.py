"""What an order comes to, counted by hand."""

import pytest

from bot.plan import Plan, check_funds, estimate, plan
from bot.refusals import AllOfWhat, LessThanALot, NothingOffered, NothingToSell, NotUnderstood, ThinBook
from bot.wish import read
from engine.core.decimals import OffLot, OffTick
from engine.core.refusals import InsufficientFunds, InvalidPrice, InvalidQuantity, Refused, UnknownSymbol
from engine.core.types import BUY, SELL, AssetCode, Atoms, Lots, Side, Ticks
from engine.market_data.depth import Level
from tests.webapp_api.house import MARKETS

BTC, USDT = AssetCode("BTC"), AssetCode("USDT")
RICH = {BTC: Atoms(2 * 10**8 + 5), USDT: Atoms(10**12)}
BOOK = MARKETS["BTCUSDT"]


def level(price: str, quantity: str) -> Level:
    return BOOK.price(price), BOOK.quantity(quantity)


ASKS = [level("100", "1"), level("110", "2")]
BIDS = [level("99", "1"), level("90", "2")]


def planned(side: Side, text: str) -> Plan:
    return plan(read(side, text), MARKETS, RICH)


def test_a_market_order_by_quantity_walks_the_book() -> None:
    come_to = estimate(planned(BUY, "2 btc"), BIDS, ASKS)
    assert come_to.quantity == 20_000  # lots of 0.0001
    assert come_to.notional == 210 * 10**6
    assert come_to.fee == 2 * 10**8 // 1000  # the taker's 0.1 %, of what is received
    assert come_to.doubts == ("off_price",)  # 105 on average, and the best is 100


def test_a_market_order_by_money_spends_no_more_than_that() -> None:
    come_to = estimate(planned(BUY, "155 usdt of btc"), BIDS, ASKS)
    assert come_to.quantity == 15_000
    assert come_to.notional == 155 * 10**6
    assert estimate(planned(SELL, "99,5 usdt of btc"), BIDS, ASKS).notional <= 99_500_000


def test_a_price_of_ones_own_pays_the_makers_fee_where_it_waits_and_the_takers_where_it_does_not() -> None:
    waits = estimate(planned(SELL, "1 btc @ 200"), BIDS, ASKS)
    assert (waits.notional, waits.fee, waits.doubts) == (200 * 10**6, 100_000, ())
    takes = estimate(planned(SELL, "1 btc @ 98,5"), BIDS, ASKS)
    assert (takes.notional, takes.fee, takes.doubts) == (98_500_000, 98_500, ())


@pytest.mark.parametrize(("side", "text"), [(BUY, "1 btc @ 103"), (SELL, "1 btc @ 97")])
def test_a_price_that_is_much_worse_than_the_best_is_asked_about_twice(side: Side, text: str) -> None:
    assert estimate(planned(side, text), BIDS, ASKS).doubts == ("off_price",)


def test_a_large_order_is_asked_about_twice() -> None:
    assert estimate(planned(BUY, "99.99 btc @ 100"), BIDS, ASKS).doubts == ()
    assert estimate(planned(BUY, "100 btc @ 100"), BIDS, ASKS).doubts == ("large",)


def test_money_at_a_price_and_everything_are_cut_to_whole_lots() -> None:
    assert planned(BUY, "100 usdt of btc @ 3").quantity == 333_333
    assert planned(SELL, "all btc").quantity == 20_000
    assert planned(BUY, "all usdt of btc").quote_quantity == 10**12


@pytest.mark.parametrize(
    ("side", "text", "refusal"),
    [
        (BUY, "1 doge", UnknownSymbol),
        (BUY, "1 eth of btc", NotUnderstood),
        (BUY, "all btc", AllOfWhat),
        (SELL, "all usdt of btc", AllOfWhat),
        (SELL, "all eth", NothingToSell),
        (BUY, "0.00001 btc", OffLot),
        (BUY, "0 btc", InvalidQuantity),
        (BUY, "0 usdt of btc", InvalidQuantity),
        (BUY, "1 btc @ 0", InvalidPrice),
        (BUY, "1 btc @ 1.001", OffTick),
        (BUY, "0.000001 usdt of btc @ 100", LessThanALot),
        (BUY, "9999999 btc", InvalidQuantity),
    ],
)
def test_nonsense_is_refused_before_there_is_a_card(side: Side, text: str, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        planned(side, text)


def test_what_the_book_does_not_have_is_refused() -> None:
    with pytest.raises(ThinBook):
        estimate(planned(BUY, "3.0001 btc"), BIDS, ASKS)
    with pytest.raises(NothingOffered):
        estimate(planned(BUY, "1 btc"), BIDS, [])
    with pytest.raises(LessThanALot):
        estimate(planned(BUY, "0.009999 usdt of btc"), BIDS, ASKS)


def test_what_the_account_cant_pay_is_refused() -> None:
    buy, sell = planned(BUY, "1 btc"), planned(SELL, "1 btc")
    check_funds(buy, estimate(buy, BIDS, ASKS), {USDT: Atoms(100 * 10**6)})
    check_funds(sell, estimate(sell, BIDS, ASKS), {BTC: Atoms(10**8)})
    for order, have in ((buy, {USDT: Atoms(100 * 10**6 - 1)}), (sell, {BTC: Atoms(10**8 - 1)}), (buy, {})):
        with pytest.raises(InsufficientFunds):
            check_funds(order, estimate(order, BIDS, ASKS), have)


def test_a_price_that_has_got_worse_is_noticed_and_one_that_has_got_better_is_not() -> None:
    buy, sell = planned(BUY, "1 btc"), planned(SELL, "1 btc")
    for order, worse, better in ((buy, "101", "98"), (sell, "98", "101")):
        before = estimate(order, BIDS, ASKS)
        assert estimate(order, [level(worse, "1")], [level(worse, "1")]).worse_than(before, order.side)
        assert not estimate(order, [level(better, "1")], [level(better, "1")]).worse_than(before, order.side)
        assert not before.worse_than(before, order.side)


def test_units_are_what_the_market_says() -> None:
    order = planned(BUY, "0.5 btc @ 60000")
    assert (order.quantity, order.price) == (Lots(5_000), Ticks(6_000_000))
