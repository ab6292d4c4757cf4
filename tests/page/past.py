"""An exchange that traded for a day and a half before it is opened, so that charts have something to show."""

import asyncio
import itertools
import math
import random
from pathlib import Path

from clobster import markets
from clobster.app import now
from data.store.accounts import SqlAccounts
from data.store.migrate import sqlite_url, upgrade
from data.store.queries import Queries
from data.store.sqlite import SqliteStore
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.types import TelegramUser
from engine.core.commands import Deposit, ListAsset, ListMarket, PlaceOrder, Quote
from engine.core.exchange import Exchange
from engine.core.types import (
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderType,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    UserId,
)
from engine.sequencer.sequencer import Sequencer

Played = ListAsset | ListMarket | Deposit | PlaceOrder | Quote

BOB = TelegramUser(2, first_name="Bob")  # who is on the other side of every trade
ADA = TelegramUser(50, first_name="Ada")  # whose portfolio has a past
BOUGHT = {40: ("BTCUSDT", 3000), 260: ("ETHUSDT", 42000), 610: ("SOLUSDT", 60000)}  # lots, by step
HOURS, APART_S = 30, 100
PRICES = {"BTCUSDT": (6_184_000, 0.0011), "ETHUSDT": (268_300, 0.0014), "SOLUSDT": (14_620, 0.002)}  # last, restless
LEVELS = 24


def price_path(symbol: str, steps: int) -> list[int]:
    """Return prices in ticks that end at the market's last one: waves and a walk, the same each time."""
    last, restless = PRICES[symbol]
    chance, walk = random.Random(symbol), [0.0]
    for step in range(steps - 1):
        walk.append(walk[-1] + chance.gauss(0, restless) + 0.0004 * math.sin(step / 90))
    return [round(last * math.exp(each - walk[-1])) for each in walk]


def commands(bob: UserId, ada: UserId) -> list[Played]:
    listing, end = markets.load(), now()
    begin = end - HOURS * 3_600_000_000
    told: list[Played] = [ListAsset(Micros(begin), asset) for asset in listing.assets]
    told += [ListMarket(Micros(begin), market) for market in listing.markets]
    for asset in listing.assets:
        told += [
            Deposit(Micros(begin), user, asset.code, Atoms(10**15), f"past:{user}:{asset.code}")
            for user in (MARKET_MAKER, bob)
        ]
    told.append(Deposit(Micros(begin), ada, AssetCode("USDT"), Atoms(65_000 * 10**6), "past:ada"))
    steps = HOURS * 3600 // APART_S
    paths = {symbol: price_path(symbol, steps) for symbol in PRICES}
    chance = random.Random(8)
    for step in range(steps):
        at = Micros(begin + (step + 1) * APART_S * 1_000_000 - 2_000_000)
        for symbol, path in paths.items():
            price, size = path[step], chance.randint(400, 9000)
            side = Side.BUY if chance.random() < 0.5 + (price > path[step - 1]) * 0.2 - 0.1 else Side.SELL
            lots = Lots(size)
            told.append(Quote(at, Symbol(symbol), ((Ticks(price), lots),), ((Ticks(price + 1), lots),), step + 1))
            told.append(
                PlaceOrder(at, bob, Symbol(symbol), side, OrderType.MARKET, lots, time_in_force=TimeInForce.IOC)
            )
        if step in BOUGHT:
            name, lots = BOUGHT[step]
            price = Ticks(paths[name][step] + 1)
            told.append(Quote(at, Symbol(name), (), ((price, Lots(lots)),), step + 1))
            told.append(
                PlaceOrder(at, ada, Symbol(name), Side.BUY, OrderType.MARKET, Lots(lots), time_in_force=TimeInForce.IOC)
            )
    for symbol in PRICES:
        told.append(Quote(end, Symbol(symbol), (), ()))
        told += resting(symbol, end, bob)
    return told


def resting(symbol: str, at: Micros, bob: UserId) -> list[Played]:
    """Return what Bob offers on both sides now."""
    last, _ = PRICES[symbol]
    chance, gap = random.Random(symbol), max(1, last // 40_000)
    orders: list[Played] = []
    for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
        price = last
        for _ in range(LEVELS):
            price += sign * chance.randint(1, gap)
            lots = Lots(chance.randint(20, 12_000))
            orders.append(PlaceOrder(at, bob, Symbol(symbol), side, OrderType.LIMIT, lots, price=Ticks(price)))
    return orders


async def _play(path: Path) -> None:
    store, queries = await SqliteStore.open(path), await Queries.open(path)
    start, exchange = await store.take_lead(), Exchange()
    exchange.restore(start)
    at = Micros(0)  # the time there and then
    sequencer = Sequencer(exchange, store, start, lambda: at)
    accounts = Accounts(SqlAccounts(store, queries), ActivityFeed(), now)
    bob, ada = await accounts.person(BOB), await accounts.person(ADA)

    async def play() -> None:
        nonlocal at
        for _at, together in itertools.groupby(commands(bob.id, ada.id), lambda command: command.at):
            await asyncio.gather(*(sequencer.submit(each) for each in together))
        sequencer.close()

    async with asyncio.TaskGroup() as both:  # so that a writer that dies ends it
        both.create_task(sequencer.run())
        both.create_task(play())
    await queries.close()
    await store.close()


def make(data_dir: Path) -> None:
    """Make the books of a data directory."""
    data_dir.mkdir(parents=True, exist_ok=True)
    path = data_dir / "clobster.db"
    upgrade(sqlite_url(path))
    asyncio.run(_play(path))
