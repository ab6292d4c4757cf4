"""Withdrawals on their way out: what holds them up, what fails, and cancelling against signing."""

import asyncio

import pytest

from engine.core.commands import CancelWithdrawal
from engine.core.types import Atoms, WithdrawalId
from engine.settlement.types import BatchState
from engine.withdrawals.types import Ending
from tests.webapp_api.house import ADMIN, House
from tests.webapp_api.payouts import ELSEWHERE, SOMEWHERE, WITHDRAWALS, Desk, associated, token_account

ADMIN_PATH = "/api/admin/withdrawals"


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


# Stopped, halted, not yet there


async def test_what_holds_a_withdrawal_up_is_said(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    boss = await desk.house.person(ADMIN)
    number = await desk.confirmed(ada, wallet)
    assert (await boss.post(f"{ADMIN_PATH}/stop", {"reason": "a look at the vault"})).status == 204
    assert (await boss.get(ADMIN_PATH)).body["stopped_because"] == "a look at the vault"
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["waits_for"]) == ("approved", "stopped")
    assert desk.payouts.is_stopped
    assert (await boss.post(f"{ADMIN_PATH}/resume")).status == 204
    desk.chain.is_halted = True
    await desk.payouts.round()
    assert not desk.payouts.is_stopped
    assert (await desk.seen(ada, number))["waits_for"] == "halted"
    desk.chain.is_halted, desk.chain.is_gone = False, True
    await desk.payouts.round()
    assert (await desk.seen(ada, number))["waits_for"] == "chain"
    desk.chain.is_gone, desk.chain.funds = False, Atoms(99_999_999)
    await desk.payouts.round()
    assert (await desk.seen(ada, number))["waits_for"] == "settlement"
    desk.chain.funds = Atoms(100_000_000)
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["waits_for"]) == ("batched", None)


async def test_what_waits_for_settlement_asks_the_chain_nothing(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    desk.chain.funds = Atoms(99_999_999)
    number = await desk.confirmed(ada, wallet)
    asked = desk.chain.asked
    for _ in range(3):
        await desk.payouts.round()
    assert (desk.chain.asked, (await desk.seen(ada, number))["waits_for"]) == (asked, "settlement")
    desk.chain.funds = Atoms(100_000_000)
    await desk.payouts.round()
    assert await desk.state(ada, number) == "batched"


async def test_a_target_of_which_the_chain_says_nothing_holds_up_nobody_else(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    bad, good = await desk.confirmed(ada, wallet), await desk.confirmed(ada, wallet, address=ELSEWHERE)
    desk.chain.mute = SOMEWHERE
    for _ in range(2):
        await desk.payouts.round()
    assert [await desk.state(ada, each) for each in (bad, good)] == ["approved", "batched"]
    desk.chain.mute = None
    await desk.payouts.round()
    assert await desk.state(ada, bad) == "batched"


async def test_while_it_is_stopped_what_is_on_its_way_goes_on(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.house.deps.withdrawals.stop("no more")
    await desk.chain.go_on(number, BatchState.SETTLED)
    await desk.payouts.round()
    assert await desk.state(ada, number) == "completed"


# Transactions that fail


async def test_a_transaction_that_failed_is_tried_once_more_and_then_the_money_comes_back(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    for tries in (1, 2):
        await desk.payouts.round()
        assert len(desk.chain.moves[number]) == tries
        await desk.chain.go_on(number, BatchState.SENT)
        await desk.chain.go_on(number, BatchState.FAILED)
        assert await desk.state(ada, number) == "approved"
    await desk.payouts.round()
    await desk.payouts.round()
    assert len(desk.chain.moves[number]) == 2
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["reason"], seen["signature"]) == ("failed", "not_sent", "sig")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert desk.bot.told == [number]


async def test_a_target_that_is_not_good_any_more_gets_nothing(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    desk.chain.at = {associated(SOMEWHERE): token_account(SOMEWHERE, takes=False)}
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["reason"]) == ("failed", "target_refused")
    assert number not in desk.chain.moves
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


# Cancelling


async def test_a_withdrawal_is_canceled_until_it_is_signed(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    unconfirmed = (await desk.ask(ada)).body["id"]
    approved = await desk.confirmed(ada, wallet)
    assert (await ada.delete(f"{WITHDRAWALS}/{unconfirmed}")).body["state"] == "canceled"
    await desk.payouts.round()
    assert (await ada.delete(f"{WITHDRAWALS}/{approved}")).body["state"] == "canceled"  # its batch is taken back
    await desk.payouts.round()
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert len(desk.chain.moves[approved]) == 1
    for number in (unconfirmed, approved):
        again = await ada.delete(f"{WITHDRAWALS}/{number}")
        assert again.problem == (409, "withdrawal_not_cancelable")
    signed = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.chain.go_on(signed, BatchState.SENT)
    assert (await ada.delete(f"{WITHDRAWALS}/{signed}")).problem == (409, "withdrawal_not_cancelable")
    assert await ada.balances() == {"USDT": ("900.000000", "100.000000")}


async def test_cancelling_races_signing_and_one_of_them_wins(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    desk.chain.at = {
        associated(SOMEWHERE): token_account(SOMEWHERE)
    }  # none has to be made, of which only some are a day
    outcomes = set()
    for turn in range(12):
        number = await desk.confirmed(ada, wallet, amount="1")
        await desk.payouts.round()

        async def sign(number: int = number, turn: int = turn) -> bool:
            for _ in range(turn):
                await asyncio.sleep(0.001)
            statement = (
                "UPDATE settlement_batches SET state = 'sent', signature = 's' || batch_id"
                " WHERE withdrawal_id = ? AND state = 'batched'"
            )
            return await desk.house.store.write(lambda db: db.execute(statement, (number,)).rowcount == 1)

        canceling = asyncio.create_task(ada.delete(f"{WITHDRAWALS}/{number}"))
        if turn == 11:
            await asyncio.wait([canceling])
        signed, canceled = await asyncio.gather(sign(), canceling)
        assert signed == (canceled.status != 200)
        outcomes.add(signed)
        await desk.payouts.round()
        assert await desk.state(ada, number) == ("sent" if signed else "canceled")
        if signed:
            await desk.chain.go_on(number, BatchState.SETTLED)
            await desk.payouts.round()
    assert outcomes == {True, False}
    available, held = (await ada.balances())["USDT"]
    assert held == "0.000000"
    sent = sum(each["state"] == "completed" for each in (await ada.get(WITHDRAWALS)).body["withdrawals"])
    assert available == f"{1000 - sent}.000000"


async def test_cancelling_races_completing_by_rounds_at_once(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    answers = await asyncio.gather(
        *(desk.payouts.round() for _ in range(5)), *(ada.delete(f"{WITHDRAWALS}/{number}") for _ in range(5))
    )
    assert [answer.status for answer in answers if answer is not None].count(200) == 1
    await desk.payouts.round()
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


# Kills: what is kept is all that a new process knows


async def test_a_wish_to_end_outlives_the_process_and_nothing_is_sent_after_it(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    book = desk.house.deps.withdrawals
    before, after_take_back = await desk.confirmed(ada, wallet), await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await book.store.end(WithdrawalId(before), Ending.CANCELED)  # and the process dies
    await book.store.end(WithdrawalId(after_take_back), Ending.CANCELED)
    assert await desk.chain.take_back(2)
    reborn = Desk(desk.house)
    await reborn.payouts.round()
    for number in (before, after_take_back):
        assert await desk.state(ada, number) == "canceled"
    assert not reborn.chain.moves
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


async def test_a_wish_that_came_too_late_is_forgotten(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.house.deps.withdrawals.store.end(WithdrawalId(number), Ending.CANCELED)
    await desk.chain.go_on(number, BatchState.SENT)
    reborn = Desk(desk.house)
    await reborn.payouts.round()
    await desk.chain.go_on(number, BatchState.SETTLED)
    for _ in range(2):
        await reborn.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["reason"]) == ("completed", None)


async def test_a_batch_that_was_settled_while_we_were_away_is_completed_once(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.chain.go_on(number, BatchState.SETTLED)
    reborn = Desk(desk.house)
    await asyncio.gather(*(reborn.payouts.round() for _ in range(5)))
    assert await desk.state(ada, number) == "completed"
    assert not reborn.chain.moves
    with pytest.raises(Exception, match="no pending withdrawal"):
        await desk.house.do(CancelWithdrawal(desk.house.clock(), ada.id or 0, WithdrawalId(number)))  # type: ignore[arg-type]
