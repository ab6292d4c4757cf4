"""The summary of a day: what is in it, when it is due, and that it is told once."""

import asyncio
from pathlib import Path

import pytest

from bot.pace import Pace
from bot.summary import SETTLES, DailySummary, due, text
from bot.texts import Texts
from data.store.liquidity import SqlMakerStore
from data.store.summaries import Earned, Figures, Moved, SqlSummaries
from data.store.summaries import Traded as DayTraded
from engine.core.types import BUY, SELL, AssetCode, Atoms, Micros, Symbol
from engine.liquidity.profit import Profit
from engine.market_data.intervals import DAY, HOUR
from tests.bot.world import Nowhere, World, open_world
from tests.simulators.telegram import PATIENCE_S
from tests.webapp_api.house import ADMIN, ASSETS, MARKETS

BTC, USDT = AssetCode("BTC"), AssetCode("USDT")
TEXTS = Texts()


def summary(world: World, hour: int = 0, admins: frozenset[int] = frozenset({ADMIN})) -> DailySummary:
    store = SqlSummaries(world.house.store, world.house.deps.queries)
    return DailySummary(store, admins, hour, MARKETS, ASSETS, world.house.clock, look_s=0.02)


async def quoting(world: World, symbol: str, **totals: int) -> None:
    """Let quoting a market have come to so many quote atoms when the day that is due began, or ended."""
    day = due(world.house.clock(), 0)
    store = SqlMakerStore(world.house.store, world.house.deps.queries)
    for when, total in totals.items():
        began = Profit(Symbol(symbol), day=day + ("began", "ended").index(when), day_total=total)
        await store.keep_profits([began])


async def a_day_before(world: World) -> SqlSummaries:
    """Let the day that is due now be one of the exchange's."""
    store = SqlSummaries(world.house.store, world.house.deps.queries)
    await store.newest(due(world.house.clock(), 0) - 1)
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
        [Earned(Symbol("BTCUSDT"), 340_000_000, 338_750_000), Earned(Symbol("ETHUSDT"), 5, None)],
    )
    assert text(TEXTS.of("en"), 20_000, figures, MARKETS, ASSETS).splitlines() == [
        "Summary of 2024-10-04 (UTC)",
        "BTCUSDT: volume 150 USDT, trades: 3",
        "Fees: 0.0000225 BTC, 0.09 USDT",
        "Deposits: 1 USDT (3)",
        "Withdrawals asked for: none",
        "New people: 4",
        "Profit of quoting BTCUSDT: -1.25 USDT (since the beginning: 338.75 USDT)",
        "Profit of quoting ETHUSDT: not known, as no price has come since midnight",
    ]
    nothing = text(TEXTS.of("de"), 20_000, Figures([], [], [], 0, []), MARKETS, ASSETS)
    assert nothing.splitlines()[1:3] == ["Nichts wurde gehandelt.", "Gebühren: keine"]


DUE = [(6, 6 * HOUR + SETTLES, 9), (6, 6 * HOUR + SETTLES - 1, 8), (0, SETTLES, 9), (0, 0, 8), (23, DAY - 1, 9)]


@pytest.mark.parametrize(("hour", "at", "day"), DUE)
def test_a_day_is_due_a_little_after_the_hour_after_it(hour: int, at: int, day: int) -> None:
    assert due(Micros(10 * DAY + at), hour) == day


async def test_the_figures_are_those_of_the_time_asked_for(world: World) -> None:
    ada = await world.trader(7, USDT=10_000)
    for _ in range(3):
        card = await ada.ask("/buy 0.01 btc")
        await ada.tap(card, "Confirm")
        await ada.reads(card, "Done.")
    store, now = SqlSummaries(world.house.store, world.house.deps.queries), world.house.clock()
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


async def test_what_quoting_earned_on_a_day_is_between_its_beginning_and_the_next(world: World) -> None:
    day, store = due(world.house.clock(), 0), SqlSummaries(world.house.store, world.house.deps.queries)
    maker = SqlMakerStore(world.house.store, world.house.deps.queries)
    for symbol, of_day, total in (("BTCUSDT", day - 1, 1), ("BTCUSDT", day, 2), ("ETHUSDT", day - 1, -3)):
        await maker.keep_profits([Profit(Symbol(symbol), day=of_day, day_total=total)])

    async def earned(of_day: int) -> list[Earned]:
        return (await store.figures(Micros(of_day * DAY), Micros((of_day + 1) * DAY))).earned

    assert await earned(day - 2) == []
    assert await earned(day - 1) == [Earned(Symbol("BTCUSDT"), 1, 2), Earned(Symbol("ETHUSDT"), -3, None)]
    assert await earned(day) == [Earned(Symbol("BTCUSDT"), 2, None)]
    for symbol, of_day, total in (("ETHUSDT", day + 2, 4), ("BTCUSDT", day + 1, 9)):  # no ether's price came for days
        await maker.keep_profits([Profit(Symbol(symbol), day=of_day, day_total=total)])
    assert await earned(day - 1) == [Earned(Symbol("BTCUSDT"), 1, 2), Earned(Symbol("ETHUSDT"), -3, 4)]
    assert await earned(day) == [Earned(Symbol("BTCUSDT"), 2, 9)]


async def test_a_day_is_told_once_also_over_kills(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace(chat_s=0.01), starts=False) as world:
        await world.house.person(ADMIN)
        admin = world.telegram.person(ADMIN)
        store = await a_day_before(world)
        today = due(world.house.clock(), 0)
        await quoting(world, "BTCUSDT", began=7_500_000, ended=20_000_000)
        world.service._summary = summary(world)
        world.telegram.fail("sendMessage", 500)
        note, world_dies = SqlSummaries.note, asyncio.Event()

        async def dies(_: SqlSummaries, day: int) -> None:
            world_dies.set()
            await asyncio.Event().wait()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(SqlSummaries, "note", dies)  # the kill comes before it is noted that it was told
            world.start()
            told = await admin.hears("Summary of ")
            async with asyncio.timeout(PATIENCE_S):
                await world_dies.wait()
            patch.setattr(SqlSummaries, "note", note)
            world.deafen()
            await world.stop()
            world.service = world._build()
            world.service._summary = summary(world)
            await world.prepare()
            world.start()
        assert "Profit of quoting BTCUSDT: 12.5 USDT (since the beginning: 20 USDT)" in told["text"]
        for _ in range(3):
            await admin.ask("/help")
        assert await store.newest(today) == today
        assert len([each for each in admin.got if "Summary" in each["text"]]) == 1


async def test_what_a_kill_kept_from_the_queue_is_told_after_it(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, pace=Pace(chat_s=0.01), starts=False) as world:
        await world.house.person(ADMIN)
        await a_day_before(world)
        world.service._summary = summary(world)
        world.telegram.down = True
        keeps = asyncio.Event()

        async def keep(*_: object) -> None:
            keeps.set()
            await asyncio.Event().wait()

        world.service.outbox._store.keep = keep  # type: ignore[method-assign]
        world.start()
        async with asyncio.timeout(PATIENCE_S):
            await keeps.wait()
        world.deafen()
        assert world.task is not None
        world.service.outbox._store = Nowhere()  # type: ignore[assignment]
        await world.stop()
        world.service = world._build()
        world.service._summary = summary(world)
        await world.prepare()
        world.telegram.down = False
        world.start()
        await world.telegram.person(ADMIN).hears("Summary of ")


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


async def test_each_administrator_reads_it_in_their_language_and_who_hears_nothing_hinders_nobody(
    template: Path, tmp_path: Path
) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await a_day_before(world)
        strangers, boss = 5, world.telegram.person(ADMIN)
        world.service._summary = summary(world, admins=frozenset({strangers, 6, ADMIN}))
        blocked, chooser = await world.house.person(6), await world.house.person(ADMIN)
        assert blocked.id is not None
        assert chooser.id is not None
        await world.service._people.choose(chooser.id, "de")
        await quoting(world, "ETHUSDT", began=5)
        world.service.sender.deaf[blocked.id] = None
        world.start()
        told = await boss.hears("Zusammenfassung vom ")
        assert "Gewinn aus gestellten Preisen in ETHUSDT: nicht bekannt" in told["text"]
        assert {int(call.args["chat_id"]) for call in world.telegram.of("sendMessage")} == {ADMIN}


async def test_summaries_may_be_turned_off(template: Path, tmp_path: Path) -> None:
    async with open_world(template, tmp_path, starts=False) as world:
        await a_day_before(world)
        boss = await world.house.person(ADMIN)
        await boss.ask("PUT", "/api/account/notifications", {"notifications": {"summaries": "off"}})
        world.service._summary = summary(world)
        world.start()
        await world.telegram.until(lambda: world.service.sender.counted["unwanted"], "that it is not wanted")
        assert world.telegram.of("sendMessage") == []
