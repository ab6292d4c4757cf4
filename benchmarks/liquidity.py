"""What quoting costs: the recorded books at ten updates a second a market, through the market maker into SQLite.

Three markets (the third shows ETHUSDT's books again) of 20 levels a side, as in the product: real exchange, writer and
store, nobody trading. Time is the recording's, so that it is played as fast as commits allow; processor time of all
threads is what counts. Beside it a yardstick in the same run: a bot that makes and encodes its 40 orders anew at every
update, and keeps nothing.

JSON keys: core_share (of one core, all threads), loop_share (its own thread), yardstick_share, us_an_update,
yardstick_us_an_update, quotes_s, batches_s, rows_s (written, of all tables), log_bytes_hour (what the command log grows
by), seconds (played), levels.
"""

import argparse
import asyncio
import gc
import json
import math
import tempfile
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import count
from pathlib import Path

import msgspec
import uvloop
from msgspec.structs import replace

from data.binance.recorded import RecordedFeed
from data.store.liquidity import SqlMakerStore
from data.store.migrate import sqlite_url, upgrade
from data.store.readers import Readers, rows
from data.store.sqlite import SqliteStore
from engine.core.commands import Deposit, ListAsset, ListMarket
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, Micros, Symbol, TradeId
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import Pair
from engine.liquidity.maker import MarketMaker
from engine.liquidity.quoting import LadderSettings
from engine.liquidity.settings import MakerSettings
from engine.ports import ExternalBook
from engine.sequencer.sequencer import Sequencer

LEVELS = 20
EVERY_S = 0.1  # between updates of a market
BREATH_S = 0.0015  # real time in which a quote is applied and committed

USDT = Asset(AssetCode("USDT"), 6)
BASES = {"BTCUSDT": Asset(AssetCode("BTC"), 8), "ETHUSDT": Asset(AssetCode("ETH"), 8)}
BASES["SOLUSDT"] = Asset(AssetCode("SOL"), 9)
LOTS = {"BTCUSDT": 10**4, "ETHUSDT": 10**4, "SOLUSDT": 10**6}
PAIRS = [
    Pair(Market.of(symbol, base, USDT, tick_atoms=10**4, lot_atoms=LOTS[symbol]), base, USDT)
    for symbol, base in BASES.items()
]


async def recorded(seconds: float) -> list[ExternalBook]:
    """Return the books of three markets in turn, `EVERY_S` apart."""
    told: dict[str, list[ExternalBook]] = {"BTCUSDT": [], "ETHUSDT": []}
    feed = RecordedFeed([Symbol(symbol) for symbol in told], lambda: Micros(0), speed=math.inf, repeat=False)
    async for book in feed.books():
        if book.in_sync:
            told[book.symbol].append(book)
    turns = min(int(seconds / EVERY_S), *(len(books) for books in told.values()))
    books: list[ExternalBook] = []
    for bitcoin, ether in zip(told["BTCUSDT"][:turns], told["ETHUSDT"][:turns], strict=True):
        books += (bitcoin, ether, replace(ether, symbol=Symbol("SOLUSDT")))
    return books


class Played:
    """The recorded books by their own clock."""

    def __init__(self, books: list[ExternalBook]) -> None:
        self.now_s = 1_000.0
        self._books = books

    async def books(self) -> AsyncIterator[ExternalBook]:
        """Yield them, each when the one before has been dealt with."""
        for book in self._books:
            self.now_s += EVERY_S / len(PAIRS)
            yield book
            await asyncio.sleep(BREATH_S)

    async def close(self) -> None:
        """Do nothing: it ends by itself."""


async def ours(books: list[ExternalBook], folder: Path) -> dict[str, float]:
    """Play the books through the market maker; return processor seconds and what was written."""
    path = folder / "exchange.db"
    upgrade(sqlite_url(path))
    store = await SqliteStore.open(path)
    readers = await Readers.open(path)
    snapshot = await store.take_lead()
    exchange = Exchange()
    exchange.restore(snapshot)
    ticks = count(1_700_000_000_000_000)

    def clock() -> Micros:
        return Micros(next(ticks))

    sequencer = Sequencer(exchange, store, snapshot, clock)
    writer = asyncio.create_task(sequencer.run())
    for asset in (USDT, *BASES.values()):
        await sequencer.submit(ListAsset(clock(), asset))
    for pair in PAIRS:
        await sequencer.submit(ListMarket(clock(), pair.market))
    for asset in (USDT, *BASES.values()):
        await sequencer.submit(Deposit(clock(), MARKET_MAKER, asset.code, Atoms(10**15), f"capital:{asset.code}"))
    feed, maker_store = Played(books), SqlMakerStore(store, readers)
    funds = exchange.snapshot(seq=0, epoch=1, digest=b"").balances
    settings = MakerSettings(ladder=LadderSettings(levels=LEVELS))
    accounts = Bookkeeper(maker_store, PAIRS, TradeId(0))
    maker = MarketMaker(sequencer, feed, accounts, maker_store, funds, {}, clock, settings, now=lambda: feed.now_s)
    before = await _written(readers)
    quotes, batches = sequencer.seq, sequencer.commits
    gc.collect()
    gc.freeze()
    began, loop_began = time.process_time(), time.thread_time()
    await maker.run()
    took, loop_took = time.process_time() - began, time.thread_time() - loop_began
    quotes, batches = sequencer.seq - quotes, sequencer.commits - batches
    after = await _written(readers)
    assert not any(desk.stops.begun for desk in maker.desks.values())
    sequencer.close()
    await writer
    await readers.close()
    await store.close()
    written = {name: after[name] - before[name] for name in after}
    return {"cpu_s": took, "loop_s": loop_took, "quotes": quotes, "batches": batches, **written}


async def _written(readers: Readers) -> dict[str, int]:
    """Return how many rows there are in all tables, and how large the command log is."""
    tables = await readers.read(
        lambda connection: rows(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")
    )
    counts = " + ".join(f"(SELECT count(*) FROM {name})" for [name] in tables if not name.startswith("sqlite_"))
    size = "SELECT coalesce(sum(length(body) + length(digest) + 32), 0) FROM commands"
    [[total, log]] = await readers.read(lambda connection: rows(connection, f"SELECT {counts}, ({size})"))
    return {"rows": total, "log_bytes": log}


def yardstick(books: list[ExternalBook]) -> float:
    """Return the processor seconds of a bot that encodes its whole ladder at every update."""
    encode = msgspec.json.Encoder().encode
    began = time.process_time()
    for book in books:
        encode(
            [
                {"symbol": book.symbol, "side": side, "price": str(Decimal(price)), "quantity": str(Decimal(quantity))}
                for side, levels in (("buy", book.bids), ("sell", book.asks))
                for price, quantity in levels[:LEVELS]
            ]
        )
    return time.process_time() - began


async def measure(seconds: float) -> dict[str, float]:
    """Return all figures."""
    books = await recorded(seconds)
    played = len(books) / len(PAIRS) * EVERY_S
    bare_s = yardstick(books)
    with tempfile.TemporaryDirectory() as folder:
        found = await ours(books, Path(folder))
    return {
        "core_share": round(found["cpu_s"] / played, 4),
        "loop_share": round(found["loop_s"] / played, 4),
        "yardstick_share": round(bare_s / played, 4),
        "us_an_update": round(found["cpu_s"] / len(books) * 1e6, 1),
        "yardstick_us_an_update": round(bare_s / len(books) * 1e6, 1),
        "quotes_s": round(found["quotes"] / played, 2),
        "batches_s": round(found["batches"] / played, 2),
        "rows_s": round(found["rows"] / played, 2),
        "log_bytes_hour": round(found["log_bytes"] / played * 3600),
        "seconds": round(played, 1),
        "levels": LEVELS,
    }


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=340.0, help="of the recording")
    options = parser.parse_args()
    found = uvloop.run(measure(options.seconds))
    print(f"{LEVELS} levels x {1 / EVERY_S:.0f} updates/s x {len(PAIRS)} markets   of one core   us an update")
    for name, share, us in (
        ("the market maker, all threads", found["core_share"], found["us_an_update"]),
        ("of that the loop", found["loop_share"], found["us_an_update"] * found["loop_share"] / found["core_share"]),
        ("orders encoded at every update", found["yardstick_share"], found["yardstick_us_an_update"]),
    ):
        print(f"  {name:<34} {share:>9.2%} {us:>12.1f}")
    print(
        f"  quotes/s {found['quotes_s']}, rows/s {found['rows_s']}, log {found['log_bytes_hour'] / 1e6:.1f} MB an hour"
    )
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
