"""The summary of a day: what is in it, when it is due, and that it is told once."""

import asyncio
from pathlib import Path

import pytest

from bot.pace import Pace
from bot.summary import DailySummary, due, text
from bot.texts import Texts
from data.store.summaries import Figures, Moved, SqliteSummaries
from data.store.summaries import Traded as DayTraded
from engine.core.types import BUY, SELL, AssetCode, Atoms, Micros, Symbol
from engine.market_data.intervals import DAY, HOUR
from tests.bot.world import World, open_world
from tests.webapp_api.house import ADMIN, ASSETS, MARKETS

BTC, USDT = AssetCode("BTC"), AssetCode("USDT")
TEXTS = Texts()


def summary(world: World, hour: int = 0, admins: frozenset[int] = frozenset({ADMIN})) -> DailySummary:
    store = SqliteSummaries(world.house.store, world.house.deps.queries)
    return DailySummary(
        store, admins, hour, MARKETS, ASSETS, lambda: [("BTCUSDT", "12.5 USDT")], world.house.clock, look_s=0.02
    )


async def a_day_before(world: World) -> SqliteSummaries:
    """Let the day that is due now be one of the exchange's."""
    store = SqliteSummaries(world.house.store, world.house.deps.queries)
    await store.begin(due(world.house.clock(), 0) - 1)
    return store


def test_a_summary_adds_up_both_sides_of_a_market() -> None:
    figures = Figures(
        [
            DayTraded(Symbol("BTCUSDT"), BUY, 2, Atoms(120_000_000), Atoms(60_000), Atoms(2_000)),
            DayTraded(Symbol("BTCUSDT"), SELL, 1, Atoms(30_000_000), Atoms(250), Atoms(30_000)),
        ],
        [Moved(USDT, 3, Atoms(1_000_000))],
        [],
        4,
    )
    assert text(TEXTS.of("en"), 20_000, figures, MARKETS, ASSETS, [("BTCUSDT", "1 USDT")]).splitlines() == [
        "Summary of 2024-10-04 (UTC)",
        "BTCUSDT: 3 trades, volume 150 USDT",
        "Fees: 0.0000225 BTC, 0.09 USDT",
        "Deposits: 1 USDT (3)",
        "Withdrawals asked for: none",
        "New people: 4",
        "Profit of quoting BTCUSDT, since the beginning: 1 USDT",
    ]
    nothing = text(TEXTS.of("de"), 20_000, Figures([], [], [], 0), MARKETS, ASSETS, [])
    assert nothing.splitlines()[1:3] == ["Nichts wurde gehandelt.", "Gebühren: keine"]


@pytest.mark.parametrize(("hour", "at", "day"), [(6, 6 * HOUR, 9), (6, 6 * HOUR - 1, 8), (0, 0, 9), (23, DAY - 1, 9)])
def test_a_day_is_due_at_the_hour_after_it(hour: int, at: int, day: int) -> None:
    assert due(Micros(10 * DAY + at), hour) == day


async def test_the_figures_are_those_of_the_time_asked_for(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    for _ in range(3):
        card = await ada.ask("/buy 0.01 btc")
        await ada.tap(card, "Confirm")
        await ada.reads(card, "Done.")
    store, now = SqliteSummaries(world.house.store, world.house.deps.queries), world.house.clock()
    figures = await store.figures(Micros(now - HOUR), Micros(now + 1))
    assert figures.traded == [DayTraded(Symbol("BTCUSDT"), BUY, 3, Atoms(1_800_300_000), Atoms(0), Atoms(3_000))]
    assert (figures.deposited, figures.withdrawn) == ([Moved(USDT, 1, Atoms(10_000_000_000))], [])
    assert figures.people == 1
    trades = (await world.house.deps.queries.trades(Symbol("BTCUSDT"))).items
    halves = [
        await store.figures(Micros(now - HOUR), trades[1].at),
        await store.figures(trades[1].at, trades[0].at),
        await store.figures(trades[0].at, Micros(now + 1)),
    ]
    assert [half.traded[0].trades for half in halves] == [1, 1, 1]
    for start, end in ((now - HOUR, trades[2].at), (now + 1, now + HOUR)):
        assert (await store.figures(Micros(start), Micros(end))).traded == []


async def test_a_day_is_told_once_also_after_a_restart(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace(chat_s=0.01), starts=False) as world:
        admin = world.telegram.person(ADMIN)
        store = await a_day_before(world)
        world.service._summary = summary(world)
        world.telegram.fail("sendMessage", 500)
        world.start()
        told = await admin.hears("Summary of ")
        assert "Profit of quoting BTCUSDT, since the beginning: 12.5 USDT" in told["text"]
        again = asyncio.create_task(summary(world).run(world.service._bot, TEXTS))  # as another process would
        for _ in range(3):
            await admin.ask("/help")
        again.cancel()
        await asyncio.wait([again])
        today = due(world.house.clock(), 0)
        assert [await store.claim(day) for day in (today, today - 1)] == [False, False]
        world.house.clock.ahead_s += 86_400
        assert [await store.claim(day) for day in (today + 1, today + 1)] == [True, False]
        assert len([each for each in admin.got if "Summary" in each["text"]]) == 1


async def test_nothing_is_told_of_the_days_before_an_exchange_began(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace(chat_s=0.01), starts=False) as world:
        admin = world.telegram.person(ADMIN)
        world.service._summary = summary(world)
        world.start()
        for _ in range(3):
            assert "Summary" not in (await admin.ask("/help"))["text"]
        world.house.clock.ahead_s += 86_400
        await admin.hears("Summary of ")
        assert len([each for each in admin.got if "Summary" in each["text"]]) == 1


async def test_a_summary_that_an_administrator_does_not_get_hinders_nobody(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await a_day_before(world)
        world.service._summary = summary(world, admins=frozenset({ADMIN, 5}))
        world.telegram.fail("sendMessage", 403)
        world.start()
        await world.telegram.until(lambda: len(world.telegram.of("sendMessage")) == 2, "both were tried")
        assert (await world.telegram.person(7).ask("/help"))["text"]
