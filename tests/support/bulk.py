"""Books with millions of rows in them, made by SQL alone: what they say is consistent only as far as queries look.

Rows come a millisecond after one another. Every second one is the busy account's; the idle account has a few, all among
the first; the rest belongs to a crowd. One row in a thousand is of ETHUSDT, which makes it rare for everybody.
"""

import sqlite3
from pathlib import Path
from typing import Final

from engine.core.types import AssetCode, Micros, Symbol, UserId
from tests.support.database import ensure_database

BUSY, IDLE, EMPTY, CROWD = UserId(1000), UserId(1001), UserId(1002), 1003
CROWD_SIZE: Final = 64
IDLE_ROWS: Final = 10
COMMON, RARE, NEVER = Symbol("BTCUSDT"), Symbol("ETHUSDT"), Symbol("SOLUSDT")
RARE_ASSET = AssetCode("ETH")
START: Final = Micros(1_700_000_000_000_000)
APART: Final = 1_000  # microseconds between rows

_PRAGMAS: Final = (
    "journal_mode = OFF",
    "synchronous = OFF",
    "foreign_keys = OFF",
    "ignore_check_constraints = ON",
    "cache_size = -200000",
)
_OWNER: Final = f"""
    CASE WHEN n <= {IDLE_ROWS * 100} AND n % 100 = 1 THEN {IDLE} WHEN n % 2 = 0 THEN {BUSY}
         ELSE {CROWD} + n * 7919 % {CROWD_SIZE} END
"""
_OTHER: Final = f"{CROWD} + (n * 7919 + 1) % {CROWD_SIZE}"  # of a trade; never the owner, who is of n * 7919
_SYMBOL: Final = f"CASE WHEN n % 1000 = 0 THEN '{RARE}' ELSE '{COMMON}' END"
_AT: Final = f"{START} + n * {APART}"
_SIDE: Final = "CASE WHEN n / 2 % 2 THEN 'buy' ELSE 'sell' END"
_NUMBERS: Final = "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :rows)"

_FILL: Final = (
    f"""
    INSERT INTO orders {_NUMBERS}
    SELECT n, {_OWNER}, {_SYMBOL}, {_SIDE}, 'limit', 'gtc', 'expire_maker', 6000000, 100, 0, NULL,
           CASE WHEN n % 50000 = 1 OR n > :rows - 100 THEN 'new' WHEN n % 3 THEN 'canceled' ELSE 'filled' END,
           CASE WHEN n % 50000 = 1 OR n > :rows - 100 OR n % 3 THEN 0 ELSE 100 END,
           CASE WHEN n % 50000 = 1 OR n > :rows - 100 OR n % 3 THEN 0 ELSE 600 END, 0, {_AT}, {_AT}, 0
      FROM number
    """,
    f"""
    INSERT INTO trades {_NUMBERS}
    SELECT n, {_SYMBOL}, {_AT}, 6000000, 100, 600, {_SIDE},
           CASE WHEN n % 4 < 2 THEN n END, CASE WHEN n % 4 < 2 THEN {_OWNER} ELSE {_OTHER} END, 1,
           CASE WHEN n % 4 >= 2 THEN n END, CASE WHEN n % 4 < 2 THEN {_OTHER} ELSE {_OWNER} END, 1, 0
      FROM number
    """,
    f"INSERT INTO settlement_outbox {_NUMBERS} SELECT n, NULL, NULL FROM number",
    f"""
    INSERT INTO postings {_NUMBERS}
    SELECT n, CASE WHEN n % 1000 = 0 THEN '{RARE_ASSET}' ELSE 'USDT' END, {_OWNER}, 0,
           CASE WHEN n % 4 = 1 THEN {_OTHER} ELSE {_OWNER} END, 1, 100, 'hold', n, {_AT}
      FROM number
    """,
)


def fill(path: Path, rows: int) -> None:
    """Make a database of so many orders, trades and postings. Ten million take some minutes and 3 GB."""
    ensure_database(path)
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            " AND tbl_name IN ('orders', 'trades', 'postings')"
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        for table, row in (
            ("assets", 'SELECT value, 8 FROM json_each(\'["USDT", "BTC", "ETH", "SOL"]\')'),
            (
                "markets",
                "SELECT value || 'USDT', value, 'USDT', 1, 1, 1, 9, 9, 9, 1, 1, 'trading'"
                ' FROM json_each(\'["BTC", "ETH", "SOL"]\')',
            ),
            (
                "users",
                "SELECT value, 'person', value, 'Ada', NULL, NULL, 0"
                f" FROM json_each('{[*range(BUSY, CROWD + CROWD_SIZE)]}')",
            ),
        ):
            connection.execute(f"INSERT INTO {table} {row}")
        for statement in _FILL:
            connection.execute(statement, {"rows": rows})
        connection.execute("COMMIT")
        for _, made_by in indexes:  # sorted once, which is faster than row by row
            connection.execute(made_by)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()
