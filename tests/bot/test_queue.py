"""What is to be told survives stops and kills: all of it is told, once, within Telegram's limits."""

import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bot.pace import Pace
from bot.updates import Updates
from data.store.schema import NoticeState
from engine.core.commands import Deposit
from engine.core.types import AssetCode, Atoms, UserId
from tests.bot.test_delivery import sells, sent
from tests.bot.world import World, labels, open_world
from tests.simulators.telegram import Limits, Person
from tests.webapp_api.house import ADMIN

INTERRUPTED = "(You may have read this before: I was interrupted.)"
SOAK = "CLOBSTER_TEST_SOAK_BOT"


async def buys(world: World, price: str = "60005", quantity: str = "0.1") -> None:
    buyer = await world.house.person(8, USDT=1_000_000)
    assert (await buyer.place(price=price, quantity=quantity)).body["status"] == "filled"


async def told(world: World, telegram_id: int, count: int) -> list[str]:
    """Wait until somebody has got so many messages, and a little for one too many; return what they say."""
    person = world.telegram.person(telegram_id)
    await world.telegram.until(lambda: len(person.got) >= count, f"{count} messages")
    await asyncio.sleep(0.15)
    return [each["text"] for each in person.got]


async def test_what_waits_at_a_stop_is_told_after_it_and_changed_in_its_place(world: World) -> None:
    await sells(world, 7, "60005", quantity="1")
    world.telegram.down = True
    await buys(world)
    await asyncio.sleep(0.3)
    await world.restart()
    world.telegram.down = False
    (before,) = await told(world, 7, 1)
    assert "Sold 0.1 BTC for 6000.5 USDT" in before
    await world.restart()
    await buys(world)
    ada = world.telegram.person(7)
    await ada.reads(ada.got[0], "Sold 0.2 BTC for 12001 USDT")
    await world.restart()
    assert len(await told(world, 7, 1)) == 1


async def test_what_a_kill_kept_from_the_queue_is_found_in_the_books(world: World) -> None:
    await sells(world, 7, "60005")
    await world.restart()
    world.service.outbox._store.keep = _never  # type: ignore[method-assign]
    await buys(world)
    await world.restart(kill=True)
    (text,) = await told(world, 7, 1)
    assert "Sold 0.1 BTC" in text
    assert INTERRUPTED not in text
    await world.restart(kill=True)
    assert len(await told(world, 7, 1)) == 1
    assert len(await told(world, 8, 1)) == 1


async def test_what_telegram_may_have_taken_before_a_kill_is_told_again_and_says_so(world: World) -> None:
    await sells(world, 7, "60005")
    keep = world.service.outbox._store.keep

    async def keep_until_told(rows: Any, *rest: Any) -> None:
        await (_never() if any(row.state is NoticeState.TOLD for row in rows) else keep(rows, *rest))

    world.service.outbox._store.keep = keep_until_told  # type: ignore[method-assign]
    await buys(world)
    await world.telegram.until(lambda: world.telegram.of("sendMessage"), "the first of two")
    await world.restart(kill=True)
    texts = [*await told(world, 7, 1), *await told(world, 8, 1)]
    assert [text.endswith(INTERRUPTED) for text in texts] in ([False, True, False], [False, False, True])


async def test_a_message_whose_answer_was_lost_is_told_again_and_says_so(world: World) -> None:
    await sells(world, 7, "60005")
    world.telegram.lose_answers = 1
    await buys(world)
    await world.telegram.until(lambda: len(sent(world, 7)) + len(sent(world, 8)) == 3, "a repeat")
    await asyncio.sleep(0.1)
    texts = [each["text"] for telegram_id in (7, 8) for each in world.telegram.person(telegram_id).got]
    assert sum(text.endswith(INTERRUPTED) for text in texts) == 1
    assert len(texts) == 3


async def test_what_was_missed_is_told_only_where_it_is_not_too_old(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, catch_up_s=60) as world:
        await sells(world, 7, "60005", "60006")
        world.deafen()
        await world.stop()
        await buys(world)
        world.house.clock.ahead_s += 61
        await buys(world, "60006")
        await world.reopen()
        (text,) = await told(world, 7, 1)
        assert "at 60006.00 USDT" in text


async def test_deposits_sign_ins_and_copied_tokens_are_told_once_over_a_restart(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, tells_all=True) as world:
        ada = await world.house.person(7, USDT=5)
        first = ada.tokens["refresh_token"]
        assert (await world.house.nobody.post("/api/auth/refresh", {"refresh_token": first})).status == 200
        world.deafen()
        await world.stop()
        await world.house.deposit(_id(ada), AssetCode("BTC"), 2)
        assert (await world.house.nobody.post("/api/auth/refresh", {"refresh_token": first})).status == 401
        await world.reopen()
        await world.restart(kill=True)
        await world.restart()
        texts = await told(world, 7, 4)
        assert sorted(text.partition(" from")[0].partition(" at")[0] for text in texts) == [
            "2 BTC have arrived and are in your balance.",
            "5 USDT have arrived and are in your balance.",
            "A copy of your sign-in was used",
            "Somebody signed in to your account by Telegram,",
        ]


async def test_an_order_that_rested_and_expired_is_told(world: World) -> None:
    trader = await sells(world, 7, "60005")
    await world.house.deposit(_id(trader), AssetCode("USDT"), 10_000)
    await trader.place(side="buy", price="60005", quantity="0.1")  # would trade with the first, which goes
    (text,) = await told(world, 7, 1)
    assert text.endswith("The rest is cancelled: it would have traded with your own order.")


async def test_an_order_that_expired_before_a_kill_is_told_after_it(world: World) -> None:
    trader = await sells(world, 7, "60005")
    await world.house.deposit(_id(trader), AssetCode("USDT"), 10_000)
    await world.restart()
    world.service.outbox._store.keep = _never  # type: ignore[method-assign]
    world.telegram.down = True
    await trader.place(side="buy", price="60005", quantity="0.1")
    await world.restart(kill=True)
    world.telegram.down = False
    (text,) = await told(world, 7, 1)
    assert text.startswith("Order 1: sell")


async def test_a_card_of_an_order_that_a_kill_interrupted_tells_of_it(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    await sells(world, 9, "60009")  # so that the queue has been written down
    card = await ada.ask("/buy 0.01 btc @ 50000")
    world.service.outbox._store.keep = _never  # type: ignore[method-assign]
    world.service.sender._tell = _never  # type: ignore[method-assign]
    await ada.tap(card, "Confirm")
    await world.restart(kill=True)
    assert "It is open." in (await ada.reads(card, "Order"))["text"]
    assert len(ada.got) == 1


async def test_kinds_are_on_silent_or_off_by_buttons_and_stay_so(world: World) -> None:
    ada = await world.trader(7)
    await sells(world, 7, "60001", "60002", "60003")
    asked = await ada.ask("/notify")
    for now, then in (("Fills: on", "Fills: silent"), ("Fills: silent", "Fills: off")):
        await ada.tap(asked, now)
        asked = await _with_button(ada, asked, then)
        await buys(world, "60001" if then == "Fills: silent" else "60002")
        await world.telegram.person(8).hears("Bought", after=0)
    assert await ada.send_query(asked, "notify:fills:loud") == "This button does nothing."
    assert await ada.send_query(asked, "notify:weather:on") == "This button does nothing."
    await world.restart()
    await buys(world, "60003")
    await told(world, 8, 3)
    (silent,) = [call for call in sent(world, 7) if "Sold" in call.args["text"]]
    assert silent.args["disable_notification"] == "true"
    await ada.tap(asked, "Fills: off")
    await _with_button(ada, asked, "Fills: on")
    assert not any("Alarms" in each for each in labels(asked))
    assert any("Alarms" in each for each in labels(await world.telegram.person(ADMIN).ask("/notify")))


async def test_what_was_chosen_on_the_page_holds_for_the_next_notice(world: World) -> None:
    trader = await sells(world, 7, "60001", "60002")
    path = "/api/account/notifications"
    await trader.ask("PUT", path, {"notifications": {"fills": "off"}})
    await buys(world, "60001")
    await told(world, 8, 1)
    await trader.ask("PUT", path, {"notifications": {"fills": "on"}})
    await buys(world, "60002")
    (text,) = await told(world, 7, 1)
    assert "at 60002.00 USDT" in text


async def test_the_language_that_was_chosen_survives_a_restart(world: World) -> None:
    ada = await world.trader(7)
    await ada.tap(await ada.ask("/lang"), "Deutsch")
    await world.restart()
    assert (await ada.ask("/orders"))["text"] == "Du hast keine offenen Aufträge."


async def test_an_update_that_telegram_repeats_after_a_restart_is_not_worked_on_again(world: World) -> None:
    ada = await world.trader(7)
    ada.write("/help")
    await told(world, 7, 1)
    updates = list(world.telegram._updates)
    await world.restart(kill=True)
    world.telegram._updates = updates + world.telegram._updates
    await ada.ask("/orders")
    assert len(ada.got) == 2
    assert isinstance(world.service.updates, Updates)
    assert world.service.updates.counted["repeated"] >= len(updates)


async def test_thousands_of_notices_are_told_within_the_limits_over_errors_and_a_restart(
    template: Path, tmp_path: Path
) -> None:
    """At a tenth of the time and with fewer people, unless `make soak-bot` asks for all of it."""
    soak = bool(os.environ.get(SOAK))
    scale, people, notices = (1.0, 4_000, 5_000) if soak else (0.1, 640, 800)
    pace = Pace(all_s=scale / 28, chat_s=1.05 * scale)
    async with open_world(template, tmp_path, pace=pace, tells_all=True, starts=False, patience_s=300) as world:
        users = await _crowd(world, people)
        world.telegram.limits = Limits(window_s=scale, chat_s=scale)
        expected = Counter[tuple[int, str]]()
        for number in range(notices):
            telegram_id = 10_000 + number % people
            expected[telegram_id, f"{number + 1} USDT have arrived and are in your balance."] += 1
        await asyncio.gather(
            *(
                world.house.do(
                    Deposit(world.house.clock(), users[n % people], AssetCode("USDT"), Atoms((n + 1) * 10**6), f"d:{n}")
                )
                for n in range(notices)
            )
        )
        started = time.monotonic()
        world.start()
        for part in range(1, 10):
            await world.telegram.until(lambda part=part: len(_got(world)) >= notices * part // 10, f"part {part}")
            if part in (3, 7):
                world.telegram.fail("sendMessage", 429, retry_after=1)
                world.telegram.fail("sendMessage", 502, times=2)
            if part == 5:
                await world.restart()
        await world.telegram.until(lambda: len(_got(world)) >= notices, "all")
        await asyncio.sleep(2 * scale)
        took = time.monotonic() - started
        assert Counter(_got(world)) == expected
        assert world.telegram.exceeded == 0
        assert took >= notices * scale / 30 - 1
        if soak:
            rate = f"{notices / took:.1f} a second"
            sys.stdout.write(f"\n{notices} notices to {people} people in {took:.0f} s: {rate}\n")


def _got(world: World) -> list[tuple[int, str]]:
    return [(each["chat"]["id"], each["text"]) for each in world.telegram.messages.values()]


async def _crowd(world: World, count: int) -> list[UserId]:
    """Return so many people who came by Telegram, made at once."""

    def make(connection: Any) -> list[UserId]:
        rows = [(100_000 + n, "person", 10_000 + n, f"P{n}", n) for n in range(count)]
        connection.executemany(
            "INSERT INTO users (id, kind, telegram_id, first_name, created_at) VALUES (?, ?, ?, ?, ?)", rows
        )
        return [UserId(row[0]) for row in rows]

    return await world.house.store.write(make)


async def _with_button(person: Person, message: dict[str, Any], label: str) -> dict[str, Any]:
    """Wait until a message has a button that says this, and return the message."""

    def labelled() -> dict[str, Any] | None:
        now = person.telegram.messages[message["message_id"]]
        rows = now["reply_markup"]["inline_keyboard"]
        return dict(now) if any(each["text"] == label for row in rows for each in row) else None

    found: dict[str, Any] = await person.telegram.until(labelled, label)
    return found


def _id(person: Any) -> UserId:
    assert person.id is not None
    return UserId(person.id)


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()
