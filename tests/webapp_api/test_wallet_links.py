"""A wallet in another app: a code goes there, a signature comes back, and the session that asked says yes."""

import asyncio
import hashlib
import re
import sqlite3
from pathlib import Path

import pytest
import structlog

from engine.accounts.wallet_types import MAX_LINKS
from tests.support.wallet import Wallet
from tests.webapp_api.house import House
from tests.webapp_api.wallets import (
    EXPIRED,
    GONE,
    LINKS,
    MINUTES_5,
    NOT_PROVED,
    ask_link,
    confirm,
    happened,
    link,
    sign_in,
    sign_link,
    text_for,
    wallets_of,
)

UNKNOWN = (404, "unknown_wallet_link")
TAKEN = (409, "wallet_taken")
CHALLENGE = "/api/wallet-links/challenge"
SIGN = "/api/wallet-links/sign"


async def test_a_wallet_in_another_app_is_linked_in_three_steps(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    asked = await ask_link(ada)
    assert asked["url"] == f"https://clobster.test/wallet#{asked['code']}"
    assert asked["phantom_url"].startswith("https://phantom.app/ul/browse/https%3A%2F%2Fclobster.test%2Fwallet%23")
    assert asked["solflare_url"].startswith("https://solflare.com/ul/v1/browse/https%3A%2F%2F")
    mine = f"{LINKS}/{asked['id']}"
    assert (await ada.get(mine)).body["state"] == "asked"
    assert (await confirm(ada, asked["id"])).problem == (409, "wallet_link_not_signed")

    text = await house.nobody.post(CHALLENGE, {"code": asked["code"], "address": wallet.address})
    assert text.body["account_name"] == "1000 (@ada1)"
    assert "\nLink this wallet to the Clobster account 1000 (@ada1).\n" in text.body["message"]
    signed = await house.nobody.post(SIGN, {"code": asked["code"], **wallet.proof(text.body["message"])})
    assert signed.body == {"address": wallet.address, "return_url": "https://t.me/clobster_bot/app?startapp=wallet"}
    assert (await ada.get(mine)).body["address"] == wallet.address
    assert await wallets_of(ada) == []  # signed is not linked
    assert (await sign_in(house, Wallet(2))).id != ada.id

    assert (await confirm(ada, asked["id"])).body["address"] == wallet.address
    assert (await ada.get(mine)).body["state"] == "linked"
    assert (await confirm(ada, asked["id"])).status == 200  # an answer that was lost may be asked for again
    assert (await sign_in(house, wallet)).id == ada.id
    assert [each for each in await happened(ada) if each[0] != "signed_in"] == [
        ("wallet_linked", wallet.address),
        ("wallet_signed", wallet.address),
    ]


async def test_the_page_is_made_of_our_own_files_and_strict(house: House) -> None:
    page = await house.nobody.get("/wallet")
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page.body)
    assert set(wanted) == {"/wallet/icon.svg", "/wallet/style.css", "/wallet/app.js"}
    for path in ("/wallet", *wanted, "/wallet/wallets.js"):
        answer = await house.nobody.get(path)
        assert answer.status == 200, path
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<style|<script[^>]*>[^<]| on\w+=| style=", page.body)


async def test_a_code_is_used_once(house: House) -> None:
    ada = await house.person(1)
    asked = await ask_link(ada)
    assert (await sign_link(house, asked["code"], Wallet(1))).status == 200
    assert (await sign_link(house, asked["code"], Wallet(2))).problem == NOT_PROVED
    await confirm(ada, asked["id"])
    assert (await sign_link(house, asked["code"], Wallet(2))).problem == NOT_PROVED
    assert await wallets_of(ada) == [Wallet(1).address]


async def test_of_many_wallets_that_sign_with_a_code_at_once_one_counts(house: House) -> None:
    ada = await house.person(1)
    asked = await ask_link(ada)
    answers = await asyncio.gather(*(sign_link(house, asked["code"], Wallet(seed)) for seed in range(1, 11)))
    (signed,) = (answer.body["address"] for answer in answers if answer.status == 200)
    assert {answer.problem for answer in answers if answer.status != 200} == {NOT_PROVED}
    assert (await ada.get(f"{LINKS}/{asked['id']}")).body["address"] == signed
    assert [kind for kind, _ in await happened(ada)].count("wallet_signed") == 1


async def test_a_thief_of_the_code_binds_no_wallet_of_his(house: House) -> None:
    """He may sign first; the session that asked sees another address than its own, and nothing is linked without it."""
    ada, eve, thief = await house.person(1), await house.person(2), Wallet(666)
    asked = await ask_link(ada)
    assert (await sign_link(house, asked["code"], thief)).status == 200
    for person, problem in ((house.nobody, GONE), (eve, UNKNOWN)):
        assert (await confirm(person, asked["id"])).problem == problem
        assert (await person.get(f"{LINKS}/{asked['id']}")).problem == problem
    assert (await ada.get(f"{LINKS}/{asked['id']}")).body["address"] == thief.address
    assert (await sign_in(house, thief)).id not in {ada.id, eve.id}
    assert await wallets_of(ada) == await wallets_of(eve) == []


async def test_another_session_of_the_same_account_does_not_confirm(house: House) -> None:
    ada, phone = await house.person(1), await house.person(1)
    asked = await ask_link(ada)
    await sign_link(house, asked["code"], Wallet())
    assert (await phone.get(f"{LINKS}/{asked['id']}")).problem == UNKNOWN
    assert (await confirm(phone, asked["id"])).problem == UNKNOWN
    assert await wallets_of(phone) == []
    assert (await confirm(ada, asked["id"])).status == 200


async def test_a_session_that_signed_out_confirms_nothing_and_its_code_is_dead(house: House) -> None:
    ada, phone = await house.person(1), await house.person(1)
    signed, asked = await ask_link(ada), await ask_link(ada)
    await sign_link(house, signed["code"], Wallet())
    body = {"code": asked["code"], "address": Wallet().address}
    message = (await house.nobody.post(CHALLENGE, body)).body["message"]
    await ada.post("/api/auth/logout")
    assert (await confirm(ada, signed["id"])).problem == GONE
    assert (await confirm(phone, signed["id"])).problem == UNKNOWN
    assert (await house.nobody.post(CHALLENGE, body)).problem == NOT_PROVED
    assert (await house.nobody.post(SIGN, body | Wallet().proof(message))).problem == NOT_PROVED
    assert await wallets_of(phone) == []


async def test_a_sign_out_between_the_guard_and_the_confirmation_is_seen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.person(1)
    asked = await ask_link(ada)
    await sign_link(house, asked["code"], Wallet())
    guard = house.deps.guard
    claims = guard.known(str(ada.token))
    await ada.post("/api/auth/logout")
    monkeypatch.setattr(guard, "known", lambda _: claims)
    assert (await confirm(ada, asked["id"])).problem == GONE
    assert await wallets_of(ada) == []


async def test_a_confirmed_link_does_not_link_a_wallet_again_that_was_unlinked(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    asked = await ask_link(ada)
    await sign_link(house, asked["code"], wallet)
    await confirm(ada, asked["id"])
    assert (await ada.delete(f"/api/account/wallets/{wallet.address}")).status == 204
    assert (await confirm(ada, asked["id"])).problem == UNKNOWN
    assert await wallets_of(ada) == []


async def test_codes_and_links_are_good_for_five_minutes(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    early, late = await ask_link(ada), await ask_link(ada)
    await sign_link(house, early["code"], wallet)
    house.clock.ahead_s += MINUTES_5 + 1
    assert (await sign_link(house, late["code"], wallet)).problem == EXPIRED
    assert (await confirm(ada, early["id"])).problem == UNKNOWN
    assert (await ada.get(f"{LINKS}/{late['id']}")).problem == UNKNOWN
    assert await wallets_of(ada) == []


async def test_a_text_is_for_its_own_link_and_its_own_wallet(house: House) -> None:
    ada, eve, wallet = await house.person(1), await house.person(2), Wallet()
    of_ada, of_eve = await ask_link(ada), await ask_link(eve)
    body = {"code": of_ada["code"], "address": wallet.address}
    for code, wrong in ((of_eve["code"], {}), (of_ada["code"], {"address": Wallet(2).address})):
        message = (await house.nobody.post(CHALLENGE, body)).body["message"]
        used = {**wallet.proof(message), **wrong, "code": code}
        assert (await house.nobody.post(SIGN, used)).problem == NOT_PROVED
    for message in (await text_for(house.nobody, wallet), await text_for(ada, wallet)):
        assert (await house.nobody.post(SIGN, body | wallet.proof(message))).problem == NOT_PROVED
    assert (await sign_link(house, of_ada["code"], wallet)).status == 200  # a failed try leaves the code


async def test_a_text_of_a_link_is_not_linked_by_the_session_alone(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    asked = await ask_link(ada)
    message = (await house.nobody.post(CHALLENGE, {"code": asked["code"], "address": wallet.address})).body["message"]
    assert (await ada.post("/api/account/wallets", wallet.proof(message))).problem == NOT_PROVED


async def test_a_wallet_of_another_account_is_refused_when_it_signs_and_when_it_is_confirmed(house: House) -> None:
    ada, wallet = await house.person(1), Wallet()
    asked = await ask_link(ada)
    assert (await sign_link(house, asked["code"], wallet)).status == 200
    bob = await sign_in(house, wallet)  # meanwhile it made an account of its own
    assert (await confirm(ada, asked["id"])).problem == TAKEN
    again = await ask_link(ada)
    assert (await sign_link(house, again["code"], wallet)).problem == TAKEN
    assert (await sign_link(house, again["code"], Wallet(2))).status == 200  # the code was not used up
    assert await wallets_of(bob) == [wallet.address]
    assert await wallets_of(ada) == []


async def test_of_many_accounts_that_confirm_one_wallet_at_once_one_gets_it(house: House) -> None:
    people, wallet = [await house.person(number) for number in range(1, 9)], Wallet()
    asked = [await ask_link(person) for person in people]
    for each in asked:
        assert (await sign_link(house, each["code"], wallet)).status == 200
    answers = await asyncio.gather(
        *(confirm(person, each["id"]) for person, each in zip(people, asked, strict=True)),
        link(await house.person(99), wallet),
    )
    assert sorted(answer.status for answer in answers) == [200] + [409] * len(people)
    assert sum([len(await wallets_of(person)) for person in people]) <= 1


async def test_an_account_has_only_so_many_open_links_and_the_newest_are_good(house: House) -> None:
    ada = await house.person(1)
    asked = [await ask_link(ada) for _ in range(MAX_LINKS + 1)]
    assert (await ada.get(f"{LINKS}/{asked[0]['id']}")).problem == UNKNOWN
    assert (await sign_link(house, asked[0]["code"], Wallet())).problem == NOT_PROVED
    assert (await sign_link(house, asked[1]["code"], Wallet())).status == 200


@pytest.mark.usefixtures("on_a_file")
async def test_a_code_is_kept_as_a_hash_only_and_never_logged(house: House, tmp_path: Path) -> None:
    ada = await house.person(1)
    with structlog.testing.capture_logs() as logs:
        asked = await ask_link(ada)
        for code in ("", "x", asked["code"][::-1], "\u00e9"):
            assert (await sign_link(house, code, Wallet())).problem == NOT_PROVED
    assert asked["code"] not in str(logs)
    database = sqlite3.connect(tmp_path / "exchange.db")
    rows = database.execute("SELECT * FROM wallet_links").fetchall()
    database.close()
    assert asked["code"] not in str(rows)
    assert hashlib.sha256(asked["code"].encode()).digest() in rows[0]
    assert asked["code"].encode() not in (tmp_path / "exchange.db-wal").read_bytes()
