"""The other yardstick: SQLite alone, committing the rows that an exchange has just written, in batches of that size."""

import sqlite3
import time
from pathlib import Path

from data.store.migrate import sqlite_url, upgrade

TABLES = ("orders", "trades", "postings")
MOST_ORDERS = 50_000


def orders_per_second(written: Path, fresh: Path, batch: int) -> float:
    """Copy up to MOST_ORDERS orders with their trades and postings, `batch` orders a commit; return orders a second."""
    upgrade(sqlite_url(fresh))
    source = sqlite3.connect(written)
    target = sqlite3.connect(fresh, isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL"):  # rows alone: no foreign key is asked about
            target.execute(f"PRAGMA {pragma}")
        for table in ("assets", "markets", "users"):
            rows = source.execute(f"SELECT * FROM {table}").fetchall()
            target.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({_marks(rows)})", rows)
        batches = _batches(source, batch)
        count = sum(len(tables["orders"]) for tables in batches)
        inserts = {
            table: f"INSERT INTO {table} VALUES ({_marks(next(b[table] for b in batches if b[table]))})"
            for table in TABLES
        }
        began = time.perf_counter()
        for tables in batches:
            target.execute("BEGIN IMMEDIATE")
            for table, rows in tables.items():
                target.executemany(inserts[table], rows)
            target.execute("COMMIT")
        return count / (time.perf_counter() - began)
    finally:
        source.close()
        target.close()


def _batches(source: sqlite3.Connection, batch: int) -> list[dict[str, list[tuple[object, ...]]]]:
    """Return rows by table, cut by the time at which their orders were placed."""
    last = source.execute("SELECT min(?, max(id)) FROM orders", (MOST_ORDERS,)).fetchone()[0]
    until = source.execute("SELECT created_at FROM orders WHERE id = ?", (last,)).fetchone()[0]
    orders = source.execute("SELECT * FROM orders WHERE created_at <= ? ORDER BY id", (until,)).fetchall()
    trades = source.execute("SELECT * FROM trades WHERE at <= ? ORDER BY id", (until,)).fetchall()
    postings = source.execute("SELECT * FROM postings WHERE at <= ? AND cause > 0 ORDER BY id", (until,)).fetchall()
    cuts = max(1, len(orders) // batch)
    return [
        {
            table: rows[number * len(rows) // cuts : (number + 1) * len(rows) // cuts]
            for table, rows in (("orders", orders), ("trades", trades), ("postings", postings))
        }
        for number in range(cuts)
    ]


def _marks(rows: list[tuple[object, ...]]) -> str:
    return ", ".join("?" * len(rows[0]))
