"""Updates that Telegram sends to the exchange's own HTTP, instead of being asked for them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.updates import AT_ONCE
from tests.bot.world import World, open_world
from tests.support.own_time import own_time
from webapp_api.routes.telegram import PATH, SECRET_HEADER, TelegramHook
from webapp_api.wire import MAX_BODY

SECRET = "a secret that only Telegram is told"


@pytest.fixture
async def hooked(template: Path, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(template, tmp_path, hook=TelegramHook(SECRET)) as opened:
        await opened.telegram.until(lambda: opened.telegram.webhook, "the webhook")
        yield opened


async def post(world: World, body: Any, secret: str | None = SECRET) -> tuple[int, str]:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(5)) as session:
        url = world.house.url.rstrip("/") + PATH
        async with session.post(url, data=data, headers=headers) as answer:
            return answer.status, await answer.text()


def said(world: World, telegram_id: int, text: str, number: int) -> dict[str, Any]:
    person = world.telegram.person(telegram_id)
    entities = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    message = {"message_id": number, "date": 1, "chat": person.chat, "from": person.user, "text": text}
    return {"update_id": number, "message": message | {"entities": entities}}


async def test_a_trade_by_chat_over_the_webhook(hooked: World) -> None:
    ada = await hooked.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    await ada.tap(card, "Confirm")
    await ada.reads(card, "Bought 0.01 BTC for 600.1 USDT")
    assert hooked.telegram.polls == 0
    assert set(hooked.telegram.deliveries) == {200}


async def test_only_telegram_is_heard_and_what_it_sends_twice_is_heard_once(hooked: World) -> None:
    ada = await hooked.trader(7)
    update = said(hooked, 7, "/help", 1_000_001)
    for secret in (None, "", "guess", SECRET[:-1], SECRET + "x", "ä"):
        assert (await post(hooked, update, secret))[0] == 401
    assert not ada.got
    for _ in range(3):
        assert await post(hooked, update) == (200, "")
    await hooked.restart()
    assert await post(hooked, update) == (200, "")
    await ada.ask("/orders")
    assert len(ada.got) == 2


async def test_what_is_no_update_is_taken_and_left_out(hooked: World) -> None:
    ada = hooked.telegram.person(7)
    nested = b"[" * 10_000 + b"]" * 10_000
    for body in (b"", b"{", b"[]", b"\xff", b'{"update_id": "x"}', {"update_id": 5, "message": {}}, nested):
        assert (await post(hooked, body))[0] == 200, body
    assert (await post(hooked, b" " * (MAX_BODY + 1)))[0] == 200
    assert "/price" in (await ada.ask("/help"))["text"]


async def test_it_answers_at_once_and_says_later_when_too_much_is_under_way(hooked: World) -> None:
    hooked.telegram.limits = None
    ada = hooked.telegram.person(7)
    async with own_time() as time:
        assert (await post(hooked, said(hooked, 7, "/help", 1_000_001)))[0] == 200
        assert time.s < 0.5
    await ada.hears("/price")
    room = hooked.service.updates._room
    for _ in range(AT_ONCE):
        await room.acquire()
    status, body = await post(hooked, said(hooked, 7, "/orders", 1_000_002))
    assert (status, json.loads(body)["error"]["code"]) == (503, "busy")
    room.release()
    assert (await post(hooked, said(hooked, 7, "/orders", 1_000_002)))[0] == 200
    await ada.hears("You have no open orders.")


async def test_before_the_bot_runs_and_after_it_telegram_keeps_what_people_write(
    template: Path, tmp_path: Path
) -> None:
    hook = TelegramHook(SECRET)
    async with open_world(template, tmp_path, hook=hook, starts=False) as world:
        taken, hook.receive = hook.receive, None
        assert (await post(world, said(world, 7, "/help", 1_000_001)))[0] == 503
        hook.receive = taken
        world.telegram.person(7).write("/help")
        world.start()
        await world.telegram.person(7).hears("/price")


async def test_polling_takes_a_webhook_away(world: World) -> None:
    await world.telegram.person(7).ask("/help")
    await world.stop()
    world.telegram.webhook = "https://elsewhere.test"
    world.deafen()
    await world.reopen()
    await world.telegram.until(lambda: not world.telegram.webhook, "no webhook")
    assert (await post(world, {}, SECRET))[0] == 404
