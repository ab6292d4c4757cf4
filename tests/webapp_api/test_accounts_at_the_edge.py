"""Sessions that end: pushed out, signed out while sending, renewed while the readers are busy."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from data.store.queries import Queries
from engine.accounts.types import MAX_SESSIONS
from engine.sequencer.sequencer import Busy
from tests.webapp_api.house import House, Person
from tests.webapp_api.launch import launch_data


async def test_a_session_pushed_out_by_newer_ones_is_over_at_once(house: House) -> None:
    first = await house.person(7)
    assert (await first.get("/api/account")).status == 200
    for _ in range(MAX_SESSIONS):
        await house.person(7)
    assert (await first.get("/api/account")).status == 401
    assert (await first.place()).status == 401


async def test_who_signs_out_while_an_order_is_being_sent_places_nothing(house: House) -> None:
    ada = await house.person(7, USDT=1000)
    half_sent = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"symbol": "BTCUSDT", "side": "buy",'
        await half_sent.wait()
        yield b' "type": "limit", "price": "50000.00", "quantity": "0.0100"}'

    sending = asyncio.create_task(_post(house, ada, slowly()))
    await asyncio.sleep(0.05)
    assert (await ada.post("/api/auth/logout")).status == 204
    half_sent.set()
    assert await sending == 401


async def _post(house: House, ada: Person, body: object) -> int:
    headers = {"Authorization": f"Bearer {ada.token}"}
    async with house.session.post("/api/trading/orders", data=body, headers=headers) as answer:
        return answer.status


async def test_a_renewal_that_is_refused_as_busy_may_be_asked_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await house.person(7)
    asked = {"refresh_token": ada.tokens["refresh_token"]}

    async def too_busy(*_: object) -> None:
        raise Busy

    with monkeypatch.context() as patch:
        patch.setattr(Queries, "read", too_busy)
        assert (await house.nobody.post("/api/auth/refresh", asked)).status == 503
    assert (await house.nobody.post("/api/auth/refresh", asked)).status == 200


async def test_a_device_whose_name_is_no_text_may_sign_in(house: House) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rsplit(":", 1)[1].strip("/")))
    body = b'{"init_data": "%s"}' % launch_data(7, house.clock() // 1_000_000).encode()
    head = b"POST /api/auth/telegram HTTP/1.1\r\nHost: x\r\nUser-Agent: \xff\xfe\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    writer.write(head + body)
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
