"""What administrators ask by chat, and what others get to the same words; prices in other chats."""

import asyncio

import msgspec
import pytest

from bot import house
from bot.house import Probe, Reading
from data.store.readers import rows
from engine.accounts.types import AdminAct
from engine.core.refusals import UnknownSymbol
from engine.core.types import MarketState
from tests.bot.world import MINI_APP, PAGE, World, buttons
from tests.webapp_api.house import ADMIN
from tests.webapp_api.test_admin_quoting import quoting, until_bids

UNKNOWN = "I did not understand that. /help lists what I can do."


class Switch:
    """Notes what it is asked, and how much of it was in the log by then."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.asked: list[tuple[str, str, int]] = []
        self.fails = False

    async def stop(self, market: str, reason: str) -> None:
        await self._note("stop", market)

    async def resume(self, market: str) -> None:
        await self._note("resume", market)

    async def switch(self, market: str, state: MarketState) -> None:
        await self._note(state.value, market)

    async def _note(self, what: str, market: str) -> None:
        if self.fails:
            raise UnknownSymbol(symbols="none")
        self.asked.append((what, market, len(await acts(self._world))))


async def acts(world: World) -> list[AdminAct]:
    found, _ = await world.house.deps.administration.acts(10, None)
    return found


@pytest.fixture
def switch(world: World) -> Switch:
    data = world.service.dispatcher.workflow_data
    made = Switch(world)
    data["house"] = house.House(data["house"].administration, made, made, data["house"].probes)
    return made


async def test_status_tells_of_every_part(world: World) -> None:
    said = (await world.telegram.person(ADMIN).ask("/status"))["text"].splitlines()
    assert [line.split(":")[0] for line in said] == ["✓ loop", "✓ writer", "✗ feed", "✓ settlement", "✓ books"]
    assert said[1].endswith(" 0 waiting")
    assert said[3].endswith(" off")


async def test_status_shows_the_way_to_the_operators_page(world: World) -> None:
    said = await world.telegram.person(ADMIN).ask("/status")
    assert buttons(said) == [{"text": "The operators' page", "web_app": {"url": f"{PAGE}/admin"}}]


async def test_a_probe_that_fails_or_hangs_is_not_well_and_keeps_none_of_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks() -> Reading:
        raise OSError

    async def hangs() -> Reading:
        await asyncio.sleep(60)
        raise AssertionError

    async def is_fine() -> Reading:
        return Reading(True, "fine")

    monkeypatch.setattr(house, "PATIENCE_S", 0.05)
    data = world.service.dispatcher.workflow_data
    probes = Probe("chain", breaks), Probe("backlog", hangs), Probe("books", is_fine)
    data["house"] = msgspec.structs.replace(data["house"], probes=probes)
    said = (await world.telegram.person(ADMIN).ask("/status"))["text"]
    assert said == "✗ chain: OSError\n✗ backlog: no answer in time\n✓ books: fine"


async def test_pause_and_resume_are_logged_before_they_are_done(world: World, switch: Switch) -> None:
    admin = world.telegram.person(ADMIN)
    assert (await admin.ask("/pause btc quotes"))["text"] == (
        "The house no longer quotes BTCUSDT. People's orders there still trade with each other."
    )
    assert (await admin.ask("/resume BTC/USDT Quotes"))["text"].startswith("The house quotes BTCUSDT again")
    assert (await admin.ask("/pause ALL quotes"))["text"].startswith("The house no longer quotes any market.")
    assert (await admin.ask("/pause btc"))["text"].startswith("BTCUSDT takes no new orders")
    assert (await admin.ask("/resume all"))["text"].startswith("All markets take orders again.")
    assert switch.asked == [
        ("stop", "BTCUSDT", 1),
        ("resume", "BTCUSDT", 2),
        ("stop", "all", 3),
        ("cancel_only", "BTCUSDT", 4),
        ("trading", "all", 5),
    ]
    assert [(act.act, act.target, act.address) for act in await acts(world)] == [
        ("market resume", "all", "telegram"),
        ("market cancel-only", "BTCUSDT", "telegram"),
        ("pause", "all", "telegram"),
        ("resume", "BTCUSDT", "telegram"),
        ("pause", "BTCUSDT", "telegram"),
    ]
    named = (await (await world.house.person(ADMIN)).get("/api/admin/log")).body["acts"]
    assert [act["action"] for act in named[:3]] == ["open_market", "make_market_cancel_only", "pause_quoting"]


async def test_a_pause_takes_the_houses_quotes_back_and_leaves_peoples_orders(world: World) -> None:
    admin, ada = world.telegram.person(ADMIN), await world.trader(7, USDT=1_000)
    async with quoting(world.house):
        await until_bids(world.house.nobody, 1)
        card = await ada.ask("/buy 0.01 btc @ 49000")
        await ada.tap(card, "Confirm")
        await ada.reads(card, "It is open.")
        await admin.ask("/pause btc quotes")
        await until_bids(world.house.nobody, 1)
        assert "Bid 49000.00, ask none" in (await ada.ask("/price btc"))["text"]
        await admin.ask("/resume btc quotes")
        await until_bids(world.house.nobody, 2)


async def test_a_paused_market_takes_no_orders_by_chat_and_lets_go_of_those_that_are_there(world: World) -> None:
    admin, ada = world.telegram.person(ADMIN), await world.trader(7, USDT=1_000)
    card = await ada.ask("/buy 0.01 btc @ 49000")
    await ada.tap(card, "Confirm")
    await ada.reads(card, "It is open.")
    await admin.ask("/pause btc")
    late = await ada.ask("/buy 0.001 btc @ 49000")
    await ada.tap(late, "Confirm")
    await ada.reads(late, "This market takes no new orders now.")
    assert (await ada.ask("/cancel 1"))["text"] == "Order 1 is cancelled."
    await admin.ask("/resume btc")
    again = await ada.ask("/buy 0.01 btc @ 49000")
    await ada.tap(again, "Confirm")
    await ada.reads(again, "It is open.")


async def test_a_halted_market_does_nothing_with_orders_and_prices_say_so(world: World) -> None:
    admin, ada = world.telegram.person(ADMIN), await world.trader(7, USDT=1_000)
    card = await ada.ask("/buy 0.01 btc @ 49000")
    await ada.tap(card, "Confirm")
    await ada.reads(card, "It is open.")
    assert (await admin.ask("/halt btc"))["text"].startswith("BTCUSDT is halted:")
    assert (await ada.ask("/cancel 1"))["text"].startswith("This market is halted:")
    assert (await ada.ask("/price btc"))["text"].endswith("Halted: nothing is done with orders now.")
    await admin.ask("/pause btc")
    assert (await ada.ask("/price btc"))["text"].endswith("Takes no new orders now; open ones can be cancelled.")
    assert (await ada.ask("/cancel 1"))["text"] == "Order 1 is cancelled."
    await admin.ask("/resume btc")
    assert "orders" not in (await ada.ask("/price btc"))["text"]
    named = (await (await world.house.person(ADMIN)).get("/api/admin/log")).body["acts"]
    assert [act["action"] for act in named] == ["open_market", "make_market_cancel_only", "halt_market"]


async def test_pausing_nothing_or_what_there_is_not_changes_nothing(world: World, switch: Switch) -> None:
    admin = world.telegram.person(ADMIN)
    for text in ("/pause", "/resume", "/pause   ", "/pause quotes"):
        assert (await admin.ask(text))["text"] == (
            "Say which market, or all: /pause btc, /pause all. Only the house's quotes: /pause btc quotes"
        )
    assert (await admin.ask("/pause doge"))["text"].startswith("There is no such market.")
    for text in ("/halt", "/halt btc quotes"):
        assert (await admin.ask(text))["text"] == "Say which market, or all: /halt btc, /halt all"
    assert (await admin.ask("/halt doge"))["text"].startswith("There is no such market.")
    assert (await acts(world), switch.asked) == ([], [])
    switch.fails = True  # it was asked, so it is in the log
    assert (await admin.ask("/pause btc"))["text"].startswith("There is no such market.")
    assert len(await acts(world)) == 1


async def test_everybody_else_is_answered_as_to_an_unknown_command(world: World, switch: Switch) -> None:
    eve = world.telegram.person(8, "Eve")
    for text in ("/status", "/pause all", "/pause", "/resume btc", "/pause doge", "/halt all"):
        assert (await eve.ask(text))["text"] == UNKNOWN == (await eve.ask("/nonsense"))["text"]
    group = world.telegram.person(ADMIN).in_group()
    group.write("/pause all")
    await eve.ask("/help")
    assert (await acts(world), switch.asked, group.got) == ([], [], [])


async def test_prices_are_offered_in_other_chats_to_anybody(world: World) -> None:
    ada = world.telegram.person(7)
    [card] = await ada.inline("btc")
    assert (card["title"], card["description"]) == ("BTC/USDT: not traded yet", "Bid 60000.00, ask 60010.00")
    assert card["input_message_content"]["message_text"] == f"{card['title']}\n{card['description']}"
    assert card["reply_markup"]["inline_keyboard"][0][0]["url"] == f"{MINI_APP}?startapp=BTCUSDT"
    assert [each["id"] for each in await ada.inline("")] == ["BTCUSDT", "ETHUSDT"]
    assert [each["id"] for each in await ada.inline("eth/usdt")] == ["ETHUSDT"]
    for nothing in ("doge", "usdt", "btc; drop", "x" * 256):
        assert await ada.inline(nothing) == []
    german = world.telegram.person(9, language="de")
    assert (await german.inline("btc"))[0]["title"] == "BTC/USDT: noch nicht gehandelt"
    call = world.telegram.of("answerInlineQuery")[0]
    assert (call.args["cache_time"], call.args["is_personal"]) == ("5", "true")
    people = await world.house.deps.queries.read(
        lambda connection: rows(connection, "SELECT count(*) FROM users WHERE kind = 'person'")
    )
    assert people == [(0,)]


async def test_an_offer_that_comes_too_late_for_telegram_is_no_matter(world: World) -> None:
    ada = world.telegram.person(7)
    world.telegram.fail("answerInlineQuery", 400)
    ada.inline_query("btc")
    assert (await ada.ask("/help"))["text"]
