"""Orders by the real python-binance, against Binance over loopback: each is carried out once or not at all."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from msgspec.structs import replace

from data.binance import hedge
from data.binance.hedge import BinanceHedger, open_hedger
from data.binance.simulator.errors import Refusal, of_status
from data.binance.simulator.orders import API_KEY, API_SECRET
from engine.core.market import Asset, Market
from engine.core.types import BUY, SELL, AssetCode, Lots, Symbol, Ticks
from engine.ports import HedgeOrder, HedgeRefused, HedgeResult, HedgeUnknown
from tests.simulators.binance import BinanceSimulator

USDT, BTC = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8)
MARKET = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)
ORDER = HedgeOrder(
    "clobster-hedge-1", Symbol("BTCUSDT"), BUY, Lots(1_000), Ticks(6_200_000)
)  # 0.1 at 62,000.00 or less


@contextlib.asynccontextmanager
async def venue(secret: str = API_SECRET) -> AsyncIterator[tuple[BinanceSimulator, BinanceHedger]]:
    """Open a Binance whose book stands still half a second after the recording's beginning."""
    async with (
        BinanceSimulator(["BTCUSDT"], speed=100.0, first_s=0.6).serving() as binance,
        open_hedger(binance.rest_url, API_KEY, secret, [(MARKET, BTC, USDT)]) as hedger,
    ):
        await binance.ended.wait()
        yield binance, hedger


def has_traded(binance: BinanceSimulator, *, times: int = 1) -> None:
    """Assert that the account has bought 0.1 BTC so many times."""
    assert binance.orders.balances["BTC"] == 10 + times * Decimal("0.0999")
    assert len(binance.orders.orders) == times


async def test_an_order_trades_at_the_recorded_price() -> None:
    async with venue() as (binance, hedger):
        bought = await hedger.place(ORDER)
        has_traded(binance)
        ask = binance.venue.markets[ORDER.symbol].book.asks[0][0]
        spent = int(ask * 10**5)  # 0.1 of it, in atoms of 10**-6
        assert bought == HedgeResult(is_final=True, base=10**7, quote=spent, fee=-(-spent // 1000))
        assert await hedger.look_up(ORDER) == bought
        sale = replace(ORDER, client_id="clobster-hedge-2", side=SELL, price=Ticks(6_000_000))
        sold = await hedger.place(sale)
        assert (sold.is_final, sold.base) == (True, 10**7)
        assert sold.quote < bought.quote
        assert await hedger.look_up(sale) == sold


async def test_an_order_that_finds_no_price_ends_without_a_trade() -> None:
    async with venue() as (_, hedger):
        order = replace(ORDER, price=Ticks(6_000_000))
        nothing = HedgeResult(is_final=True, base=0, quote=0, fee=0)
        assert await hedger.place(order) == nothing
        assert await hedger.look_up(order) == nothing
        assert await hedger.cancel(order) == nothing


async def test_an_order_that_nobody_has_sent_is_not_known() -> None:
    async with venue() as (_, hedger):
        assert await hedger.look_up(ORDER) is None
        assert await hedger.cancel(ORDER) is None


async def test_what_has_not_traded_yet_can_be_cancelled() -> None:
    async with venue() as (binance, hedger):
        await hedger.place(replace(ORDER, price=Ticks(6_000_000)))
        binance.orders.orders[0].status = "NEW"  # as if it rested
        open_order = await hedger.look_up(replace(ORDER, price=Ticks(6_000_000)))
        assert open_order is not None
        assert not open_order.is_final
        cancelled = await hedger.cancel(replace(ORDER, price=Ticks(6_000_000)))
        assert cancelled is not None
        assert cancelled.is_final
        assert binance.orders.orders[0].status == "CANCELED"


async def test_a_lost_reply_leaves_open_what_a_look_up_tells() -> None:
    async with venue() as (binance, hedger):
        binance.orders.lose_replies = 1
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)
        found = await hedger.look_up(ORDER)
        assert found is not None
        assert (found.is_final, found.base) == (True, 10**7)
        has_traded(binance)


async def test_a_failure_after_the_order_was_carried_out_is_told_apart_from_a_refusal() -> None:
    async with venue() as (binance, hedger):
        binance.orders.fail_after = 1
        with pytest.raises(HedgeUnknown, match="-1007"):
            await hedger.place(ORDER)
        assert (await hedger.look_up(ORDER)) is not None
        has_traded(binance)


@pytest.mark.parametrize(
    "refusal",
    [
        Refusal(-1006, "An unexpected response was received from the message bus. Execution status unknown.", 400),
        Refusal(-1008, "Server is currently overloaded with other requests. Please try again later.", 503),
        Refusal(0, "Somebody between us and Binance", 403),
    ],
)
async def test_what_does_not_say_that_nothing_has_happened_leaves_it_open(refusal: Refusal) -> None:
    async with venue() as (binance, hedger):
        binance.orders.refusals = [refusal]
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)


async def test_less_than_an_atom_is_counted_against_us() -> None:
    async with venue() as (binance, hedger):
        bid = replace(ORDER, client_id="clobster-hedge-2", side=SELL, price=Ticks(6_000_000))
        for order, atoms in ((ORDER, 6_200_000_013), (bid, 6_200_000_012)):
            await hedger.place(order)
            for fill in binance.orders.orders[-1].fills:
                fill["price"] = "62000.00012500"
            found = await hedger.look_up(order)
            assert found is not None
            assert found.quote == atoms


async def test_a_failure_before_it_is_the_same_until_the_order_can_not_arrive_any_more() -> None:
    async with venue() as (binance, hedger):
        binance.orders.fail_before = 1
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)
        assert await hedger.look_up(ORDER) is None
        assert binance.orders.orders == []


async def test_an_answer_that_takes_too_long_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedge, "CALL_S", 0.3)
    async with venue() as (binance, hedger):
        binance.orders.delay_s = 0.6
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)
        assert await hedger.look_up(ORDER) is None  # still on its way
        await asyncio.sleep(0.5)
        has_traded(binance)
        assert (await hedger.look_up(ORDER)) is not None


async def test_an_order_that_comes_after_its_time_is_not_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hedge, "CALL_S", 0.2)
    monkeypatch.setattr(hedge, "RECV_WINDOW_MS", 100)
    async with venue() as (binance, hedger):
        binance.orders.delay_s = 0.4
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)
        await asyncio.sleep(0.5)
        assert binance.orders.orders == []


async def test_a_look_up_that_finds_nothing_yet_says_so() -> None:
    async with venue() as (binance, hedger):
        binance.orders.lose_replies = 1
        binance.orders.unseen = 2
        with pytest.raises(HedgeUnknown):
            await hedger.place(ORDER)
        assert [await hedger.look_up(ORDER) is None for _ in range(3)] == [True, True, False]
        assert hedger.life_s >= 15  # so long nobody may conclude that there is no order


async def test_a_duplicate_is_an_order_of_ours() -> None:
    async with venue() as (binance, hedger):
        await hedger.place(ORDER)
        binance.orders.orders[0].status = "NEW"  # as while it is being matched
        with pytest.raises(HedgeUnknown, match="Duplicate"):
            await hedger.place(ORDER)
        has_traded(binance)


async def test_a_name_that_stands_for_another_order_is_not_taken_for_ours() -> None:
    async with venue() as (_, hedger):
        await hedger.place(ORDER)
        with pytest.raises(HedgeUnknown, match="another order"):
            await hedger.look_up(replace(ORDER, quantity=Lots(2_000)))


@pytest.mark.parametrize("skew_ms", [60_000, -60_000])
async def test_a_clock_that_goes_wrong_costs_one_question_more(skew_ms: int) -> None:
    async with venue() as (binance, hedger):
        binance.rest.clock_skew_ms = skew_ms
        await hedger.place(ORDER)
        binance.rest.clock_skew_ms = -skew_ms
        await hedger.place(replace(ORDER, client_id="clobster-hedge-2"))
        has_traded(binance, times=2)


@pytest.mark.parametrize("status", [429, 418])
async def test_what_is_not_even_looked_at_is_refused(status: int) -> None:
    async with venue() as (binance, hedger):
        binance.orders.refusals = [of_status(status)]
        with pytest.raises(HedgeRefused, match="-1003"):
            await hedger.place(ORDER)
        assert binance.orders.orders == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"quantity": Lots(10_000_000)}, "insufficient balance"),
        ({"quantity": Lots(1), "price": Ticks(100)}, "NOTIONAL"),
        ({"symbol": Symbol("NOPEUSDT")}, "Invalid symbol"),
    ],
)
async def test_what_binances_rules_forbid_is_refused(change: dict[str, object], reason: str) -> None:
    nope = replace(MARKET, symbol=Symbol("NOPEUSDT"))
    async with (
        venue() as (binance, _),
        open_hedger(binance.rest_url, API_KEY, API_SECRET, [(MARKET, BTC, USDT), (nope, BTC, USDT)]) as hedger,
    ):
        binance.orders.balances["USDT"] = Decimal(10_000)
        with pytest.raises(HedgeRefused, match=reason):
            await hedger.place(replace(ORDER, **change))
        assert binance.orders.orders == []


async def test_a_wrong_secret_is_refused() -> None:
    async with venue("another secret") as (binance, hedger):
        with pytest.raises(HedgeRefused, match="Signature"):
            await hedger.place(ORDER)
        with pytest.raises(HedgeUnknown, match="Signature"):
            await hedger.look_up(ORDER)
        assert binance.orders.orders == []


async def test_a_binance_that_is_not_reached_has_no_order() -> None:
    async with venue() as (binance, _):
        url = binance.rest_url
    async with open_hedger(url, API_KEY, API_SECRET, [(MARKET, BTC, USDT)]) as hedger:
        with pytest.raises(HedgeRefused):
            await hedger.place(ORDER)
        with pytest.raises(HedgeUnknown):
            await hedger.look_up(ORDER)


async def test_a_fee_that_is_not_told_is_the_usual_one() -> None:
    async with venue() as (binance, hedger):
        bought = await hedger.place(ORDER)
        for fill in binance.orders.orders[0].fills:
            fill["commissionAsset"] = "BNB"  # of which there is no price here
        found = await hedger.look_up(ORDER)
        assert found is not None
        assert found.fee == -(-bought.quote // 1000)
