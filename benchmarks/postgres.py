"""Durable orders a second on PostgreSQL beside SQLite: the same exchange and sequencer, in one run, taking turns.

PostgreSQL is the tests' own from a wheel, on this machine, with its commits synced to the disk. First whole exchanges,
by the loads of `benchmarks/orders.py`; then sequencer and store alone, where CLIENTS ask for one order at a time each,
half of which trade.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import uvloop

from benchmarks import orders
from data.store.accounts import person_by_telegram
from data.store.migrate import sqlite_url, upgrade
from data.store.opening import Place, open_store
from engine.core.commands import Deposit, ListAsset, ListMarket, PlaceOrder
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms, Lots, Micros, OrderType, Side, Ticks, UserId
from engine.sequencer.sequencer import Sequencer
from tests.support import postgres
from tests.support.server import Server

CLIENTS = 64
ORDERS = 20_000
ROUNDS = 3
SWITCH_S = 0.00002  # as a server has it
USDT, BTC = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)


async def orders_per_second(place: Place) -> tuple[float, float]:
    """Place ORDERS orders; return orders a second, and this process's microseconds of processor time an order."""
    store = await open_store(place)
    ticks = count(time.time_ns() // 1_000)
    exchange, snapshot = Exchange(), await store.take_lead()
    exchange.restore(snapshot)
    sequencer = Sequencer(exchange, store, snapshot, lambda: Micros(next(ticks)))
    writer = asyncio.create_task(sequencer.run())
    people = [
        (await store.write(lambda c, n=number: person_by_telegram(c, n, "Ada", None, None, Micros(next(ticks))))).id
        for number in range(1, CLIENTS + 1)
    ]
    for listed in (ListAsset(Micros(next(ticks)), USDT), ListAsset(Micros(next(ticks)), BTC)):
        await sequencer.submit(listed)
    await sequencer.submit(ListMarket(Micros(next(ticks)), BTCUSDT))
    for person in people:
        for code in (USDT.code, BTC.code):
            await sequencer.submit(Deposit(Micros(next(ticks)), person, code, Atoms(10**15), f"{code}:{person}"))

    async def client(number: int, person: UserId) -> None:
        side = Side.BUY if number % 2 else Side.SELL
        for _ in range(ORDERS // CLIENTS):
            price, at = Ticks(1_000), Micros(next(ticks))
            await sequencer.submit(PlaceOrder(at, person, BTCUSDT.symbol, side, OrderType.LIMIT, Lots(1), price=price))

    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(client(number, person) for number, person in enumerate(people)))
    took, cost = time.perf_counter() - began, time.process_time() - cpu
    sequencer.close()
    await writer
    await store.close()
    done = ORDERS // CLIENTS * CLIENTS
    return done / took, cost / done * 1e6


def by_clients(folder: Path, database: dict[str, str], seconds: float) -> dict[str, float]:
    """Return durable acknowledged orders a second of a whole exchange by load, on the database that a setting names."""
    server = Server(folder, **database).start()
    try:
        tokens = []
        for person in range(orders.CONNECTIONS):
            server.fund(person + 1, USDT="1000000000", BTC="10000")
            tokens.append(server.sign_in(person + 1))
        port = int(server.url.rsplit(":", 1)[1])
        http, _ = uvloop.run(orders.over_http(port, tokens, seconds))
        socket, _ = uvloop.run(orders.over_socket(port, tokens, seconds))
        batched, _ = uvloop.run(orders.batches(port, tokens, seconds))
        return {"http": http, "ws": socket, "ws_batches": batched}
    finally:
        server.kill()


def whole(folder: Path, seconds: float) -> dict[str, float]:
    """Let both databases take turns; return orders a second and ratios."""
    result: dict[str, float] = {}
    on = {"sqlite": by_clients(folder / "sqlite", {}, seconds)}
    place = _synced()
    on["postgres"] = by_clients(folder / "postgres", {"CLOBSTER_DATABASE_URL": place}, seconds)
    for load, fast in on["sqlite"].items():
        slow = on["postgres"][load]
        result |= {f"{load}_sqlite_orders_s": round(fast), f"{load}_postgres_orders_s": round(slow)}
        result[f"{load}_times_slower"] = round(fast / slow, 2)
        print(
            f"  {load:10} {fast:>8,.0f} orders/s on SQLite, {slow:>8,.0f} on PostgreSQL: {fast / slow:.2f} times slower"
        )
    return result


def _synced() -> str:
    place = postgres.empty_exchange()
    postgres.run(place, "ALTER SYSTEM SET fsync = on", "SELECT pg_reload_conf()")
    return place


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each load of a whole exchange is counted")
    options = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)
    found: dict[str, list[tuple[float, float]]] = {"sqlite": [], "postgres": []}
    with tempfile.TemporaryDirectory(dir=os.environ.get("CLOBSTER_BENCH_DIR")) as folder:
        result = {} if options.sqlite_only else whole(Path(folder), options.seconds)
        for round_ in range(ROUNDS):
            file = Path(folder) / f"books-{round_}.sqlite"
            upgrade(sqlite_url(file))
            found["sqlite"].append(asyncio.run(orders_per_second(file)))
            if not options.sqlite_only:
                found["postgres"].append(asyncio.run(orders_per_second(_synced())))
    for name, rounds in found.items():
        if rounds:
            result[f"{name}_orders_s"] = round(statistics.median(speed for speed, _ in rounds))
            result[f"{name}_us_an_order"] = round(statistics.median(cost for _, cost in rounds), 1)
            print(
                f"  {name:10} {result[f'{name}_orders_s']:>8,} orders/s {result[f'{name}_us_an_order']:>6} us an order"
            )
    if not options.sqlite_only:
        result["times_slower"] = round(result["sqlite_orders_s"] / result["postgres_orders_s"], 2)
        print(f"  PostgreSQL is {result['times_slower']} times slower (target: 1.5)")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
