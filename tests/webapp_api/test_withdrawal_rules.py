"""The operator's rules for withdrawals: delay, approval, limits; and what programs may."""

import asyncio

import pytest

from clobster import withdrawing
from clobster.config import Settings
from clobster.markets import load
from engine.core.types import AssetCode, Atoms, Micros, Symbol
from engine.market_data.reference_price import ReferencePrice
from engine.market_data.valuation import Valuation
from engine.settlement.types import BatchState
from tests.support.wallet import Wallet
from tests.webapp_api.house import ADMIN, BTCUSDT, ETHUSDT, FREELY, House, Person
from tests.webapp_api.payouts import ELSEWHERE, MINT, SOMEWHERE, WITHDRAWALS, Desk, associated, token_account
from tests.webapp_api.programs import program
from tests.webapp_api.test_withdrawals import choose
from tests.webapp_api.wallets import link

HOUR_S = 3600
TERMS = "/api/portfolio/withdrawal-terms"
ADMIN_PATH = "/api/admin/withdrawals"
SECOND_ADMIN = 900_000_002


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def later(desk: Desk, telegram_id: int, hours: float) -> Person:
    """Let time pass, and sign somebody in again."""
    desk.house.clock.ahead_s += int(hours * HOUR_S)
    return await desk.house.person(telegram_id)


# A new address


async def test_a_new_address_waits_and_is_known_then(desk: Desk) -> None:
    choose(desk, delay=Micros(24 * HOUR_S * 1_000_000))
    ada, wallet = await desk.ada()
    first = await desk.confirmed(ada, wallet)
    seen = await desk.seen(ada, first)
    assert seen["state"] == "waits_for_delay"
    assert abs(seen["waits_until"] - seen["confirmed_at"] - 24 * HOUR_S * 1000) <= 1
    ada = await later(desk, 1, 23.9)
    await desk.payouts.round()
    assert await desk.state(ada, first) == "waits_for_delay"
    ada = await later(desk, 1, 0.2)
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
    ada = await later(desk, 1, 24.1)
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
        ada = await later(desk, 1, hours)
        if change == "wallet":
            assert (await link(ada, Wallet(7))).status == 200
        else:
            made = await ada.post("/api/account/api-keys", {"name": "bot", "scopes": ["read"]})
            assert made.status == 201
        seen = await desk.seen(ada, number)
        assert seen["state"] == "waits_for_delay"
        assert seen["waits_until"] >= until + hours * HOUR_S * 1000 - 2000
        until = seen["waits_until"]
    ada = await later(desk, 1, 24.1)
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
    ada = await later(desk, 1, 24.1)
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
    ada = await later(desk, 1, 24.1)
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


# Limits


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
    ada = await later(desk, 1, 24.1)
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

    ada = await later(desk, 1, 23.9)
    await desk.payouts.round()
    assert await desk.state(ada, third) == "approved"
    ada, ben = await later(desk, 1, 0.2), await later(desk, 2, 0)
    await desk.payouts.round()
    assert [await desk.state(ada, third), await desk.state(ben, small)] == ["batched", "batched"]


async def test_a_small_withdrawal_does_not_overtake_one_that_the_days_limit_holds_up(desk: Desk) -> None:
    choose(desk, house_day_limits={"USDT": Atoms(150_000_000)}, most_open=100)
    ada, wallet = await desk.ada()
    numbers = [await desk.confirmed(ada, wallet, amount=amount) for amount in ("100", "100", "10")]
    await desk.payouts.round()
    assert [await desk.state(ada, number) for number in numbers] == ["batched", "approved", "approved"]


async def test_what_a_withdrawal_costs_and_may_be_is_told_before_and_is_what_is_done_then(desk: Desk) -> None:
    ada, _ = await desk.ada()
    terms = f"{TERMS}?asset=USDT"
    choose(desk)
    assert (await ada.get(terms)).body == {
        "asset": "USDT",
        "fee": "0.000000",
        "minimum": "0.000001",
        "maximum": None,
        "day_limit": None,
        "day_left": None,
        "under_way": 0,
        "most_under_way": 5,
    }
    usdt = {"fees": 2_500_000, "minimums": 1_000_000, "day_limits": 250_000_000, "house_day_limits": 120_000_000}
    choose(desk, most_open=9, **{name: {"USDT": Atoms(atoms)} for name, atoms in usdt.items()})
    told = (await ada.get(terms)).body
    assert (told["fee"], told["minimum"], told["maximum"]) == ("2.500000", "2.500001", "120.000000")
    assert (await desk.ask(ada, amount="2.5")).problem == (400, "below_minimum")
    assert (await desk.ask(ada, amount="120.000001")).problem == (429, "day_limit")
    least, most = [(await desk.ask(ada, amount=told[name])).body for name in ("minimum", "maximum")]
    assert (least["fee"], least["net"], most["net"]) == (told["fee"], "0.000001", "117.500000")

    await desk.ask(ada, amount="100")
    told = (await ada.get(terms)).body
    assert (told["day_limit"], told["day_left"], told["maximum"]) == ("250.000000", "27.499999", "27.499999")
    assert (told["under_way"], told["most_under_way"]) == (3, 9)
    assert (await desk.ask(ada, amount="27.5")).problem == (429, "day_limit")
    await desk.ask(ada, amount=told["maximum"])
    assert [(await ada.get(terms)).body[name] for name in ("day_left", "maximum")] == ["0.000000", "0.000000"]
    ben, _ = await desk.ada(telegram_id=2, wallet=2)
    assert (await ben.get(terms)).body["day_left"] == "250.000000"


async def test_the_most_that_may_be_withdrawn_counts_the_worth_of_all_that_leaves(desk: Desk) -> None:
    choose(desk, day_value=Atoms(150))
    desk.house.deps.withdrawals._value = lambda _code, atoms: atoms * 2 // 3_000_000
    ada, _ = await desk.ada()
    await desk.ask(ada)
    told = (await ada.get(f"{TERMS}?asset=USDT")).body
    assert (told["maximum"], told["day_left"]) == ("126.499999", None)  # with the 100, 226.499999 are worth 150
    assert (await desk.ask(ada, amount="126.5")).problem == (429, "day_limit")
    assert (await desk.ask(ada, amount="126.499999")).status == 201


async def test_terms_are_told_of_what_is_paid_out_and_to_who_may_ask(desk: Desk) -> None:
    ada, _ = await desk.ada()
    assert (await ada.get(f"{TERMS}?asset=BTC")).problem == (404, "unknown_asset")  # it has no mint here
    assert (await ada.get(f"{TERMS}?asset=EUR")).problem == (404, "unknown_asset")
    assert (await ada.get(TERMS)).problem == (400, "invalid_parameter")
    assert (await desk.house.nobody.get(f"{TERMS}?asset=USDT")).problem == (401, "unauthorized")
    desk.house.deps.withdrawals.outside = None
    assert (await ada.get(f"{TERMS}?asset=USDT")).status == 200  # while the chain is away
    desk.house.deps.withdrawals._is_off = True
    assert (await ada.get(f"{TERMS}?asset=USDT")).problem == (409, "withdrawals_off")


async def test_withdrawals_have_a_rate_limit_of_their_own(desk: Desk) -> None:
    assert (await desk.house.nobody.post(WITHDRAWALS, {})).problem == (401, "unauthorized")
    ada, _ = await desk.ada()
    answer = await desk.ask(ada)
    assert int(answer.headers["RateLimit-Limit"]) == FREELY[next(iter(FREELY))].burst


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


def test_money_of_another_asset_has_limits_of_its_own() -> None:
    from engine.withdrawals.rules import Rules, approvals_needed, check_limits

    def unpriced(_code: AssetCode, _atoms: Atoms) -> None:
        return None

    chosen = Rules(day_limits={AssetCode("BTC"): Atoms(5)}, approval_above={AssetCode("BTC"): Atoms(5)})
    check_limits(AssetCode("USDT"), Atoms(10**9), 0, {AssetCode("BTC"): Atoms(5)}, chosen, unpriced)
    assert approvals_needed(AssetCode("USDT"), Atoms(10**9), chosen, unpriced) == 0
    assert [approvals_needed(AssetCode("BTC"), Atoms(amount), chosen, unpriced) for amount in (5, 6)] == [0, 2]
