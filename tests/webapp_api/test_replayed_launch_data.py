"""Launch data is good until it is old, however often it comes: what whoever has a copy of it gets, and what not."""

import base64
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from data.store.accounts import SqlAccounts
from engine.accounts.types import MAX_SESSIONS
from tests.support.wallet import Wallet
from tests.webapp_api import wallets
from tests.webapp_api.house import FREELY, House, Person, open_house
from tests.webapp_api.launch import BOT_TOKEN, launch_data, launch_fields, sign
from tests.webapp_api.test_sessions import GONE, signed_in
from webapp_api.limits import Rate, RequestClass

DAY_S = 86_400


async def test_replayed_launch_data_opens_a_session_of_its_own_that_its_owner_sees_and_can_end(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    ada, copy = await sign_in(house, raw), await sign_in(house, raw)
    assert copy.id == ada.id
    assert copy.tokens["refresh_token"] != ada.tokens["refresh_token"]

    listed = (await ada.get("/api/auth/sessions")).body["sessions"]
    assert [each["current"] for each in listed] == [False, True]
    assert len((await ada.get("/api/account/activity")).body["activity"]) == 2
    assert (await ada.delete(f"/api/auth/sessions/{listed[0]['id']}")).status == 204
    assert (await copy.get("/api/account")).problem == GONE


async def test_replayed_launch_data_brings_no_ended_session_back(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    ada = await sign_in(house, raw)
    await ada.post("/api/auth/logout")
    again = await sign_in(house, raw)
    assert not await signed_in(ada)
    assert await signed_in(again)


async def test_after_a_log_out_everywhere_launch_data_from_before_opens_nothing(house: House) -> None:
    now_s = house.clock() // 1_000_000
    raw, of_bob = launch_data(1, now_s - 60), launch_data(2, now_s - 60)
    ada = await sign_in(house, raw)
    assert (await ada.post("/api/auth/logout-all", {"keep_current": True})).status == 204
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": raw})
    assert answer.problem == (401, "expired")
    assert await signed_in(ada)  # who stayed, stays
    assert await signed_in(await sign_in(house, launch_data(1, house.clock() // 1_000_000)))  # the app opened again
    assert await signed_in(await sign_in(house, of_bob))


async def test_a_log_out_everywhere_leaves_no_session_that_launch_data_from_before_is_just_opening(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = launch_data(1, house.clock() // 1_000_000 - 60)
    ada, keep = await sign_in(house, raw), SqlAccounts.open_session

    async def late(store: SqlAccounts, *session: Any) -> Any:
        """Open it when it was let in, and the owner was faster."""
        assert (await ada.post("/api/auth/logout-all")).status == 204
        return await keep(store, *session)

    with monkeypatch.context() as patch:
        patch.setattr(SqlAccounts, "open_session", late)
        answer = await house.nobody.post("/api/auth/telegram", {"init_data": raw})
    assert answer.problem == (401, "expired")
    again = await sign_in(house, launch_data(1, house.clock() // 1_000_000))
    assert len((await again.get("/api/auth/sessions")).body["sessions"]) == 1


async def test_launch_data_replayed_when_it_is_old_opens_nothing(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    ada = await sign_in(house, raw)
    house.clock.ahead_s += DAY_S + 1
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": raw})
    assert answer.problem == (401, "expired")
    body = {"refresh_token": ada.tokens["refresh_token"]}  # the session itself goes on
    assert (await house.nobody.post("/api/auth/refresh", body)).status == 200


async def test_launch_data_replayed_without_end_leaves_a_bounded_number_of_sessions(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    for _ in range(MAX_SESSIONS + 5):
        ada = await sign_in(house, raw)
    assert len((await ada.get("/api/auth/sessions")).body["sessions"]) == MAX_SESSIONS


async def test_after_telegram_was_unlinked_launch_data_from_before_makes_and_links_no_account(house: House) -> None:
    stolen = launch_data(1, house.clock() // 1_000_000 - 60)
    ada, wallet = await sign_in(house, stolen), Wallet()
    assert (await wallets.link(ada, wallet)).status == 200
    assert (await ada.delete("/api/account/telegram")).status == 204

    assert (await house.nobody.post("/api/auth/telegram", {"init_data": stolen})).problem == (401, "expired")
    thief = await wallets.sign_in(house, Wallet())
    assert (await thief.post("/api/account/telegram", {"init_data": stolen})).problem == (401, "expired")
    # The app opened again is its owner's word.
    back = await wallets.sign_in(house, wallet)
    fresh = launch_data(1, house.clock() // 1_000_000 + 1)
    assert (await back.post("/api/account/telegram", {"init_data": fresh})).status == 200


async def test_who_signs_in_with_a_copy_again_and_again_does_not_keep_its_owner_out(
    template: Path, tmp_path: Path
) -> None:
    rates = FREELY | {RequestClass.LOG_IN: Rate(0.001, 4)}
    async with open_house(template, tmp_path, rates=rates) as house:
        copy = launch_data(1, house.clock() // 1_000_000 - 60)
        for status in (200, 200, 200, 200, 429):
            assert (await house.nobody.post("/api/auth/telegram", {"init_data": copy})).status == status
        ada = await sign_in(house, launch_data(1, house.clock() // 1_000_000))
        assert (await ada.post("/api/auth/logout-all")).status == 204


async def test_where_telegram_itself_must_have_signed_the_bots_token_is_not_enough(
    template: Path, tmp_path: Path
) -> None:
    telegram = SigningKey.generate()
    async with open_house(template, tmp_path, telegram_key=bytes(telegram.verify_key)) as house:
        fields = launch_fields(1, house.clock() // 1_000_000)
        forged = await house.nobody.post("/api/auth/telegram", {"init_data": sign(fields)})
        assert forged.problem == (401, "invalid_credentials")

        del fields["signature"]
        checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        signed = telegram.sign(f"{BOT_TOKEN.partition(':')[0]}:WebAppData\n{checked}".encode()).signature
        fields["signature"] = base64.urlsafe_b64encode(signed).decode().rstrip("=")
        assert await signed_in(await sign_in(house, sign(fields)))


async def sign_in(house: House, raw: str) -> Person:
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": raw})
    assert answer.status == 200
    return Person(house.session, answer.body)
