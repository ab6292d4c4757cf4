"""How long pages of history take among very many rows: of a busy account, an idle one and one without rows.

The yardstick is the least that a page can cost: the same rows by primary key, over the same readers.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from data.store import facts
from data.store.queries import Queries
from data.store.readers import rows
from tests.support.bulk import APART, BUSY, EMPTY, IDLE, RARE, RARE_ASSET, START, fill

ROUNDS = 30
LIMIT = 100
WHO = {"busy": BUSY, "idle": IDLE, "empty": EMPTY}
BY_KEY = f"SELECT {facts.ORDER} FROM orders WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC"


async def median_ms(ask: Callable[[], Awaitable[object]]) -> float:
    """Return the median of ROUNDS in milliseconds, after one that nobody counts."""
    await ask()
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000


async def measure(path: Path, count: int) -> dict[str, float | int]:
    """Return the medians of every kind of page."""
    queries = await Queries.open(path)
    found: dict[str, float | int] = {"rows": count}
    time_ = {"start": START + count // 4 * APART, "end": START + count // 4 * 3 * APART}
    lists: dict[str, tuple[Any, dict[str, dict[str, Any]]]] = {
        "orders": (queries.orders, {"all": {}, "open": {"status": "open"}, "rare": {"symbol": RARE}, "time": time_}),
        "trades": (queries.own_trades, {"all": {}, "rare": {"symbol": RARE}, "time": time_}),
        "ledger": (queries.ledger, {"all": {}, "rare": {"asset": RARE_ASSET}, "time": time_}),
    }
    for name, (ask, filters) in lists.items():
        for who, user in WHO.items():
            for place, cursor in (("start", None), ("middle", count // 2), ("end", 300)):
                for filter_, asked in filters.items():
                    ms = await median_ms(lambda a=ask, u=user, c=cursor, k=asked: a(u, limit=LIMIT, cursor=c, **k))
                    found[f"{name}_{who}_{place}_{filter_}_ms"] = round(ms, 2)
    ids = msgspec.json.encode([order.id for order in (await queries.orders(BUSY, limit=LIMIT)).items]).decode()

    async def by_key() -> None:
        for row in await queries.read(lambda connection: rows(connection, BY_KEY, (ids,))):
            facts.order_of(row)

    found["by_key_ms"] = round(await median_ms(by_key), 2)
    await queries.close()
    found["worst_ms"] = max(ms for name, ms in found.items() if name != "rows")
    return found


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--millions", type=int, default=1, help="rows in each table")
    options = parser.parse_args()
    count = options.millions * 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "books.sqlite"
        fill(path, count)
        found = uvloop.run(measure(path, count))
    print(f"pages of {LIMIT} among {count:,} rows, median of {ROUNDS} in ms")
    for name in ("orders", "trades", "ledger"):
        for who in WHO:
            pages = {key: ms for key, ms in found.items() if key.startswith(f"{name}_{who}_")}
            worst = max(pages, key=lambda key: pages[key])
            newest = found[f"{name}_{who}_start_all_ms"]
            what = worst.removeprefix(f"{name}_{who}_").removesuffix("_ms").replace("_", ", ")
            print(f"  {name:7} {who:6} newest {newest:>7.2f}   slowest {pages[worst]:>7.2f}  ({what})")
    print(f"  yardstick: the same {LIMIT} orders by primary key {found['by_key_ms']:>7.2f}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
