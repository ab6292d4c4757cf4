"""How long a killed exchange with 100,000 open orders takes until it serves again, and what of that is recovery.

The orders are put there by the real writer; the server is killed, never stopped. The yardstick is what SQLite itself
needs to hand over the same rows.
"""

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from pathlib import Path

from clobster import markets
from data.store.accounts import person_by_telegram
from data.store.audit import AuditReads
from data.store.migrate import sqlite_url, upgrade
from data.store.sqlite import SqliteStore
from engine.core.commands import Command, Deposit, ListAsset, ListMarket, PlaceOrder
from engine.core.exchange import Exchange
from engine.core.types import AssetCode, Atoms, Lots, Micros, OrderType, Side, Symbol, Ticks
from engine.sequencer.sequencer import Sequencer
from tests.support.server import Server

OPEN_ORDERS = 100_000
PEOPLE = 1_000


def now() -> Micros:
    """Return the wall clock's time."""
    return Micros(time.time_ns() // 1_000)


async def fill(database: Path) -> None:
    """Put OPEN_ORDERS orders of PEOPLE accounts on the books, through the writer, each with a client order id."""
    upgrade(sqlite_url(database))
    listing = markets.load()
    store = await SqliteStore.open(database)
    exchange = Exchange()
    snapshot = await store.take_lead()
    exchange.restore(snapshot)
    sequencer = Sequencer(exchange, store, snapshot, now)
    writer = asyncio.create_task(sequencer.run())
    people = [
        (await store.write(lambda c, n=number: person_by_telegram(c, n, "Ada", None, None, now()))).id
        for number in range(1, PEOPLE + 1)
    ]
    opening: list[Command] = [ListAsset(now(), asset) for asset in listing.assets]
    opening += [ListMarket(now(), market) for market in listing.markets]
    for person in people:
        for code in ("USDT", "BTC"):
            opening.append(Deposit(now(), person, AssetCode(code), Atoms(10**13), f"{code}:{person}"))
    await asyncio.gather(*map(sequencer.submit, opening))
    for first in range(0, OPEN_ORDERS, 10_000):
        await asyncio.gather(
            *(
                sequencer.submit(
                    PlaceOrder(
                        now(),
                        people[number % PEOPLE],
                        Symbol("BTCUSDT"),
                        Side.BUY if number % 2 else Side.SELL,
                        OrderType.LIMIT,
                        quantity=Lots(1 + number % 50),
                        price=Ticks(6_000_000 + (-1 if number % 2 else 1) * (1 + number * 7919 % 20_000)),
                        client_order_id=f"mine-{number}",
                    )
                )
                for number in range(first, first + 10_000)
            )
        )
    sequencer.close()
    await writer
    await store.close()


def raw_read(database: Path) -> float:
    """Return the seconds that SQLite needs to hand over the open orders' rows."""
    began = time.perf_counter()
    with sqlite3.connect(database) as connection:
        rows = connection.execute("SELECT * FROM orders WHERE status IN ('new', 'partially_filled')").fetchall()
    connection.close()
    assert len(rows) == OPEN_ORDERS
    return time.perf_counter() - began


def recover(database: Path) -> float:
    """Return the seconds from the tables to an exchange that is ready for its first command."""
    began = time.perf_counter()
    with AuditReads(database) as reads:
        exchange = Exchange()
        exchange.restore(reads.snapshot())
    assert len(exchange.state.orders) == OPEN_ORDERS
    return time.perf_counter() - began


def measure() -> dict[str, float | int]:
    """Run everything once and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "var")
        server.data_dir.mkdir()
        database = server.data_dir / "clobster.db"
        asyncio.run(fill(database))
        server.start().kill()
        began = time.perf_counter()
        try:
            server.start()
            seconds = time.perf_counter() - began
        finally:
            server.kill()
        recovery, raw = recover(database), raw_read(database)
        empty = Server(Path(folder) / "empty").start()
        empty.kill()
        began = time.perf_counter()
        try:
            empty.start()
            idle = time.perf_counter() - began
        finally:
            empty.kill()
    return {
        "open_orders": OPEN_ORDERS,
        "seconds": round(seconds, 2),
        "recovery_s": round(recovery, 2),
        "empty_start_s": round(idle, 2),
        "raw_read_s": round(raw, 2),
    }


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure()
    print(f"after kill -9 with {OPEN_ORDERS:,} open orders")
    print(f"  from the start of the process until it serves   {found['seconds']:>6} s")
    print(f"  the same with empty books                       {found['empty_start_s']:>6} s")
    print(f"  of it: tables to a ready exchange               {found['recovery_s']:>6} s")
    print(f"  yardstick: SQLite hands over the same rows      {found['raw_read_s']:>6} s")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
