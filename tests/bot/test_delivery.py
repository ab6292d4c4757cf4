"""Telegram as it is: slow, strict, away, and telling things twice; and the exchange, which goes on."""

import asyncio
import itertools
import time
from pathlib import Path

from bot.outbox import MOST_OF_ONE
from bot.pace import Pace
from tests.bot.world import World, open_world
from tests.simulators.telegram import Call
from tests.webapp_api.house import Person as Trader

APART_S = 0.5  # of a second between what was sent, as it arrives on a busy machine


async def sells(world: World, telegram_id: int, *prices: str, quantity: str = "0.1") -> Trader:
    """Let somebody with an account rest orders over HTTP."""
    trader = await world.house.person(telegram_id, BTC=100)
    for price in prices:
        answer = await trader.place(side="sell", price=price, quantity=quantity)
        assert answer.body["status"] == "new", answer.body
    return trader


def sent(world: World, chat: int) -> list[Call]:
    return [call for call in world.telegram.of("sendMessage") if int(call.args["chat_id"]) == chat]


async def test_trading_goes_on_while_telegram_is_away_and_fills_are_told_when_it_is_back(
    template: Path, tmp_path: Path
) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        world.telegram.down = True
        world.start()
        await sells(world, 7, "60005")
        buyer = await world.house.person(8, USDT=10_000)
        assert (await buyer.place(price="60005", quantity="0.1")).body["status"] == "filled"
        await asyncio.sleep(0.3)
        assert world.task is not None
        assert not world.task.done()
        world.telegram.down = False
        ada = world.telegram.person(7)
        await ada.hears("Sold 0.1 BTC for 6000.5 USDT")
        assert (await ada.ask("/orders"))["text"] == "You have no open orders."


async def test_the_bot_comes_back_after_errors_of_the_server(world: World) -> None:
    for status in (500, 409, 401):
        world.telegram.fail("getUpdates", status)
    world.telegram.fail("getUpdates", 429, retry_after=1)
    world.telegram.fail("setMyCommands", 400)
    ada = world.telegram.person(7)
    assert (await ada.ask("/help"))["text"]
    await world.telegram.until(lambda: not world.telegram._faults, "all of the errors")
    assert (await ada.ask("/orders"))["text"] == "You have no open orders."


async def test_what_telegram_tells_twice_is_heard_once(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    same = ada.write("/orders")
    await ada.hears("You have no open orders.")
    ada.write("/orders", message_id=same)  # the same message, as another update
    query = world.telegram.query(ada.user, card, card["reply_markup"]["inline_keyboard"][0][0]["callback_data"])
    number = world.telegram.push("callback_query", query)
    await ada.reads(card, "Done.")
    world.telegram.push("callback_query", query)
    world.telegram.push("callback_query", query, update_id=number)
    await ada.ask("/help")
    assert len(ada.got) == 3
    assert await world.orders(7) == 1


async def test_fills_of_an_order_are_merged_while_they_wait(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await sells(world, 7, "60005", quantity="1")
        buyer = await world.house.person(8, USDT=100_000)
        for _ in range(5):
            await buyer.place(price="60005", quantity="0.2")
        world.start()
        told = await world.telegram.person(7).hears("Sold 1 BTC for 60005 USDT")
        assert told["text"].endswith("Done.")
        assert len(sent(world, 7)) == 1


async def test_retry_after_is_obeyed_and_nothing_is_lost_or_doubled(world: World) -> None:
    world.telegram.fail("sendMessage", 429, retry_after=1)
    world.telegram.fail("sendMessage", 500)
    await sells(world, 7, "60005")
    buyer = await world.house.person(8, USDT=10_000)
    await buyer.place(price="60005", quantity="0.1")
    await world.telegram.person(7).hears("Sold 0.1 BTC")
    await world.telegram.person(8).hears("Bought 0.1 BTC")
    calls = world.telegram.of("sendMessage")
    assert len(calls) == 4
    assert calls[1].at - calls[0].at >= 1
    assert len(world.telegram.person(7).got) == len(world.telegram.person(8).got) == 1


async def test_a_chat_gets_one_notice_a_second_and_all_chats_thirty(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace()) as world:
        people = range(100, 140)
        for telegram_id in people:
            await sells(world, telegram_id, "60005")
        await sells(world, 7, "60001", "60002", "60003")
        buyer = await world.house.person(8, USDT=1_000_000)
        started = time.monotonic()
        assert (await buyer.place(price="60005", quantity="4.3")).body["status"] == "filled"
        assert time.monotonic() - started < 1  # nobody who trades waits for Telegram
        await world.telegram.until(lambda: len(world.telegram.of("sendMessage")) >= 44, "all notices")
        calls = world.telegram.of("sendMessage")
        times = [call.at for call in sent(world, 7)]
        assert len(times) == 3
        assert all(later - earlier > APART_S for earlier, later in itertools.pairwise(times))
        all_times = [call.at for call in calls]
        assert all(later - earlier > APART_S for earlier, later in zip(all_times, all_times[31:], strict=False))
        assert len(calls) == 44  # 43 makers' orders and the taker's


async def test_a_notice_does_not_follow_an_answer_within_a_second(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace()) as world:
        await sells(world, 7, "60005")
        buyer = await world.house.person(8, USDT=10_000)
        ada = world.telegram.person(7)
        await ada.ask("/help")
        await buyer.place(price="60005", quantity="0.1")
        await ada.hears("Sold 0.1 BTC")
        answer, notice = sent(world, 7)
        assert notice.at - answer.at > APART_S


async def test_who_has_blocked_the_bot_is_left_alone_until_they_write(world: World) -> None:
    world.telegram.fail("sendMessage", 403)
    await sells(world, 7, "60001", "60002", "60003")
    buyer = await world.house.person(8, USDT=100_000)
    await buyer.place(price="60001", quantity="0.1")
    await world.telegram.until(lambda: sent(world, 7), "a try")
    await world.telegram.until(lambda: sent(world, 8), "the buyer's notice")
    await buyer.place(price="60002", quantity="0.1")
    await world.telegram.until(lambda: len(sent(world, 8)) == 2, "the buyer's second notice")
    assert len(sent(world, 7)) == 1
    ada = world.telegram.person(7)
    await ada.ask("/start")
    await buyer.place(price="60003", quantity="0.1")
    await ada.hears("Sold 0.1 BTC for 6000.3 USDT")


async def test_the_queue_of_a_person_is_bounded_and_says_what_it_left_out(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await sells(world, 7, *["60005"] * (MOST_OF_ONE + 20))
        buyer = await world.house.person(8, USDT=1_000_000)
        await buyer.place(price="60005", quantity="12")
        world.start()
        ada = world.telegram.person(7)
        await ada.hears("Messages left out here: 20. /trades")
        assert len(ada.got) == MOST_OF_ONE + 1


async def test_a_card_that_was_deleted_is_told_anew(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    card = await ada.ask("/buy 0.01 btc")
    del world.telegram.messages[card["message_id"]]
    await ada.tap(card, "Confirm")
    await ada.hears("Bought 0.01 BTC")


async def test_a_flooded_chat_is_not_answered_for_ever_and_others_are(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace()) as world:
        eve = world.telegram.person(8)
        for _ in range(150):
            eve.write("/help")
        ada = world.telegram.person(7)
        started = time.monotonic()
        await ada.ask("/help")
        assert time.monotonic() - started < 8
        await asyncio.sleep(1)
        assert len(eve.got) < 15


async def test_it_stops_within_two_seconds_and_leaves_nothing_running(world: World) -> None:
    ada = world.telegram.person(7)
    await ada.ask("/help")
    before = {task.get_name() for task in asyncio.all_tasks()}
    assert "notices" in before
    started = time.monotonic()
    await world.stop()
    assert time.monotonic() - started < 2
    assert "notices" not in {task.get_name() for task in asyncio.all_tasks()}
    assert world.service._bot.session._session.closed  # type: ignore[attr-defined]


async def test_what_became_of_a_card_does_not_wait_behind_other_notices(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace()) as world:
        ada = await world.trader(7, USDT=10_000)
        card = await ada.ask("/buy 0.01 btc")
        await sells(world, 7, *["60005"] * 5)
        buyer = await world.house.person(8, USDT=100_000)
        await buyer.place(price="60005", quantity="0.5")
        started = time.monotonic()
        await ada.tap(card, "Confirm")
        await ada.reads(card, "Bought 0.01 BTC")
        assert time.monotonic() - started < 2
        assert len(ada.got) < 4
