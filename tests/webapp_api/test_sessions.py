"""Signing in over HTTP, staying signed in, signing out."""

import asyncio

from engine.accounts.types import MAX_SESSIONS
from tests.webapp_api.house import House, Person
from tests.webapp_api.launch import launch_data
from webapp_api.auth.tokens import LIFE_S

GONE = (401, "unauthorized")


async def refreshed(house: House, refresh_token: str) -> Person | None:
    answer = await house.nobody.post("/api/auth/refresh", {"refresh_token": refresh_token})
    if answer.status == 200:
        return Person(house.session, answer.body)
    assert answer.problem == (401, "invalid_credentials")
    return None


async def signed_in(person: Person) -> bool:
    answer = await person.get("/api/account")
    assert answer.status in {200, 401}
    return answer.status == 200


async def test_launch_data_opens_a_session(house: House) -> None:
    ada = await house.person(42)
    assert ada.tokens["token_type"] == "Bearer"
    assert ada.tokens["expires_in"] == LIFE_S
    account = (await ada.get("/api/account")).body
    assert account == ada.tokens["account"]
    assert (account["telegram_id"], account["first_name"], account["username"]) == (42, "Ada", "ada42")
    assert (await house.person(42)).id == ada.id
    assert (await house.person(43)).id != ada.id


async def test_answers_set_no_cookies(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    answer = await house.nobody.post("/api/auth/telegram", {"init_data": raw})
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_access_token_ends_by_itself_and_is_renewed(house: House) -> None:
    ada = await house.person(1)
    assert await signed_in(ada)
    house.clock.ahead_s += LIFE_S + 1
    assert not await signed_in(ada)
    renewed = await refreshed(house, ada.tokens["refresh_token"])
    assert renewed
    assert renewed.id == ada.id
    assert await signed_in(renewed)


async def test_a_refresh_token_works_once_and_its_copy_ends_the_session(house: House) -> None:
    ada = await house.person(1)
    renewed = await refreshed(house, ada.tokens["refresh_token"])
    assert renewed
    assert await refreshed(house, ada.tokens["refresh_token"]) is None
    assert not await signed_in(renewed)
    assert not await signed_in(ada)
    assert await refreshed(house, renewed.tokens["refresh_token"]) is None


async def test_a_token_from_further_back_ends_the_session_too(house: House) -> None:
    ada = await house.person(1)
    second = await refreshed(house, ada.tokens["refresh_token"])
    assert second
    third = await refreshed(house, second.tokens["refresh_token"])
    assert third
    assert await refreshed(house, ada.tokens["refresh_token"]) is None
    assert not await signed_in(third)


async def test_of_many_uses_at_once_at_most_one_succeeds(house: House) -> None:
    ada = await house.person(1)
    renewed = await asyncio.gather(*(refreshed(house, ada.tokens["refresh_token"]) for _ in range(10)))
    assert len([each for each in renewed if each]) <= 1


async def test_a_refresh_token_that_never_was_renews_nothing(house: House) -> None:
    ada = await house.person(1)
    for token in ("", ".", "x.y", "\u00e9.\u00e9", str(ada.token)[:256]):
        assert await refreshed(house, token) is None
    assert await signed_in(ada)


async def test_an_access_token_is_no_refresh_token_and_the_reverse(house: House) -> None:
    ada = await house.person(1)
    ada.token = ada.tokens["refresh_token"]
    assert (await ada.get("/api/account")).problem == GONE


async def test_logging_out_ends_the_session_at_once(house: House) -> None:
    ada, phone = await house.person(1), await house.person(1)
    assert await signed_in(ada)
    assert (await ada.post("/api/auth/logout")).status == 204
    assert (await ada.get("/api/account")).problem == GONE
    assert await refreshed(house, ada.tokens["refresh_token"]) is None
    assert await signed_in(phone)


async def test_sessions_are_listed_and_ended_by_their_owner_only(house: House) -> None:
    ada, phone, eve = await house.person(1), await house.person(1), await house.person(2)
    listed = (await ada.get("/api/auth/sessions")).body["sessions"]
    assert [session["current"] for session in listed] == [False, True]
    assert {session["address"] for session in listed} == {"127.0.0.1"}
    assert all("aiohttp" in session["user_agent"] for session in listed)
    assert not any("hash" in name for session in listed for name in session)
    of_phone = f"/api/auth/sessions/{listed[0]['id']}"

    assert (await eve.delete(of_phone)).problem == (404, "unknown_session")
    assert await signed_in(phone)
    assert (await ada.delete(of_phone)).status == 204
    assert not await signed_in(phone)
    assert (await ada.delete(of_phone)).problem == (404, "unknown_session")
    for text in ("%ff", "x" * 5000, "'%20OR%201=1"):
        assert (await ada.delete(f"/api/auth/sessions/{text}")).problem == (404, "unknown_session")
    assert len((await ada.get("/api/auth/sessions")).body["sessions"]) == 1


async def test_an_account_has_only_so_many_sessions(house: House) -> None:
    first = await house.person(1)
    for _ in range(MAX_SESSIONS):
        last = await house.person(1)
    assert len((await last.get("/api/auth/sessions")).body["sessions"]) == MAX_SESSIONS
    assert not await signed_in(first)
    assert await refreshed(house, first.tokens["refresh_token"]) is None


async def test_a_forwarded_address_is_not_believed(house: House) -> None:
    raw = launch_data(1, house.clock() // 1_000_000)
    headers = {"X-Forwarded-For": "203.0.113.7"}
    ada = Person(
        house.session, (await house.nobody.post("/api/auth/telegram", {"init_data": raw}, headers=headers)).body
    )
    [session] = (await ada.get("/api/auth/sessions")).body["sessions"]
    assert session["address"] == "127.0.0.1"
