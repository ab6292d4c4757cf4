"""Administrators hear of the market maker's stops: once a stop, and not once a flap."""

import asyncio
import time
from pathlib import Path

from tests.bot.world import EDIT_S, World, open_world
from tests.engine.liquidity.markets import external
from tests.simulators.telegram import Person
from tests.webapp_api.house import ADMIN
from tests.webapp_api.test_admin_quoting import quoting, until_bids

BAD, GOOD = external("1@50010", "1@50000"), external("1@50000", "1@50010")
STOPPED, OVER = "BTCUSDT is not quoted: the feed's book makes no sense.", "BTCUSDT: this stop is over: the feed's book"


async def boss(world: World, language: str = "en") -> Person:
    """Return the administrator, who has written to the bot."""
    person = world.telegram.person(ADMIN, "Grace", language)
    await person.ask("/help")
    return person


async def test_a_stop_is_told_to_administrators_and_its_end_changes_the_message(world: World) -> None:
    grace, ada = await boss(world, "de"), await world.trader(7)
    async with quoting(world.house, world.alarms.on_quoting) as feed:
        await until_bids(world.house.nobody, 1)
        feed.put(BAD)
        told = await grace.hears(
            "In BTCUSDT werden keine Preise gestellt: das Buch des Kurslieferanten ergibt keinen Sinn."
        )
        assert told["text"].endswith("crossed: 50010 is bid and 50000 asked")
        feed.put(GOOD)
        await grace.reads(told, "BTCUSDT: Dieser Stopp ist vorbei")
    assert len(grace.got) == 2
    assert not ada.got


async def test_a_difference_between_books_and_chain_is_told_with_its_account_and_so_is_its_end(world: World) -> None:
    grace, ada = await boss(world), await world.trader(7)
    world.alarms.on_books(2, "vault", account="1007", asset="USDT", expected="5.000000", found="4.999999")
    told = await grace.hears("Withdrawals are stopped: the books and the chain differ. Differences: 2.")
    assert told["text"].endswith(
        "account 1007, USDT, its vault account on the chain: expected 5.000000, found 4.999999."
    )
    world.alarms.on_books(0, "")
    await grace.reads(told, "Withdrawals go on")
    world.alarms.on_fees("0.05", is_low=True)
    low = await grace.hears("The vault's authority has only 0.05 SOL left")
    world.alarms.on_fees("2", is_low=False)
    await grace.reads(low, "The vault's authority has enough SOL again: 2.")
    assert not ada.got


async def test_what_flaps_rings_once_and_says_how_often_it_changed(world: World) -> None:
    grace = await boss(world)
    async with quoting(world.house, world.alarms.on_quoting) as feed:
        await until_bids(world.house.nobody, 1)
        began = time.monotonic()
        feed.put(BAD)
        told = await grace.hears(STOPPED)
        for _ in range(20):
            feed.put(GOOD)
            await until_bids(world.house.nobody, 1)
            feed.put(BAD)
            await until_bids(world.house.nobody, 0)
        await grace.reads(told, "It has changed 40 times")
        feed.put(GOOD)
        await grace.reads(told, OVER)
    assert len(grace.got) == 2
    # However slow the machine: no more than one change of the message in EDIT_S, the first and the last beside.
    assert len(world.telegram.of("editMessageText")) <= (time.monotonic() - began) / EDIT_S + 2


async def test_a_stop_that_holds_after_flapping_rings_again_and_one_that_is_over_does_not(
    template: Path, tmp_path: Path
) -> None:
    async with open_world(template, tmp_path, ring_s=0.5) as world:
        grace = await boss(world)
        for subject in ("holds", "is over"):
            world.alarms.tell(subject, "alarm.stop_over", rings=True, symbol=subject, reason="@stop.jump")
        await grace.hears("is over:")
        await world.telegram.until(lambda: not world.service.outbox.waiting, "the answer, too, so that both can change")
        for subject, rings in (("holds", True), ("is over", False)):
            world.alarms.tell(subject, "alarm.stop_over", rings=rings, symbol=subject, reason="@stop.loss")
        await world.telegram.until(lambda: len(grace.got) == 4, "the one that rings again")
        await asyncio.sleep(0.3)
        assert [each["text"].partition(":")[0] for each in grace.got[1:]] == ["holds", "is over", "holds"]


async def test_alarms_from_before_the_bot_and_of_a_telegram_that_is_away_are_told_as_they_are_then(
    template: Path, tmp_path: Path
) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await world.house.person(ADMIN)
        async with quoting(world.house, world.alarms.on_quoting) as feed:
            await until_bids(world.house.nobody, 1)
            feed.put(BAD)
            await until_bids(world.house.nobody, 0)
            world.start()
            grace = world.telegram.person(ADMIN)
            told = await grace.hears(STOPPED)
            world.telegram.down = True
            feed.put(GOOD)
            await until_bids(world.house.nobody, 1)
            await asyncio.sleep(0.2)
            world.telegram.down = False
            await grace.reads(told, OVER)


async def test_an_administrator_without_an_account_is_told_from_when_they_have_one(world: World) -> None:
    async with quoting(world.house, world.alarms.on_quoting) as feed:
        await until_bids(world.house.nobody, 1)
        feed.put(BAD)
        await until_bids(world.house.nobody, 0)
        await asyncio.sleep(0.1)
        grace = await boss(world)
        feed.put(GOOD)
        await grace.hears(OVER)
