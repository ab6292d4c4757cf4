"""The operator's rules for withdrawals: delay and approval; and what programs may."""

import pytest

from engine.core.types import Atoms, Micros
from engine.settlement.types import BatchState
from tests.support.wallet import Wallet
from tests.webapp_api.house import ADMIN, House
from tests.webapp_api.payouts import ELSEWHERE, SOMEWHERE, WITHDRAWALS, Desk, associated, token_account
from tests.webapp_api.programs import program
from tests.webapp_api.test_withdrawals import choose
from tests.webapp_api.wallets import link

HOUR_S = 3600
ADMIN_PATH = "/api/admin/withdrawals"
SECOND_ADMIN = 900_000_002


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


# A new address


async def test_a_new_address_waits_and_is_known_then(desk: Desk) -> None:
    choose(desk, delay=Micros(24 * HOUR_S * 1_000_000))
    ada, wallet = await desk.ada()
    first = await desk.confirmed(ada, wallet)
    seen = await desk.seen(ada, first)
    assert seen["state"] == "waits_for_delay"
    assert abs(seen["waits_until"] - seen["confirmed_at"] - 24 * HOUR_S * 1000) <= 1
    ada = await desk.later(1, 23.9)
    await desk.payouts.round()
    assert await desk.state(ada, first) == "waits_for_delay"
    ada = await desk.later(1, 0.2)
    assert await desk.state(ada, first) == "approved"
    await desk.payouts.round()
    assert await desk.state(ada, first) == "batched"
    await desk.chain.go_on(first, BatchState.SETTLED)
    await desk.payouts.round()
    known = await desk.confirmed(ada, wallet)
    assert await desk.state(ada, known) == "approved"
    other = await desk.confirmed(ada, wallet, address=ELSEWHERE)
    assert await desk.state(ada, other) == "waits_for_delay"
    bob, bobs = await desk.ada(2, wallet=2)
    assert await desk.state(bob, await desk.confirmed(bob, bobs)) == "waits_for_delay"  # it is Ada's address, not his


async def test_an_address_to_which_nothing_was_sent_in_the_end_is_not_known(desk: Desk) -> None:
    choose(desk, delay=Micros(24 * HOUR_S * 1_000_000))
    ada, wallet = await desk.ada()
    desk.chain.funds = Atoms(0)  # nothing of hers is in the vault yet
    waits, batched = [await desk.confirmed(ada, wallet) for _ in range(2)]
    ada = await desk.later(1, 24.1)
    await desk.payouts.round()
    assert (await ada.delete(f"{WITHDRAWALS}/{waits}")).status == 200
    desk.chain.funds = Atoms(10**15)
    await desk.payouts.round()
    assert await desk.state(ada, batched) == "batched"
    assert (await ada.delete(f"{WITHDRAWALS}/{batched}")).status == 200
    assert await desk.state(ada, await desk.confirmed(ada, wallet)) == "waits_for_delay"


async def test_a_change_of_the_accounts_doors_begins_the_delay_anew(desk: Desk) -> None:
    choose(desk, delay=Micros(24 * HOUR_S * 1_000_000))
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    until = (await desk.seen(ada, number))["waits_until"]
    for change, hours in (("wallet", 10), ("key", 20)):
        ada = await desk.later(1, hours)
        if change == "wallet":
            assert (await link(ada, Wallet(7))).status == 200
        else:
            made = await ada.post("/api/account/api-keys", {"name": "bot", "scopes": ["read"]})
            assert made.status == 201
        seen = await desk.seen(ada, number)
        assert seen["state"] == "waits_for_delay"
        assert seen["waits_until"] >= until + hours * HOUR_S * 1000 - 2000
        until = seen["waits_until"]
    ada = await desk.later(1, 24.1)
    assert await desk.state(ada, number) == "approved"


async def test_token_accounts_that_are_paid_for_are_counted_lest_they_are_closed_for_gain(desk: Desk) -> None:
    choose(desk, most_open=2)
    ada, wallet = await desk.ada()
    for _ in range(2):  # its owner closes it each time, and keeps what it cost us
        number = await desk.confirmed(ada, wallet, amount="1")
        await desk.payouts.round()
        await desk.chain.go_on(number, BatchState.SETTLED)
        await desk.payouts.round()
    assert (await desk.ask(ada, amount="1")).problem == (409, "too_many_token_accounts")
    desk.chain.at = {associated(SOMEWHERE): token_account(SOMEWHERE)}
    number = await desk.confirmed(ada, wallet, amount="1")  # there it is, for as long as it is asked about
    desk.chain.at = {}
    await desk.payouts.round()
    assert (await desk.seen(ada, number))["reason"] == "target_refused"
    assert len(desk.chain.moves) == 2
    bob, bobs = await desk.ada(2, wallet=2)
    await desk.confirmed(bob, bobs, amount="1")
    ada = await desk.later(1, 24.1)
    assert (await desk.ask(ada, amount="1")).status == 201


async def test_token_accounts_that_are_to_come_are_counted_before_anything_is_held(desk: Desk) -> None:
    """Else one is held and confirmed like the others, and fails when it is its turn."""
    choose(desk, most_open=3)
    ada, wallet = await desk.ada()
    desk.chain.at = {associated(ELSEWHERE): token_account(ELSEWHERE)}
    made = await desk.confirmed(ada, wallet, amount="1")
    await desk.payouts.round()
    await desk.chain.go_on(made, BatchState.SETTLED)
    await desk.payouts.round()
    to_come = [await desk.confirmed(ada, wallet, amount="1"), await desk.confirmed(ada, wallet, address=ELSEWHERE)]
    to_come.append((await desk.ask(ada, amount="1")).body["id"])  # only one of those two costs us a token account
    await ada.delete(f"{WITHDRAWALS}/{to_come.pop(1)}")
    assert (await desk.ask(ada, amount="1")).problem == (409, "too_many_token_accounts")
    assert (await desk.ask(ada, amount="1", address=ELSEWHERE)).status == 201
    assert (await desk.confirm(ada, to_come[1], wallet)).status == 200
    for _ in range(2):
        await desk.payouts.round()
    assert [await desk.state(ada, number) for number in to_come] == ["batched", "batched"]
    choose(desk, most_open=5)
    assert (await desk.ask(ada, amount="1")).status == 201  # what is on its way counts once


# Two persons


async def test_a_large_withdrawal_needs_two_administrators_who_are_not_its_owner(desk: Desk) -> None:
    desk.house.deps.administration._telegram_ids = frozenset({ADMIN, SECOND_ADMIN})
    choose(desk, approval_above={"USDT": Atoms(100_000_000)})
    ada, wallet = await desk.ada()
    small = await desk.confirmed(ada, wallet)
    assert await desk.state(ada, small) == "approved"
    large = await desk.confirmed(ada, wallet, amount="100.000001")
    seen = await desk.seen(ada, large)
    assert (seen["state"], seen["approvals"], seen["approvals_needed"]) == ("waits_for_approval", 0, 2)
    await desk.payouts.round()
    assert large not in desk.chain.moves

    boss, second = await desk.house.person(ADMIN), await desk.house.person(SECOND_ADMIN)
    listed = (await boss.get(ADMIN_PATH)).body
    assert [(each["account_id"], each["withdrawal"]["id"]) for each in listed["withdrawals"]] == [
        (ada.id, small),
        (ada.id, large),
    ]
    path = f"{ADMIN_PATH}/{large}/approve"
    assert (await ada.post(path)).problem == (403, "forbidden")
    agreed = (await boss.post(path)).body
    assert (agreed["withdrawal"]["approvals"], agreed["approved_by"]) == (1, [boss.id])
    assert (await boss.post(path)).problem == (409, "already_approved")
    listed = (await second.get(ADMIN_PATH)).body["withdrawals"]
    assert [each["approved_by"] for each in listed] == [[], [boss.id]]
    assert (await boss.post(f"{ADMIN_PATH}/{small}/approve")).problem == (409, "withdrawal_not_waiting")
    assert (await boss.post(f"{ADMIN_PATH}/99/approve")).problem == (404, "unknown_withdrawal")
    await desk.payouts.round()
    assert large not in desk.chain.moves
    assert (await second.post(path)).body["withdrawal"]["state"] == "approved"
    await desk.payouts.round()
    assert len(desk.chain.moves[large]) == 1
    acts = (await boss.get("/api/admin/log")).body["acts"]
    assert [(act["admin_id"], act["target"]) for act in acts if act["target"] == path] == [
        (second.id, path),
        (boss.id, path),
        (boss.id, path),
    ]


async def test_a_large_withdrawal_in_small_parts_needs_administrators_too(desk: Desk) -> None:
    choose(desk, approval_above={"USDT": Atoms(150_000_000)})
    ada, wallet = await desk.ada()
    first = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.chain.go_on(first, BatchState.SETTLED)
    await desk.payouts.round()
    assert await desk.state(ada, first) == "completed"
    assert await desk.state(ada, await desk.confirmed(ada, wallet, amount="50")) == "approved"
    assert await desk.state(ada, await desk.confirmed(ada, wallet, amount="1")) == "waits_for_approval"
    ada = await desk.later(1, 24.1)
    assert await desk.state(ada, await desk.confirmed(ada, wallet, amount="1")) == "approved"


async def test_an_administrator_is_not_two_by_moving_telegram_to_another_account(desk: Desk) -> None:
    choose(desk, approval_above={"USDT": Atoms(1)})
    ada, wallet = await desk.ada()
    large = await desk.confirmed(ada, wallet)
    path = f"{ADMIN_PATH}/{large}/approve"
    boss, _ = await desk.ada(ADMIN, wallet=2)
    assert (await boss.post(path)).body["withdrawal"]["approvals"] == 1
    assert (await boss.delete("/api/account/telegram")).problem == (403, "administrator")
    again = await desk.house.person(ADMIN)
    assert again.id == boss.id
    assert (await again.post(path)).problem == (409, "already_approved")


async def test_an_administrator_does_not_approve_a_withdrawal_of_their_own(desk: Desk) -> None:
    choose(desk, approval_above={"USDT": Atoms(1)})
    boss, wallet = await desk.ada(ADMIN)
    number = await desk.confirmed(boss, wallet)
    assert (await boss.post(f"{ADMIN_PATH}/{number}/approve")).problem == (403, "own_withdrawal")
    assert await desk.state(boss, number) == "waits_for_approval"


async def test_an_administrator_gives_money_back(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    boss = await desk.house.person(ADMIN)
    number = await desk.confirmed(ada, wallet)
    assert (await boss.post(f"{ADMIN_PATH}/{number}/reject")).status == 200
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["reason"]) == ("failed", "rejected")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert desk.bot.told == [number]
    assert (await boss.post(f"{ADMIN_PATH}/{number}/reject")).problem == (409, "withdrawal_not_cancelable")


# Programs


async def test_a_program_withdraws_only_from_its_networks_to_known_addresses_and_never_confirms(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    body = {"asset": "USDT", "amount": "10", "address": SOMEWHERE}
    headers = {"Idempotency-Key": "by-program"}

    async def ask(who: object) -> tuple[int, str] | int:
        import json

        raw = json.dumps(body).encode()
        answer = await who.send("POST", WITHDRAWALS, who.query(raw), raw, **headers)  # type: ignore[attr-defined]
        return answer.status if answer.status == 201 else answer.problem

    anywhere = await program(desk.house, ada, scopes=["withdraw", "read"])
    assert await ask(anywhere) == (403, "key_needs_addresses")
    reader = await program(desk.house, ada, scopes=["read"], addresses=["127.0.0.1"])
    assert await ask(reader) == (403, "missing_scope")
    bound = await program(desk.house, ada, scopes=["withdraw", "read"], addresses=["127.0.0.1"])
    assert await ask(bound) == (403, "address_not_known")
    assert (await bound.ask("DELETE", f"{WITHDRAWALS}/1")).problem == (404, "unknown_withdrawal")
    first = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    await desk.chain.go_on(first, BatchState.SETTLED)
    await desk.payouts.round()
    assert await ask(bound) == 201
    (number, *_) = [each["id"] for each in (await bound.ask("GET", WITHDRAWALS)).body["withdrawals"]]
    assert await desk.state(ada, number) == "waits_for_confirmation"
    for step in ("challenge", "confirm"):
        answer = await bound.ask("POST", f"{WITHDRAWALS}/{number}/{step}", {"address": wallet.address})
        assert answer.problem == (403, "needs_a_session")
    assert (await bound.ask("DELETE", f"{WITHDRAWALS}/{number}")).body["state"] == "canceled"
