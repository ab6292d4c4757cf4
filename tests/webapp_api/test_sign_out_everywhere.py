"""Logging out everywhere, and what an owner is told of a refresh token that was copied."""

import json

import aiohttp
import pytest

from engine.accounts.types import Activity, ActivityKind
from tests.webapp_api.house import ADMIN, House, Person
from tests.webapp_api.launch import launch_data
from tests.webapp_api.test_sessions import refreshed, signed_in

EVERYWHERE = "/api/auth/logout-all"


async def socket_of(house: House, person: Person) -> aiohttp.ClientWebSocketResponse:
    socket = await house.session.ws_connect("/api/ws")
    await socket.send_json({"op": "auth", "token": person.token})
    assert "result" in json.loads((await socket.receive()).data)
    return socket


async def told(person: Person) -> list[tuple[str, str]]:
    found = (await person.get("/api/account/activity")).body["activity"]
    return [(each["kind"], each["detail"]) for each in found]


async def test_logging_out_everywhere_ends_every_session_at_once_and_its_sockets(house: House) -> None:
    ada, phone, eve = await house.person(1), await house.person(1), await house.person(2)
    sockets = [await socket_of(house, person) for person in (ada, phone)]
    of_eve = await socket_of(house, eve)
    assert await signed_in(phone)

    assert (await ada.post(EVERYWHERE)).status == 204
    for person in (ada, phone):
        assert not await signed_in(person)
        assert await refreshed(house, person.tokens["refresh_token"]) is None
    for socket in sockets:
        message = await socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4001)
    assert await signed_in(eve)
    await of_eve.send_json({"op": "ping"})
    assert json.loads((await of_eve.receive()).data)["op"] == "pong"
    await of_eve.close()

    again = await house.person(1)
    assert [kind for kind, _ in await told(again)] == ["signed_in", "signed_out_everywhere", "signed_in", "signed_in"]


async def test_the_session_that_asks_may_stay(house: House) -> None:
    ada, phone = await house.person(1), await house.person(1)
    assert (await ada.post(EVERYWHERE, {"keep_current": True})).status == 204
    assert await signed_in(ada)
    assert not await signed_in(phone)
    assert await refreshed(house, ada.tokens["refresh_token"])
    assert (await ada.post(EVERYWHERE, {"keep_current": False})).status == 204
    assert not await signed_in(ada)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"keep_current": 1}', b'{"keep": true}'])
async def test_a_wish_that_is_not_understood_ends_nothing(house: House, body: bytes) -> None:
    ada = await house.person(1)
    assert (await ada.post(EVERYWHERE, body)).status == 400
    assert await signed_in(ada)
    assert [kind for kind, _ in await told(ada)] == ["signed_in"]


async def test_who_an_administrator_logs_out_is_told_and_launch_data_from_before_opens_nothing(house: House) -> None:
    boss, raw = await house.person(ADMIN), launch_data(1, house.clock() // 1_000_000 - 60)
    ada = await house.person(1)
    assert (await boss.post(f"/api/admin/accounts/{ada.id}/sign-out")).status == 204
    assert not await signed_in(ada)
    assert (await house.nobody.post("/api/auth/telegram", {"init_data": raw})).problem == (401, "expired")
    again = (await (await house.person(1)).get("/api/account/activity")).body["activity"]
    assert [each["kind"] for each in again] == ["signed_in", "signed_out_everywhere", "signed_in"]
    assert (again[1]["address"], again[1]["detail"]) == ("", "")  # not where the administrator was


async def test_to_end_a_session_that_is_not_there_costs_nobody_anything(house: House) -> None:
    ada, accounts = await house.person(1), house.deps.accounts
    endings = accounts.endings
    assert (await ada.delete("/api/auth/sessions/nothing")).problem == (404, "unknown_session")
    assert accounts.endings == endings  # who is just being let in is not looked up again for it


async def test_a_refresh_tells_the_device_and_the_place_of_last_use(house: House) -> None:
    ada = await house.person(1)
    body = {"refresh_token": ada.tokens["refresh_token"]}
    answer = await house.nobody.post("/api/auth/refresh", body, headers={"User-Agent": "on the train"})
    [session] = (await Person(house.session, answer.body).get("/api/auth/sessions")).body["sessions"]
    assert (session["user_agent"], session["address"], session["door"]) == ("on the train", "127.0.0.1", "telegram")
    assert session["refreshed_at"] >= session["created_at"]


async def test_a_copied_refresh_token_is_told_to_its_owner_and_to_who_listens(house: House) -> None:
    heard: list[Activity] = []
    house.deps.accounts._feed.listeners.append(heard.append)
    for older in (False, True):
        ada = await house.person(1)
        copied = ada.tokens["refresh_token"]
        newest = await refreshed(house, copied)
        if older:
            assert newest
            newest = await refreshed(house, newest.tokens["refresh_token"])
        assert newest
        heard.clear()
        assert await refreshed(house, copied) is None
        assert not await signed_in(newest)
        assert [(each.kind, each.address) for each in heard] == [(ActivityKind.REFRESH_TOKEN_REUSED, "127.0.0.1")]
        assert heard[0].id > 0
        assert await refreshed(house, copied) is None
        assert len(heard) == 1  # of a session that has ended nothing more is told
    ada = await house.person(1)
    reuses = [detail for kind, detail in await told(ada) if kind == "refresh_token_reused"]
    assert len(reuses) == 2
    assert all("aiohttp" in device for device in reuses)
