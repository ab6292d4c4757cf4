"""Signing in with a wallet: who has the key gets in, once for each text, and nobody else."""

import asyncio

import pytest
import structlog

from tests.support.wallet import Wallet
from tests.webapp_api.house import House, Person
from tests.webapp_api.test_bad_input import BODIES
from tests.webapp_api.test_solana import FORGERIES
from tests.webapp_api.wallets import (
    CHALLENGE,
    EXPIRED,
    LINKS,
    MALFORMED,
    MINUTES_5,
    NOT_PROVED,
    SIGN_IN,
    WALLETS,
    alive,
    ask_link,
    happened,
    sign_in,
    text_for,
)


async def test_a_new_wallet_makes_an_account_and_finds_it_again(house: House) -> None:
    wallet = Wallet()
    ada = await sign_in(house, wallet)
    account = (await ada.get("/api/account")).body
    assert (account["telegram_id"], account["first_name"], account["username"]) == (None, "", None)
    again, other = await sign_in(house, wallet), await sign_in(house, Wallet(2))
    assert again.id == ada.id != other.id
    assert await happened(ada) == [("signed_in", wallet.address)] * 2
    assert (await house.person(1)).id not in {ada.id, other.id}


async def test_many_log_ins_of_a_new_wallet_at_once_make_one_account(house: House) -> None:
    people = await asyncio.gather(*(sign_in(house, Wallet()) for _ in range(10)))
    assert len({person.id for person in people}) == 1


async def test_base58_base64_and_a_ledger_are_all_good(house: House) -> None:
    wallet = Wallet()
    for sign in (wallet.base58, wallet.base64, wallet.on_a_ledger):
        message = await text_for(house.nobody, wallet)
        body = wallet.proof(message) | {"signature": sign(message)}
        assert (await house.nobody.post(SIGN_IN, body)).status == 200


async def test_a_nonce_is_not_used_twice(house: House) -> None:
    proof = Wallet().proof(await text_for(house.nobody, Wallet()))
    assert (await house.nobody.post(SIGN_IN, proof)).status == 200
    assert (await house.nobody.post(SIGN_IN, proof)).problem == NOT_PROVED


async def test_of_many_uses_of_a_nonce_at_once_one_gets_in(house: House) -> None:
    proof = Wallet().proof(await text_for(house.nobody, Wallet()))
    answers = await asyncio.gather(*(house.nobody.post(SIGN_IN, proof) for _ in range(20)))
    assert sorted(answer.status for answer in answers) == [200] + [401] * 19


async def test_a_nonce_that_was_tried_in_vain_is_gone(house: House) -> None:
    wallet = Wallet()
    message = await text_for(house.nobody, wallet)
    wrong = wallet.proof(message) | {"signature": Wallet(2).base58(message)}
    assert (await house.nobody.post(SIGN_IN, wrong)).problem == NOT_PROVED
    assert (await house.nobody.post(SIGN_IN, wallet.proof(message))).problem == NOT_PROVED


async def test_a_text_for_another_domain_is_refused(house: House) -> None:
    wallet = Wallet()
    message = (await text_for(house.nobody, wallet)).replace("clobster.test wants", "evil.test wants")
    assert (await house.nobody.post(SIGN_IN, wallet.proof(message))).problem == NOT_PROVED


async def test_another_key_does_not_sign_for_a_wallet(house: House) -> None:
    message = await text_for(house.nobody, Wallet(1))
    stolen = Wallet(1).proof(message) | {"signature": Wallet(2).base58(message)}
    assert (await house.nobody.post(SIGN_IN, stolen)).problem == NOT_PROVED
    message = await text_for(house.nobody, Wallet(1))
    assert (await house.nobody.post(SIGN_IN, Wallet(2).proof(message))).problem == NOT_PROVED


async def test_a_small_order_key_opens_nothing(house: House) -> None:
    """Such keys get no text; and who asks for another wallet's text cannot bring it back under such a key."""
    for vector in FORGERIES:
        assert (await house.nobody.post(CHALLENGE, {"address": vector["address"]})).problem == (400, "invalid_address")
        message = await text_for(house.nobody, Wallet())
        for address in (vector["address"], Wallet().address):
            body = {"address": address, "message": message, "signature": vector["signature_base58"]}
            assert (await house.nobody.post(SIGN_IN, body)).problem == NOT_PROVED


@pytest.mark.parametrize("at", [0, 61, 100, 110, 140, 250, -1])
async def test_one_changed_byte_is_another_text(house: House, at: int) -> None:
    wallet = Wallet()
    message = await text_for(house.nobody, wallet)
    changed = message[:at] + ("~" if message[at] != "~" else "-") + (message[at + 1 :] if at != -1 else "")
    answer = await house.nobody.post(SIGN_IN, wallet.proof(changed))
    assert answer.problem in {NOT_PROVED, MALFORMED}  # the latter where it was a byte of the nonce


@pytest.mark.parametrize("change", ["\n", " ", "\r", "\x01"])
async def test_more_at_the_end_or_other_line_ends_are_another_text(house: House, change: str) -> None:
    wallet = Wallet()
    message = await text_for(house.nobody, wallet)
    assert (await house.nobody.post(SIGN_IN, wallet.proof(message + change))).problem == NOT_PROVED
    message = (await text_for(house.nobody, wallet)).replace("Version: 1\n", "Version: 1\r\n")
    assert (await house.nobody.post(SIGN_IN, wallet.proof(message))).problem == NOT_PROVED


async def test_a_signature_of_another_text_is_refused(house: House) -> None:
    wallet = Wallet()
    first, second = await text_for(house.nobody, wallet), await text_for(house.nobody, wallet)
    body = wallet.proof(first) | {"signature": wallet.base58(second)}
    assert (await house.nobody.post(SIGN_IN, body)).problem == NOT_PROVED


async def test_a_text_is_good_for_five_minutes(house: House) -> None:
    wallet = Wallet()
    early, late = await text_for(house.nobody, wallet), await text_for(house.nobody, wallet)
    house.clock.ahead_s += MINUTES_5 - 5
    assert (await house.nobody.post(SIGN_IN, wallet.proof(early))).status == 200
    house.clock.ahead_s += 6
    assert (await house.nobody.post(SIGN_IN, wallet.proof(late))).problem == EXPIRED
    assert (await house.nobody.post(SIGN_IN, wallet.proof(late))).problem == NOT_PROVED


async def test_a_text_that_links_signs_nobody_in(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    message = await text_for(ada, wallet)
    for person in (house.nobody, ada):
        assert (await person.post(SIGN_IN, wallet.proof(message))).problem == NOT_PROVED
    code = (await ask_link(ada))["code"]
    asked = await house.nobody.post("/api/wallet-links/challenge", {"code": code, "address": wallet.address})
    assert (await house.nobody.post(SIGN_IN, wallet.proof(asked.body["message"]))).problem == NOT_PROVED


@pytest.mark.parametrize("signature", ["", "x", "0" * 88, "=" * 88, "A" * 86 + "==", "\u00e9" * 44])
async def test_what_is_no_signature_uses_the_text_up_too(house: House, signature: str) -> None:
    wallet = Wallet()
    message = await text_for(house.nobody, wallet)
    answer = await house.nobody.post(SIGN_IN, wallet.proof(message) | {"signature": signature})
    assert answer.problem in {MALFORMED, NOT_PROVED}
    assert (await house.nobody.post(SIGN_IN, wallet.proof(message))).problem == NOT_PROVED


async def test_bad_bodies_are_refused_wherever_one_is_read(house: House) -> None:
    ada = await house.person(1)
    public = (CHALLENGE, SIGN_IN, "/api/wallet-links/challenge", "/api/wallet-links/sign")
    for person, paths in ((house.nobody, public), (ada, (WALLETS, "/api/account/telegram"))):
        for path in paths:
            for body, status, _ in BODIES:
                answer = await person.post(path, body)
                assert answer.status == status, (path, body)
                assert answer.problem[1] in {"malformed", "invalid_request", "payload_too_large"}
            extra = {
                "address": Wallet().address,
                "message": "",
                "signature": "",
                "code": "",
                "init_data": "",
                "user": 1,
            }
            assert (await person.post(path, extra)).problem == (400, "invalid_request")


async def test_a_refusal_says_little_and_the_log_says_why(house: House) -> None:
    wallet = Wallet()
    first, second = await text_for(house.nobody, wallet), await text_for(house.nobody, wallet)
    bodies = [
        wallet.proof(first) | {"signature": wallet.base58(second)},
        wallet.proof(first),
        Wallet(2).proof(second),
        wallet.proof((await text_for(house.nobody, wallet)).replace("Version: 1", "Version: 2")),
    ]
    with structlog.testing.capture_logs() as logs:
        told = {str((await house.nobody.post(SIGN_IN, body)).body) for body in bodies}
    assert len(told) == 1
    assert [entry["why"] for entry in logs] == [
        "signature does not verify",
        "nonce unknown or used",
        "text names another wallet",
        "text was changed",
    ]
    assert not any(wallet.base58(first) in str(entry) for entry in logs)


async def test_a_session_by_wallet_is_a_session_like_any_other(house: House) -> None:
    ada = await sign_in(house, Wallet())
    renewed = await house.nobody.post("/api/auth/refresh", {"refresh_token": ada.tokens["refresh_token"]})
    assert Person(house.session, renewed.body).id == ada.id
    assert (await ada.post("/api/auth/logout")).status == 204
    assert not await alive(ada)
    assert (await ada.post(LINKS)).status == 401
