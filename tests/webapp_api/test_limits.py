"""Who asks too often is refused with a code and a time, whoever they say they are; nobody else suffers."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.webapp_api.house import ADDRESS_FACTOR, FREELY, LIMIT, Answer, House, Person, open_house
from tests.webapp_api.launch import launch_data
from tests.webapp_api.programs import program
from webapp_api.addresses import FORWARDED_FOR
from webapp_api.limits import BATCH_COST, Rate, RequestClass
from webapp_api.openapi import OPERATIONS

SLOW = 0.001  # a second: nothing comes back during a test but by the clock being put forward
REFUSED = (429, "too_many_requests")
HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


@pytest.fixture
def opened(template: Path, tmp_path: Path) -> Any:
    """Open an exchange in which some classes are limited to so many requests of an account at once."""

    @asynccontextmanager
    async def opened(trusted_proxies: str = "", **bursts: int) -> AsyncIterator[House]:
        rates = FREELY | {RequestClass(name): Rate(SLOW, burst) for name, burst in bursts.items()}
        async with open_house(template, tmp_path, rates=rates, trusted_proxies=trusted_proxies) as house:
            yield house

    return opened


def said(answer: Answer) -> tuple[int, ...]:
    return tuple(int(answer.headers[name]) for name in HEADERS)


def launched(house: House, telegram_id: int) -> dict[str, str]:
    return {"init_data": launch_data(telegram_id, house.clock() // 1_000_000)}


async def sign_in(house: House, telegram_id: int, **headers: str) -> Answer:
    return await house.nobody.post("/api/auth/telegram", launched(house, telegram_id), headers=headers)


async def test_every_answer_says_what_remains(opened: Any) -> None:
    async with opened(read=10) as house:
        ada = await house.person(1)
        assert said(await ada.get("/api/account")) == (10, 9, 1000)
        assert said(await ada.get("/api/nothing")) == (50, 48, 400)  # nobody is asked for there: the address's
        assert said(await ada.get("/api/trading/orders?limit=0")) == (10, 8, 2000)
        assert said(await ada.get("/api/trading/orders?format=csv")) == (10, 7, 3000)
        assert said(await house.nobody.get("/api/account")) == (50, 45, 1000)
        async with house.session.ws_connect("/api/ws") as socket:
            assert socket._response.headers["RateLimit-Remaining"] == "44"


async def test_an_account_that_asks_too_often_is_told_when_to_come_back_and_others_go_on(opened: Any) -> None:
    async with opened(read=3) as house:
        ada, bob = await house.person(1), await house.person(2)
        assert [(await ada.get("/api/account")).status for _ in range(4)] == [200, 200, 200, 429]
        refused = await ada.get("/api/account")
        assert refused.problem == REFUSED
        assert said(refused) == (3, 0, 3000)
        assert 999 <= int(refused.headers["Retry-After"]) <= 1000
        assert refused.body["error"]["details"] == {"retry_after": int(refused.headers["Retry-After"])}
        assert (await bob.get("/api/account")).status == 200
        house.clock.ahead_s += int(refused.headers["Retry-After"])
        renewed = await house.person(1)  # her access token has ended by then
        assert (await renewed.get("/api/account")).status == 200
        assert (await renewed.get("/api/account")).problem == REFUSED


async def test_all_sessions_of_an_account_share_its_allowance(opened: Any) -> None:
    async with opened(order=4) as house:
        phone, laptop = await house.person(1, USDT=10_000), await house.person(1)
        assert [(await each.place()).status for each in (phone, laptop) * 2] == [201] * 4
        assert (await laptop.place()).problem == REFUSED
        assert (await phone.delete("/api/trading/orders")).problem == REFUSED
        assert (await phone.get("/api/trading/orders")).status == 200  # reading is another class
        assert await phone.balances() == {"USDT": ("8000.000000", "2000.000000")}  # four orders, and not one more


async def test_an_account_gains_nothing_by_many_keys(opened: Any) -> None:
    async with opened(order=6) as house:
        ada = await house.person(1, USDT=10_000)
        programs = [await program(house, ada) for _ in range(4)]
        answers = [await each.ask("POST", "/api/trading/orders", LIMIT) for each in programs for _ in range(3)]
        assert [answer.status for answer in answers] == [201] * 6 + [429] * 6
        assert (await ada.place()).problem == REFUSED
        assert await ada.balances() == {"USDT": ("7000.000000", "3000.000000")}


async def test_a_batch_counts_as_ten_orders(opened: Any) -> None:
    async with opened(order=2 * BATCH_COST + 1) as house:
        ada = await house.person(1, USDT=10_000)
        batch = {"orders": [{"op": "place", **LIMIT}]}
        answers = [await ada.post("/api/trading/orders/batch", batch) for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 429]
        assert (await ada.place()).status == 201


async def test_many_accounts_behind_one_address_share_what_the_address_may(opened: Any) -> None:
    async with opened(read=2) as house:
        people = [await house.person(number) for number in range(1, ADDRESS_FACTOR + 2)]
        answers = [await person.get("/api/account") for person in people for _ in range(2)]
        assert [answer.status for answer in answers] == [200] * 10 + [429] * 2
        assert (await house.nobody.get("/api/markets")).problem == REFUSED


async def test_a_stranger_spends_nobody_elses_allowance(opened: Any) -> None:
    async with opened(read=4) as house:
        ada = await house.person(1)
        for _ in range(8):
            assert (await house.nobody.get("/api/account", headers={"Authorization": "Bearer x"})).status == 401
        assert said(await ada.get("/api/account")) == (4, 3, 1000)


async def test_what_is_refused_is_not_even_read(opened: Any) -> None:
    async with opened(log_in=1) as house:
        for _ in range(ADDRESS_FACTOR):
            assert (await house.nobody.post("/api/auth/refresh", {"refresh_token": "x"})).status == 401
        never = asyncio.Event()

        async def body() -> AsyncIterator[bytes]:
            yield b'{"init_data": "'
            await never.wait()

        async with asyncio.timeout(5), house.session.post("/api/auth/telegram", data=body()) as answer:
            assert answer.status == 429


async def test_whoever_guesses_credentials_is_stopped_even_from_many_accounts(opened: Any) -> None:
    async with opened(log_in=2) as house:
        guesses = [await house.nobody.post("/api/auth/refresh", {"refresh_token": f"a.{n}"}) for n in range(11)]
        assert [each.status for each in guesses] == [401] * 10 + [429]
        assert (await sign_in(house, 1)).problem == REFUSED


async def test_one_launch_of_the_page_cannot_open_sessions_without_end(opened: Any) -> None:
    async with opened(log_in=2) as house:
        once = launched(house, 1)
        answers = [await house.nobody.post("/api/auth/telegram", once) for _ in range(3)]
        assert [each.status for each in answers] == [200, 200, 429]
        assert said(answers[2]) == (2, 0, 2000)
        assert (await sign_in(house, 2)).status == 200
        ada = Person(house.session, answers[1].body)
        assert len((await ada.get("/api/auth/sessions")).body["sessions"]) == 2


async def test_a_dead_copy_of_launch_data_does_not_keep_its_owner_from_signing_in(opened: Any) -> None:
    async with opened(log_in=2) as house:
        copied = {"init_data": launch_data(1, house.clock() // 1_000_000 - 60)}
        ada = await house.person(1)
        assert (await ada.post("/api/auth/logout-all")).status == 204
        for _ in range(4):
            assert (await house.nobody.post("/api/auth/telegram", copied)).status in (401, 429)
        assert (await sign_in(house, 1)).status == 200


async def test_a_spoofed_x_forwarded_for_gives_no_new_allowance(opened: Any) -> None:
    async with opened(log_in=1) as house:
        answers = [await sign_in(house, number, **{FORWARDED_FOR: f"203.0.113.{number}"}) for number in range(1, 7)]
        assert [each.status for each in answers] == [200] * 5 + [429]


async def test_behind_a_proxy_each_client_has_its_own_and_cannot_write_itself_another(opened: Any) -> None:
    async with opened("127.0.0.1", log_in=1) as house:

        async def come(*hops: str) -> int:
            return (await house.nobody.post("/api/auth/refresh", {}, headers={FORWARDED_FOR: ", ".join(hops)})).status

        assert [await come(f"198.51.100.{n}", "203.0.113.7") for n in range(6)] == [400] * 5 + [429]
        assert await come("203.0.113.8") == 400
        assert [await come(f"2001:db8:0:1::{n}") for n in range(6)] == [400] * 5 + [429]
        assert await come("2001:db8:0:2::1") == 400
        answer = await sign_in(house, 1, **{FORWARDED_FOR: "203.0.113.9"})
        [session] = (await Person(house.session, answer.body).get("/api/auth/sessions")).body["sessions"]
        assert session["address"] == "203.0.113.9"


async def test_whoever_watches_over_the_exchange_is_always_answered(opened: Any) -> None:
    async with opened(read=1) as house:
        for _ in range(ADDRESS_FACTOR + 1):
            await house.nobody.get("/api/markets")
        for path in ("/healthz", "/readyz"):
            answer = await house.nobody.get(path)
            assert answer.status == 200
            assert not set(HEADERS) & set(answer.headers)
        assert (await house.nobody.get("/metrics")).problem == REFUSED


async def test_refusals_are_counted_by_class(opened: Any) -> None:
    async with opened(order=1, log_in=2) as house:
        ada = await house.person(1, USDT=1000)
        for _ in range(3):
            await ada.place()
        once = launched(house, 2)
        for _ in range(3):
            await house.nobody.post("/api/auth/telegram", once)
        figures = (await house.nobody.get("/metrics")).body
        assert 'clobster_limited_total{class="order"} 2.0' in figures
        assert 'clobster_limited_total{class="log_in"} 1.0' in figures
        assert 'clobster_limited_total{class="withdrawal"} 0.0' in figures


async def test_every_operation_that_is_limited_says_so() -> None:
    for operation in OPERATIONS:
        assert "too_many_requests" in operation.codes, operation.name


class Socket:
    """A client of /api/ws that asks one thing after the other."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket

    async def ask(self, **request: Any) -> Any:
        await self._socket.send_json(request)
        answer = json.loads((await self._socket.receive()).data)
        return answer["error"]["code"] if "error" in answer else "ok"


@asynccontextmanager
async def socket_of(house: House, person: Person | None = None) -> AsyncIterator[Socket]:
    async with house.session.ws_connect("/api/ws") as opened:
        socket = Socket(opened)
        if person is not None:
            assert await socket.ask(op="auth", token=person.token) == "ok"
        yield socket


async def test_orders_on_sockets_count_for_their_account_and_close_nothing(opened: Any) -> None:
    async with opened(order=BATCH_COST + 3) as house:
        ada, bob = await house.person(1, USDT=10_000), await house.person(2, USDT=10_000)
        async with socket_of(house, ada) as one, socket_of(house, ada) as two, socket_of(house, bob) as bobs:
            assert await one.ask(op="order.place", params=LIMIT) == "ok"
            assert await two.ask(op="order.batch", params={"orders": [{"op": "place", **LIMIT}]}) == "ok"
            assert await two.ask(op="order.cancel", params={"id": 1}) == "ok"
            assert (await ada.place()).status == 201
            for socket in (one, two):
                for _ in range(120):  # more than the faults that a connection may have
                    assert await socket.ask(op="order.place", params=LIMIT) == "too_many_requests"
                assert await socket.ask(op="ping") == "ok"
            assert (await ada.place()).problem == REFUSED
            assert await bobs.ask(op="order.place", params=LIMIT) == "ok"


async def test_an_auth_message_counts_as_a_log_in_of_its_address(opened: Any) -> None:
    async with opened(log_in=1) as house:
        ada = await house.person(1)  # the first of five
        async with socket_of(house) as one, socket_of(house) as two:
            for guess in range(2):
                assert await one.ask(op="auth", token=f"guess {guess}") == "unauthorized"
                assert await two.ask(op="auth", token=f"another {guess}") == "unauthorized"
            assert await two.ask(op="auth", token=ada.token) == "too_many_requests"
        assert (await sign_in(house, 2)).problem == REFUSED


async def test_a_private_channel_counts_as_a_read_of_its_account_and_a_public_one_as_nothing(opened: Any) -> None:
    async with opened(read=4) as house:
        ada = await house.person(1)
        async with house.session.ws_connect("/api/ws") as socket:
            await socket.send_json({"op": "auth", "token": ada.token})
            await socket.receive()
            for channels, code in (
                (["user:orders", "user:balances", "user:orders", "ticker:BTCUSDT"], None),
                (["user:trades", "user:balances", "user:account"], "too_many_requests"),
                (["user:trades", "user:balances"], None),
                (["user:trades", "trades:BTCUSDT"], "too_many_requests"),
                (["trades:BTCUSDT", "depth:BTCUSDT"], None),
            ):
                await socket.send_json({"op": "subscribe", "id": "this", "channels": channels})
                while (told := json.loads((await socket.receive()).data)).get("id") != "this":
                    pass
                assert told.get("error", {}).get("code") == code
        assert (await ada.get("/api/account")).problem == REFUSED


async def test_a_handshake_counts_as_a_read_of_its_address(opened: Any) -> None:
    async with opened(read=1) as house:
        for _ in range(ADDRESS_FACTOR):
            async with socket_of(house):
                pass
        with pytest.raises(aiohttp.WSServerHandshakeError) as error:
            await house.session.ws_connect("/api/ws")
        assert error.value.status == 429


async def test_an_address_opens_only_so_many_websockets_at_once(template: Path, tmp_path: Path) -> None:
    async with open_house(template, tmp_path, sockets_per_address=2) as house:
        first, second = [await house.session.ws_connect("/api/ws") for _ in range(2)]
        refused = await house.nobody.get("/api/ws")
        assert refused.problem == (429, "too_many_sockets")
        await first.close()
        async with house.session.ws_connect("/api/ws") as third:
            await third.send_json({"op": "ping", "id": 1})
            assert (await third.receive_json())["op"] == "pong"
        await second.close()
