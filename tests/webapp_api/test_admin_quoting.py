"""Administrators look at the market maker, stop it and let it go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from data.store.liquidity import SqlMakerStore
from engine.core.events import BalanceChanged
from engine.core.types import MARKET_MAKER, Atoms, TradeId
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import Pair
from engine.liquidity.maker import MarketMaker
from engine.liquidity.stops import Alarm
from tests.engine.liquidity.house import SIMPLE, FeedByHand
from tests.engine.liquidity.markets import external
from tests.webapp_api.house import ADMIN, ASSETS, BTC, BTCUSDT, PATIENCE_S, USDT, House, Person

BEFORE = TradeId(0)


@asynccontextmanager
async def quoting(house: House, *alarms: Callable[[Alarm], None]) -> AsyncIterator[FeedByHand]:
    """Let a market maker quote BTCUSDT from a feed told by hand; alarms are told of its stops."""
    deps, feed = house.deps, FeedByHand()
    store = SqlMakerStore(house.store, deps.queries)
    books = Bookkeeper(store, [Pair(BTCUSDT, BTC, USDT)], BEFORE)
    funds = [BalanceChanged(MARKET_MAKER, asset, Atoms(10**15), Atoms(0)) for asset in ASSETS]
    maker = MarketMaker(deps.sequencer, feed, books, store, funds, {}, house.clock, SIMPLE)
    deps.quoting.watch(maker)
    maker.alarms += alarms
    running = asyncio.create_task(maker.run())
    try:
        feed.put(external("1@50000", "1@50010"))
        yield feed
    finally:
        await feed.close()
        await asyncio.wait_for(running, PATIENCE_S)


async def until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await true():
                return
            await asyncio.sleep(0.01)


async def until_bids(person: Person, count: int) -> None:
    """Wait until the public book has so many bids."""

    async def has() -> bool:
        return len((await person.get("/api/markets/BTCUSDT/depth")).body["bids"]) == count

    await until(has)


async def quoted(boss: Person) -> dict[str, Any]:
    """Return what the administrator sees of the one market."""
    (market,) = (await boss.get("/api/admin/quoting")).body["markets"]
    return dict(market)


async def test_quotes_are_taken_back_and_return_when_an_administrator_says_so(house: House) -> None:
    boss = await house.person(ADMIN)
    async with quoting(house) as feed:
        await until_bids(house.nobody, 1)
        stop = await boss.post("/api/admin/quoting/all/stop", {"reason": "the venue lies"})
        assert stop.status == 204
        await until_bids(house.nobody, 0)
        seen = (await boss.get("/api/admin/quoting")).body
        (market,) = seen["markets"]
        assert (market["symbol"], market["stops"], market["stopped_because"]) == (
            "BTCUSDT",
            ["operator"],
            "the venue lies",
        )
        alarm = seen["alarms"][0]
        assert (alarm["symbol"], alarm["reason"], alarm["began"]) == ("BTCUSDT", "operator", True)

        assert (await boss.post("/api/admin/quoting/BTCUSDT/resume")).status == 204
        feed.put(external("1@50000", "1@50010"))
        await until_bids(house.nobody, 1)
        market = await quoted(boss)
        assert (market["stops"], market["stopped_because"], market["bids"]) == ([], None, 1)
    acts = (await boss.get("/api/admin/log")).body["acts"]
    assert [act["target"] for act in acts] == ["/api/admin/quoting/BTCUSDT/resume", "/api/admin/quoting/all/stop"]


async def test_what_a_trade_came_to_is_shown_in_the_markets_money(house: House) -> None:
    boss, ada = await house.person(ADMIN), await house.person(1, USDT=100_000)
    async with quoting(house):
        await until_bids(house.nobody, 1)
        bought = await ada.place(price="50010.00", quantity="0.5000")
        assert bought.body["status"] == "filled"

        async def is_counted() -> bool:
            return bool((await quoted(boss))["trades"])

        await until(is_counted)
        market = await quoted(boss)
        # Sold half a bitcoin five above the middle.
        assert (market["base"], market["quote"]) == ("BTC", "USDT")
        assert (market["volume"], market["position"]) == ("25005.000000", "-0.50000000")
        assert (market["spread"], market["realised"], market["total"]) == ("2.500000", "0.000000", "2.500000")


async def test_before_anybody_quotes_and_about_markets_that_there_are_not(house: House) -> None:
    boss = await house.person(ADMIN)
    assert (await boss.get("/api/admin/quoting")).problem == (503, "busy")
    assert (await boss.post("/api/admin/quoting/all/resume")).problem == (503, "busy")
    async with quoting(house):
        unknown = await boss.post("/api/admin/quoting/DOGEUSDT/stop", {"reason": "no such thing"})
        assert unknown.problem == (404, "unknown_symbol")
        for body in ({}, {"reason": ""}, {"reason": "x" * 201}, {"reason": 1}):
            assert (await boss.post("/api/admin/quoting/all/stop", body)).problem == (400, "invalid_request")
