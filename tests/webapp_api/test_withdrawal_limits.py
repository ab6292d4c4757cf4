"""How much may leave: of an account, by its worth, and of the house."""

import asyncio

import pytest

from clobster import withdrawing
from clobster.config import Settings
from clobster.markets import load
from engine.core.types import AssetCode, Atoms, Symbol
from engine.market_data.reference_price import ReferencePrice
from engine.market_data.valuation import Valuation
from engine.settlement.types import BatchState
from tests.webapp_api.house import BTCUSDT, ETHUSDT, FREELY, House
from tests.webapp_api.payouts import MINT, WITHDRAWALS, Desk
from tests.webapp_api.test_withdrawals import choose


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def test_the_days_limit_counts_what_is_pending_and_what_has_left(desk: Desk) -> None:
    choose(desk, day_limits={"USDT": Atoms(250_000_000)}, most_open=100)
    ada, wallet = await desk.ada()
    first = await desk.confirmed(ada, wallet)
    await desk.ask(ada)
    refused = await desk.ask(ada)
    assert refused.problem == (429, "day_limit")
    assert refused.body["error"]["details"] == {"asset": "USDT", "limit": "250.000000", "left": "50.000000"}
    await desk.payouts.round()
    await desk.chain.go_on(first, BatchState.SETTLED)
    await desk.payouts.round()
    assert (await desk.ask(ada)).problem == (429, "day_limit")  # one has left, one waits
    canceled = (await desk.ask(ada, amount="50")).body["id"]
    assert (await desk.ask(ada, amount="5")).problem == (429, "day_limit")
    await ada.delete(f"{WITHDRAWALS}/{canceled}")
    assert (await desk.ask(ada, amount="50")).status == 201
    ada = await desk.later(1, 24.1)
    assert (await desk.ask(ada, amount="100")).status == 201  # 100 has left long ago; 150 still waits
    assert (await desk.ask(ada, amount="5")).problem == (429, "day_limit")


async def test_limits_hold_however_many_come_at_once(desk: Desk) -> None:
    choose(desk, day_limits={"USDT": Atoms(350_000_000)}, most_open=3)
    ada, _ = await desk.ada()
    answers = await asyncio.gather(*(desk.ask(ada) for _ in range(30)))
    assert [answer.status for answer in answers].count(201) == 3
    assert {answer.problem for answer in answers if answer.status != 201} == {(429, "too_many_withdrawals")}


async def test_all_that_leaves_in_a_day_is_bounded_by_its_worth(desk: Desk) -> None:
    choose(desk, day_value=Atoms(150))
    desk.house.deps.withdrawals._value = lambda _code, atoms: atoms // 1_000_000
    ada, _ = await desk.ada()
    assert (await desk.ask(ada)).status == 201
    assert (await desk.ask(ada)).problem == (429, "day_limit")
    assert (await desk.ask(ada, amount="50")).status == 201


async def test_trading_with_oneself_at_a_low_price_makes_no_withdrawal_look_small(desk: Desk) -> None:
    house, deps = desk.house, desk.house.deps
    valuation = Valuation(deps.market_data, deps.assets, [BTCUSDT, ETHUSDT], AssetCode("USDT"))
    settings, clock = Settings(withdrawal_day_value=60_000, withdrawal_delay_h=0), house.clock
    deps.withdrawals._value = withdrawing.build(
        settings, load(), house.store, deps.queries, deps.sequencer, deps.assets, valuation, clock
    )._value
    desk.chain.mint = lambda _asset: MINT  # type: ignore[method-assign]
    choose(desk, day_value=Atoms(60_000 * 10**6))
    ada, _ = await desk.ada(usdt=200_000)
    assert ada.id is not None
    await house.deposit(ada.id, AssetCode("BTC"), 10)

    async def trades_with_himself(price: str) -> None:
        other = await house.person(2, USDT=100_000)
        assert (await ada.place(side="sell", price=price)).status == 201
        assert (await other.place(side="buy", price=price)).status == 201

    await trades_with_himself("50000.00")
    await trades_with_himself("1.00")
    assert (await desk.ask(ada, asset="BTC", amount="2")).problem == (429, "day_limit")
    assert (await desk.ask(ada, asset="BTC", amount="1")).status == 201
    deps.market_data.on_reference(ReferencePrice(Symbol("BTCUSDT"), "60000.01", None, None, clock()))
    assert (await desk.ask(ada, asset="BTC", amount="0.00000001")).problem == (429, "day_limit")
    deps.market_data.on_reference(ReferencePrice(Symbol("BTCUSDT"), "30000.00", None, None, clock()))
    assert (await desk.ask(ada, asset="BTC", amount="1")).status == 201


async def test_what_has_no_price_and_no_limit_of_its_own_waits_for_administrators(desk: Desk) -> None:
    desk.house.deps.withdrawals._value = lambda _code, _atoms: None
    needed = []
    for rules in ({}, {"day_value": Atoms(150)}, {"day_value": Atoms(150), "day_limits": {"USDT": Atoms(10**12)}}):
        choose(desk, **rules)
        ada, wallet = await desk.ada()
        needed.append((await desk.seen(ada, await desk.confirmed(ada, wallet)))["approvals_needed"])
    assert needed == [0, 2, 0]


async def test_what_our_keys_pay_out_in_a_day_is_bounded_and_the_rest_waits_in_its_order(desk: Desk) -> None:
    choose(desk, house_day_limits={"USDT": Atoms(250_000_000)}, fees={"USDT": Atoms(1_000_000)}, most_open=100)
    (ada, hers), (ben, his) = await desk.ada(), await desk.ada(telegram_id=2, wallet=2)
    refused = await desk.ask(ada, amount="251")
    assert refused.problem == (429, "day_limit")
    assert refused.body["error"]["details"] == {"asset": "USDT", "limit": "250.000000", "left": "250.000000"}

    first, second = await desk.confirmed(ada, hers), await desk.confirmed(ben, his, amount="152")
    third, small = await desk.confirmed(ada, hers, amount="50"), await desk.confirmed(ben, his, amount="2")
    await desk.payouts.round()  # 99 and 151 leave, the fees stay
    assert [await desk.state(ada, first), await desk.state(ben, second)] == ["batched", "batched"]
    for person, number in ((ada, third), (ben, small)):
        seen = await desk.seen(person, number)
        assert (seen["state"], seen["waits_for"]) == ("approved", "house_limit")

    await desk.chain.go_on(second, BatchState.FAILED)  # it has not left; it is the next again, and the oldest
    await desk.payouts.round()
    assert (await desk.state(ben, second), await desk.state(ada, third)) == ("batched", "approved")
    for number in (first, second):
        await desk.chain.go_on(number, BatchState.SETTLED)
    for _ in range(2):
        await desk.payouts.round()
    assert (await desk.state(ada, first), await desk.state(ada, third)) == ("completed", "approved")

    ada = await desk.later(1, 23.9)
    await desk.payouts.round()
    assert await desk.state(ada, third) == "approved"
    ada, ben = await desk.later(1, 0.2), await desk.later(2, 0)
    await desk.payouts.round()
    assert [await desk.state(ada, third), await desk.state(ben, small)] == ["batched", "batched"]


async def test_a_small_withdrawal_does_not_overtake_one_that_the_days_limit_holds_up(desk: Desk) -> None:
    choose(desk, house_day_limits={"USDT": Atoms(150_000_000)}, most_open=100)
    ada, wallet = await desk.ada()
    numbers = [await desk.confirmed(ada, wallet, amount=amount) for amount in ("100", "100", "10")]
    await desk.payouts.round()
    assert [await desk.state(ada, number) for number in numbers] == ["batched", "approved", "approved"]


async def test_withdrawals_have_a_rate_limit_of_their_own(desk: Desk) -> None:
    assert (await desk.house.nobody.post(WITHDRAWALS, {})).problem == (401, "unauthorized")
    ada, _ = await desk.ada()
    answer = await desk.ask(ada)
    assert int(answer.headers["RateLimit-Limit"]) == FREELY[next(iter(FREELY))].burst


def test_money_of_another_asset_has_limits_of_its_own() -> None:
    from engine.withdrawals.rules import Rules, approvals_needed, check_limits

    def unpriced(_code: AssetCode, _atoms: Atoms) -> None:
        return None

    chosen = Rules(day_limits={AssetCode("BTC"): Atoms(5)}, approval_above={AssetCode("BTC"): Atoms(5)})
    check_limits(AssetCode("USDT"), Atoms(10**9), 0, {AssetCode("BTC"): Atoms(5)}, chosen, unpriced)
    assert approvals_needed(AssetCode("USDT"), Atoms(10**9), chosen, unpriced) == 0
    assert [approvals_needed(AssetCode("BTC"), Atoms(amount), chosen, unpriced) for amount in (5, 6)] == [0, 2]
