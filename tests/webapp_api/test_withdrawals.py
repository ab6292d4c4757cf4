"""Withdrawing over HTTP: asked for once, confirmed by a wallet, sent, done; and everything that is refused."""

import asyncio
from typing import Any

import pytest
from solders.pubkey import Pubkey

from engine.core.types import Micros
from engine.settlement.types import BatchState
from engine.withdrawals.ports import Looked
from engine.withdrawals.targets import SYSTEM, TOKEN, TOKEN_2022
from tests.support.wallet import Wallet
from tests.webapp_api.house import House
from tests.webapp_api.payouts import (
    ELSEWHERE,
    MINT,
    OURS,
    SOMEWHERE,
    WITHDRAWALS,
    Desk,
    associated,
    token_account,
)

PDA = str(Pubkey.find_program_address([b"nobody"], Pubkey.from_string(TOKEN))[0])


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


async def test_a_withdrawal_from_its_request_to_its_end(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    asked = (await desk.ask(ada, "mine-1")).body
    assert (asked["state"], asked["amount"], asked["net"]) == ("waits_for_confirmation", "100.000000", "100.000000")
    assert asked["confirm_by"] > asked["created_at"]
    assert asked["idempotency_key"] == "mine-1"
    assert await ada.balances() == {"USDT": ("900.000000", "100.000000")}
    number = asked["id"]
    assert desk.bot.asked == [number]

    confirmed = await desk.confirm(ada, number, wallet)
    assert (confirmed.status, confirmed.body["state"]) == (200, "approved")
    await desk.payouts.round()
    assert await desk.state(ada, number) == "batched"
    ((move,),) = desk.chain.moves[number]
    assert (move.atoms, move.target, move.opens_for) == (100_000_000, associated(SOMEWHERE), SOMEWHERE)
    for batch, state in (
        (BatchState.SENT, "sent"),
        (BatchState.CONFIRMED, "confirmed"),
        (BatchState.SETTLED, "confirmed"),
    ):
        await desk.chain.go_on(number, batch)
        assert await desk.state(ada, number) == state
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["signature"]) == ("completed", "sig")
    assert seen["explorer"] == "https://explorer.solana.com/tx/sig?cluster=devnet"
    assert seen["ended_at"] is not None
    assert await ada.balances() == {"USDT": ("900.000000", "0.000000")}
    assert desk.bot.told == [number]
    await desk.payouts.round()
    listed = (await ada.get(WITHDRAWALS)).body
    assert [each["id"] for each in listed["withdrawals"]] == [number]


async def test_1000_withdrawals_of_one_balance_at_once_one_succeeds(desk: Desk) -> None:
    ada, _ = await desk.ada()
    answers = await asyncio.gather(*(desk.ask(ada, amount="1000") for _ in range(1000)))
    assert [answer.status for answer in answers].count(201) == 1
    codes = {answer.problem for answer in answers if answer.status != 201}
    assert codes == {(409, "insufficient_funds")}
    assert await ada.balances() == {"USDT": ("0.000000", "1000.000000")}


async def test_the_same_key_is_answered_with_the_first_and_never_withdraws_twice(desk: Desk) -> None:
    ada, _ = await desk.ada()
    answers = await asyncio.gather(*(desk.ask(ada, "again") for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert await ada.balances() == {"USDT": ("900.000000", "100.000000")}
    for change in ({"amount": "99"}, {"address": ELSEWHERE}, {"asset": "BTC"}, {"asset": "DOGE"}):
        assert (await desk.ask(ada, "again", **change)).problem == (409, "idempotency_key_reused")
    assert (await desk.ask(ada, "again", amount="100.000000")).status == 201
    await ada.delete(f"{WITHDRAWALS}/{answers[0].body['id']}")
    assert (await desk.ask(ada, "again")).body["state"] == "canceled"
    desk.house.clock.ahead_s = 3 * 86_400  # longer than the core remembers
    ada = await desk.house.person(1)
    assert (await desk.ask(ada, "again")).body["id"] == answers[0].body["id"]
    bob, _ = await desk.ada(2, wallet=2)
    assert (await desk.ask(bob, "again")).body["id"] != answers[0].body["id"]


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 65, "ä"])
async def test_a_request_without_a_good_key_is_refused(desk: Desk, key: str) -> None:
    ada, _ = await desk.ada()
    body = {"asset": "USDT", "amount": "1", "address": SOMEWHERE}
    answer = await ada.post(WITHDRAWALS, body, headers={"Idempotency-Key": key} if key else {})
    assert answer.problem == (400, "idempotency_key_needed")


AMOUNTS = [
    ({"amount": "0"}, 400, "invalid_amount"),
    ({"amount": "0.000000"}, 400, "invalid_amount"),
    ({"amount": "0.999999"}, 400, "below_minimum"),
    ({"amount": "2.0"}, 400, "below_minimum"),  # the fee would take it all
    ({"amount": "10.0000001"}, 400, "too_precise"),
    ({"amount": "1000.000001"}, 409, "insufficient_funds"),
    ({"amount": "99999999999999999999"}, 400, "too_large"),
    ({"amount": "1e3"}, 400, "malformed_number"),
    ({"amount": "-1"}, 400, "malformed_number"),
    ({"amount": "NaN"}, 400, "malformed_number"),
    ({"amount": 5}, 400, "invalid_request"),
    ({"asset": "DOGE"}, 404, "unknown_asset"),
    ({"asset": "BTC"}, 404, "unknown_asset"),  # it has no mint here
    ({"fee": "0"}, 400, "invalid_request"),
]
TEXTS = [
    ("0x52908400098527886E0F7030069857D2E4169EE7", "wrong_network", "Ethereum"),
    ("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq", "wrong_network", "Bitcoin"),
    ("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", "wrong_network", "Bitcoin"),
    ("3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "wrong_network", "Bitcoin"),
    ("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8", "wrong_network", "Tron"),
    ("somewhere", "invalid_address", "base58"),
    (SOMEWHERE[:-4], "invalid_address", "base58"),
    (f" {SOMEWHERE}", "invalid_address", "base58"),
    (SOMEWHERE + "1", "invalid_address", "base58"),
    (OURS, "own_address", "exchange"),
    (MINT, "own_address", "exchange"),
    (SYSTEM, "not_a_wallet", "wallet"),
    (PDA, "not_a_wallet", "wallet"),
]
RULES_WITH_FEES = {"fees": {"USDT": 2_000_000}, "minimums": {"USDT": 1_000_000}}


def choose(desk: Desk, **change: Any) -> None:
    """Let the operator choose other rules."""
    book = desk.house.deps.withdrawals
    book.rules = type(book.rules)(**{"delay": Micros(0), **change})


async def test_amounts_and_addresses_that_can_not_be_are_refused_and_nothing_is_held(desk: Desk) -> None:
    ada, _ = await desk.ada()
    choose(desk, **RULES_WITH_FEES)
    for change, status, code in AMOUNTS:
        assert (await desk.ask(ada, **change)).problem == (status, code), change
    for address, code, hint in TEXTS:
        answer = await desk.ask(ada, address=address)
        assert answer.problem == (400, code), address
        assert hint in answer.body["error"]["message"]
    assert (await desk.ask(ada, address="x" * 129)).problem == (400, "invalid_request")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


TARGETS = [
    ({PDA: Looked(TOKEN, None)}, PDA, 400, "not_a_wallet"),  # a mint, or an account of several owners
    ({SOMEWHERE: Looked(TOKEN_2022, None)}, SOMEWHERE, 400, "wrong_token_program"),
    ({SOMEWHERE: Looked("Vote111111111111111111111111111111111111111", None)}, SOMEWHERE, 400, "not_a_wallet"),
    ({PDA: token_account(ELSEWHERE, mint=OURS)}, PDA, 400, "wrong_mint"),
    ({PDA: token_account(ELSEWHERE, takes=False)}, PDA, 409, "target_frozen"),
    ({PDA: token_account(OURS)}, PDA, 400, "own_address"),
    ({associated(SOMEWHERE): token_account(SOMEWHERE, takes=False)}, SOMEWHERE, 409, "target_frozen"),
    ({associated(SOMEWHERE): token_account(ELSEWHERE)}, SOMEWHERE, 400, "not_a_wallet"),
    ({PDA: Looked(SYSTEM, None)}, PDA, 400, "not_a_wallet"),
    ({SOMEWHERE: token_account(ELSEWHERE)}, SOMEWHERE, 400, "not_a_wallet"),  # where its key is nobody may know
]


async def test_what_the_chain_says_of_an_address_decides(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    for at, address, status, code in TARGETS:
        desk.chain.at = at
        assert (await desk.ask(ada, address=address)).problem == (status, code), (at, address)
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    good: list[tuple[dict[str, Looked], str, str, str | None]] = [
        ({PDA: token_account(ELSEWHERE)}, PDA, PDA, None),
        ({associated(SOMEWHERE): token_account(SOMEWHERE)}, SOMEWHERE, associated(SOMEWHERE), None),
        ({SOMEWHERE: Looked(SYSTEM, None)}, SOMEWHERE, associated(SOMEWHERE), SOMEWHERE),
        ({associated(SOMEWHERE): Looked(SYSTEM, None)}, SOMEWHERE, associated(SOMEWHERE), SOMEWHERE),
    ]
    for at, address, target, opens_for in good:
        desk.chain.at = at
        number = await desk.confirmed(ada, wallet, address=address)
        await desk.payouts.round()
        ((move,),) = desk.chain.moves[number]
        assert (move.target, move.opens_for) == (target, opens_for)


async def test_while_the_chain_can_not_be_asked_nothing_is_held(desk: Desk) -> None:
    ada, _ = await desk.ada()
    desk.chain.is_gone = True
    answer = await desk.ask(ada)
    assert answer.problem == (503, "withdrawals_unavailable")
    assert "Retry-After" in answer.headers
    desk.house.deps.withdrawals.outside = None
    assert (await desk.ask(ada)).problem == (503, "withdrawals_unavailable")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}


async def test_who_has_neither_wallet_nor_bot_is_told_so_at_once(desk: Desk) -> None:
    ada = await desk.house.person(1, USDT=1000)
    assert (await desk.ask(ada)).status == 201  # by Telegram
    desk.house.deps.withdrawals.asks = None
    assert (await desk.ask(ada)).problem == (409, "no_confirmation")


async def test_of_the_amount_the_fee_goes_to_the_house(desk: Desk) -> None:
    choose(desk, **RULES_WITH_FEES)
    ada, wallet = await desk.ada()
    number = await desk.confirmed(ada, wallet)
    await desk.payouts.round()
    (moves,) = desk.chain.moves[number]
    assert [(move.atoms, move.target) for move in moves] == [
        (98_000_000, associated(SOMEWHERE)),
        (2_000_000, "vault:2:USDT"),
    ]
    await desk.chain.go_on(number, BatchState.SETTLED)
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["amount"], seen["fee"], seen["net"]) == (
        "completed",
        "100.000000",
        "2.000000",
        "98.000000",
    )
    entries = (await ada.get("/api/portfolio/ledger")).body["entries"]
    assert [(each["reason"], each["held"]) for each in entries[:2]] == [
        ("withdrawal", "-2.000000"),
        ("withdrawal", "-98.000000"),
    ]


async def test_another_persons_withdrawal_is_not_there(desk: Desk) -> None:
    ada, _ = await desk.ada()
    bob, wallet = await desk.ada(2, wallet=2)
    number = (await desk.ask(ada)).body["id"]
    path = f"{WITHDRAWALS}/{number}"
    for answer in (
        await bob.get(path),
        await bob.delete(path),
        await bob.post(f"{path}/challenge", {"address": wallet.address}),
        await bob.post(f"{path}/confirm", wallet.proof("Nonce: x")),
    ):
        assert answer.problem == (404, "unknown_withdrawal")
    assert (await bob.get(WITHDRAWALS)).body == {"withdrawals": [], "next_cursor": None}
    for name in ("0", "99", "x", "9" * 30):
        assert (await ada.get(f"{WITHDRAWALS}/{name}")).problem == (404, "unknown_withdrawal")


async def test_withdrawals_are_listed_in_pages(desk: Desk) -> None:
    ada, _ = await desk.ada()
    numbers = [(await desk.ask(ada, amount="5")).body["id"] for _ in range(5)]
    found: list[int] = []
    cursor = ""
    while cursor is not None:
        page = (await ada.get(f"{WITHDRAWALS}?limit=2{cursor}")).body
        found += [each["id"] for each in page["withdrawals"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    assert found == numbers[::-1]
    assert (await ada.get(f"{WITHDRAWALS}?limit=0")).problem == (400, "invalid_parameter")


async def test_what_becomes_of_a_withdrawal_is_told_on_the_stream(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    first = (await desk.ask(ada)).body["id"]
    async with desk.house.session.ws_connect("/api/ws") as socket:
        await socket.send_json({"op": "auth", "token": ada.token})
        await socket.send_json({"op": "subscribe", "channels": ["user:withdrawals"]})
        told: list[Any] = []
        while not any(each.get("type") == "snapshot" for each in told):
            told.append(await socket.receive_json(timeout=5))
        assert [(each["id"], each["state"]) for each in told[-1]["data"]] == [(first, "waits_for_confirmation")]
        await desk.confirm(ada, first, wallet)
        await desk.payouts.round()
        seqs, states = [], []
        for _ in range(2):
            update = await socket.receive_json(timeout=5)
            seqs.append(update["seq"])
            states += [each["state"] for each in update["data"]]
        assert states == ["approved", "batched"]
        assert seqs == [told[-1]["seq"] + 1, told[-1]["seq"] + 2]


async def test_nobody_but_its_wallet_confirms(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = (await desk.ask(ada)).body["id"]
    path, stranger = f"{WITHDRAWALS}/{number}", Wallet(9)
    assert (await desk.confirm(ada, number, stranger)).problem == (404, "not_linked")
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    for said in ("100 USDT", SOMEWHERE, f"Withdrawal {number}.", "fee 0 USDT"):
        assert said in text
    forged = stranger.proof(text) | {"address": wallet.address}
    assert (await ada.post(f"{path}/confirm", forged)).problem == (401, "invalid_credentials")
    assert (await ada.post(f"{path}/confirm", wallet.proof(text))).problem == (
        401,
        "invalid_credentials",
    )  # it was used
    # A text for something else does not confirm, and this text opens nothing else.
    link_text = (await ada.post("/api/auth/solana/challenge", {"address": wallet.address})).body["message"]
    assert (await ada.post(f"{path}/confirm", wallet.proof(link_text))).problem == (401, "invalid_credentials")
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    assert (await desk.house.nobody.post("/api/auth/solana", wallet.proof(text))).status == 401
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    assert (await ada.post("/api/account/wallets", wallet.proof(text))).status == 401
    other = (await desk.ask(ada, amount="5")).body["id"]
    text = (await ada.post(f"{WITHDRAWALS}/{other}/challenge", {"address": wallet.address})).body["message"]
    assert (await ada.post(f"{path}/confirm", wallet.proof(text))).problem == (401, "invalid_credentials")
    # A text that was changed, one that is too old, and a wallet that was unlinked meanwhile.
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    changed = wallet.proof(text.replace(SOMEWHERE, ELSEWHERE))
    assert (await ada.post(f"{path}/confirm", changed)).problem == (401, "invalid_credentials")
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    desk.house.clock.ahead_s = 301
    assert (await ada.post(f"{path}/confirm", wallet.proof(text))).problem == (401, "expired")
    text = (await ada.post(f"{path}/challenge", {"address": wallet.address})).body["message"]
    assert (await ada.delete(f"/api/account/wallets/{wallet.address}")).status == 204
    assert (await ada.post(f"{path}/confirm", wallet.proof(text))).problem == (404, "not_linked")
    assert await desk.state(ada, number) == "waits_for_confirmation"


async def test_what_is_not_confirmed_in_time_comes_back(desk: Desk) -> None:
    ada, wallet = await desk.ada()
    number = (await desk.ask(ada)).body["id"]
    await desk.payouts.round()
    desk.house.clock.ahead_s = 30 * 60
    ada = await desk.house.person(1)
    assert (await desk.confirm(ada, number, wallet)).problem == (409, "withdrawal_not_waiting")
    await desk.payouts.round()
    seen = await desk.seen(ada, number)
    assert (seen["state"], seen["reason"]) == ("canceled", "not_confirmed")
    assert await ada.balances() == {"USDT": ("1000.000000", "0.000000")}
    assert desk.bot.told == [number]
    assert (await desk.confirm(ada, number, wallet)).problem == (409, "withdrawal_not_waiting")
