"""Races for the same money: whoever comes first has it, the others are told so, and no atom is spent twice."""

import asyncio

from engine.core.commands import CancelOrder, RequestWithdrawal
from engine.core.events import WithdrawalChanged
from engine.core.refusals import InsufficientFunds
from engine.core.types import AssetCode, Atoms, OrderId
from tests.webapp_api.house import LIMIT, House

ALL = {"price": "50000.00", "quantity": "0.0200"}  # 1000 USDT
SELL = LIMIT | {"side": "sell"}


async def test_the_same_money_is_spent_once_however_many_orders_come_at_once(house: House) -> None:
    ada = await house.person(1, USDT=1000)
    answers = await asyncio.gather(*(ada.place(**ALL) for _ in range(60)))
    assert sorted({answer.status for answer in answers}) == [201, 409]
    assert [answer.status for answer in answers].count(201) == 1
    assert {answer.problem[1] for answer in answers if answer.status != 201} == {"insufficient_funds"}
    assert await ada.balances() == {"USDT": ("0.000000", "1000.000000")}


async def test_cancelling_races_a_fill_and_the_order_is_one_or_the_other(house: House) -> None:
    ada, bob = await house.person(1, USDT=10_000), await house.person(2, BTC=1)
    filled = 0
    for round_ in range(20):
        order = (await ada.place()).body
        assert ada.id is not None
        selling = asyncio.create_task(bob.post("/api/trading/orders", SELL | {"time_in_force": "ioc"}))
        for _ in range(10 * round_):  # from long before the other to right after it
            await asyncio.sleep(0)
        if round_ == 19:
            await selling
        canceling = house.deps.sequencer.submit(CancelOrder(house.clock(), ada.id, OrderId(order["id"])))
        await asyncio.gather(selling, canceling, return_exceptions=True)
        found = (await ada.get(f"/api/trading/orders/{order['id']}")).body
        assert (found["status"], found["filled_quantity"]) in {("filled", "0.0100"), ("canceled", "0.0000")}
        filled += found["status"] == "filled"
    assert 0 < filled < 20, "it was no race"
    spent = await ada.balances()
    assert spent["USDT"] == (f"{10_000 - 500 * filled}.000000", "0.000000")


async def test_an_order_races_a_withdrawal_of_the_same_money_and_one_of_them_has_it(house: House) -> None:
    for number in range(10):
        ada = await house.person(number + 1, USDT=1000)
        assert ada.id is not None
        wanted = RequestWithdrawal(
            at=house.clock(), user=ada.id, asset=AssetCode("USDT"), amount=Atoms(10**9), address="x"
        )
        withdrawing = house.deps.sequencer.submit(wanted) if number % 2 else None
        placing = asyncio.create_task(ada.place(**ALL))
        if withdrawing is None:
            await asyncio.sleep(0)
            withdrawing = house.deps.sequencer.submit(wanted)
        answer, given = await asyncio.gather(placing, withdrawing, return_exceptions=True)
        assert not isinstance(answer, BaseException)
        assert (answer.status == 201) is isinstance(given, InsufficientFunds)
        assert await ada.balances() == {"USDT": ("0.000000", "1000.000000")}


async def test_cancelling_an_order_races_the_withdrawal_of_what_it_held(house: House) -> None:
    outcomes = set()
    for number in range(20):
        ada = await house.person(number + 1, USDT=1000)
        assert ada.id is not None
        order = (await ada.place(**ALL)).body["id"]
        canceling = asyncio.create_task(ada.delete(f"/api/trading/orders/{order}"))
        for _ in range(10 * number):  # from long before the other to right after it
            await asyncio.sleep(0)
        if number == 19:
            await canceling
        wanted = RequestWithdrawal(
            at=house.clock(), user=ada.id, asset=AssetCode("USDT"), amount=Atoms(10**9), address="x"
        )
        withdrawing = house.deps.sequencer.submit(wanted)
        canceled, given = await asyncio.gather(canceling, withdrawing, return_exceptions=True)
        assert not isinstance(canceled, BaseException)
        assert canceled.body["status"] == "canceled"
        left = isinstance(given, list) and isinstance(given[0], WithdrawalChanged)
        assert left or isinstance(given, InsufficientFunds)
        assert await ada.balances() == {"USDT": ("0.000000", "1000.000000") if left else ("1000.000000", "0.000000")}
        outcomes.add(left)
    assert outcomes == {True, False}, "it was no race"
