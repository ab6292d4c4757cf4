"""What an audit reads: the command log, the state as the tables tell it, and what SQL itself can find wrong."""

# ruff: noqa: S608  statements are put together from our own columns only

import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, cast

from data.store.opening import Place
from data.store.readers import read_only
from data.store.schema import metadata
from data.store.snapshot import load
from engine.core.snapshot import Snapshot
from engine.sequencer.journal import LogRow

if TYPE_CHECKING:
    from data.store.asking import Aside

LOG_ROWS: Final = 500  # of the command log at once in memory
MAX_FINDINGS: Final = 20  # of each kind: one is enough to know that the books are wrong

_COUNTS: Final = (
    "SELECT next_order, next_trade, next_withdrawal, (SELECT count(*) FROM deposits) FROM sequencer WHERE id = 1"
)
_LOG: Final = "SELECT first_seq, last_seq, body, digest FROM commands WHERE first_seq >= ? ORDER BY first_seq LIMIT ?"

_CANDLES: Final = """
    SELECT symbol, minutes, begin_at, opening.price, high, low, closing.price, volume, cost, count, bought, spent
      FROM (
        SELECT symbol, length.minutes, at / (length.minutes * 60000000) * (length.minutes * 60000000) AS begin_at,
               min(id) AS first, max(id) AS last, max(price) AS high, min(price) AS low,
               sum(quantity) AS volume, sum(notional) AS cost, count(*) AS count,
               sum(CASE taker_side WHEN 'buy' THEN quantity ELSE 0 END) AS bought,
               sum(CASE taker_side WHEN 'buy' THEN notional ELSE 0 END) AS spent
          FROM trades
          CROSS JOIN (
            SELECT CAST(1 AS BIGINT) AS minutes UNION ALL SELECT 15 UNION ALL SELECT 60 UNION ALL SELECT 1440
          ) AS length
         GROUP BY 1, 2, 3
      )
      JOIN (SELECT id, price FROM trades) AS opening ON opening.id = first
      JOIN (SELECT id, price FROM trades) AS closing ON closing.id = last
"""

# Each SELECT gives a sentence for every row that must not be there.
_CHECKS: Final = (
    """
    SELECT asset || ': all balances together are ' || exact_sum(available + held) || ' atoms, not 0'
      FROM balances GROUP BY asset HAVING exact_sum(available + held) <> '0'
    """,
    """
    SELECT 'owner ' || owner || ' ' || asset || ' ' || CASE kind WHEN 0 THEN 'available' ELSE 'held' END
           || ': the balance and its postings differ by ' || exact_sum(amount) || ' atoms'
      FROM (
        SELECT owner, asset, 0 AS kind, available AS amount FROM balances
        UNION ALL SELECT owner, asset, 1, held FROM balances
        UNION ALL SELECT debit_owner, asset, debit_kind, amount FROM postings
        UNION ALL SELECT credit_owner, asset, credit_kind, -amount FROM postings
      )
     GROUP BY owner, asset, kind HAVING exact_sum(amount) <> '0'
    """,
    """
    SELECT 'owner ' || owner || ' ' || asset || ': held and what open orders and withdrawals need differ by '
           || exact_sum(amount) || ' atoms'
      FROM (
        SELECT owner, asset, held AS amount FROM balances
        UNION ALL
        SELECT user_id, CASE side WHEN 'buy' THEN quote ELSE base END,
               -(quantity - filled - prevented) * CASE side WHEN 'buy' THEN price * unit_atoms ELSE lot_atoms END
          FROM orders JOIN markets USING (symbol)
         WHERE status = 'new' OR status = 'partially_filled'
        UNION ALL
        SELECT user_id, asset, -amount FROM withdrawals WHERE status = 'requested'
      )
     GROUP BY owner, asset HAVING exact_sum(amount) <> '0'
    """,
    """
    SELECT 'order ' || id || ' has filled ' || filled || ' for ' || notional || ', its trades say '
           || coalesce(sum(quantity_traded), 0) || ' for ' || coalesce(sum(notional_traded), 0)
      FROM orders LEFT JOIN (
        SELECT maker_order_id AS order_id, quantity AS quantity_traded, notional AS notional_traded FROM trades
        UNION ALL SELECT taker_order_id, quantity, notional FROM trades
      ) ON order_id = id
     GROUP BY id
    HAVING filled <> coalesce(sum(quantity_traded), 0) OR notional <> coalesce(sum(notional_traded), 0)
    """,
    """
    SELECT 'trade ' || id || ' costs ' || notional || ' atoms and not price times quantity'
      FROM trades JOIN markets USING (symbol) WHERE notional <> price * quantity * unit_atoms
    """,
    """
    SELECT 'trade ' || id || ' has no row in the settlement outbox'
      FROM trades LEFT JOIN settlement_outbox ON trade_id = id WHERE trade_id IS NULL
    """,
    f"""
    SELECT DISTINCT symbol || ': the candle of ' || minutes || ' minutes at ' || begin_at || ' is not what traded then'
      FROM (
        SELECT * FROM (SELECT * FROM candles EXCEPT {_CANDLES})
        UNION ALL SELECT * FROM ({_CANDLES} EXCEPT SELECT * FROM candles)
      )
    """,
    """
    SELECT 'deposits of ' || asset || ' differ from their postings by ' || exact_sum(amount) || ' atoms'
      FROM (
        SELECT asset, amount FROM deposits
        UNION ALL SELECT asset, -amount FROM postings WHERE reason = 'deposit'
      )
     GROUP BY asset HAVING exact_sum(amount) <> '0'
    """,
    """
    SELECT 'withdrawals of ' || asset || ' differ from their postings by ' || exact_sum(amount) || ' atoms'
      FROM (
        SELECT asset, amount FROM withdrawals WHERE status = 'completed'
        UNION ALL SELECT asset, -amount FROM postings WHERE reason = 'withdrawal'
      )
     GROUP BY asset HAVING exact_sum(amount) <> '0'
    """,
    """
    SELECT 'commands ' || first_seq || ' to ' || last_seq || ' do not follow on ' || before
      FROM (SELECT first_seq, last_seq, lag(last_seq, 1, 0) OVER (ORDER BY first_seq) AS before FROM commands)
     WHERE first_seq <> before + 1
    """,
    """
    SELECT 'the sequencer is at ' || seq || ', next order ' || next_order || ', trade ' || next_trade
           || ', withdrawal ' || next_withdrawal || '; the rows end at ' || last_seq || ', ' || last_order || ', '
           || last_trade || ', ' || last_withdrawal
      FROM sequencer, (
        SELECT (SELECT coalesce(max(last_seq), 0) FROM commands) AS last_seq,
               (SELECT coalesce(max(id), 0) FROM orders) AS last_order,
               (SELECT coalesce(max(id), 0) FROM trades) AS last_trade,
               (SELECT coalesce(max(id), 0) FROM withdrawals) AS last_withdrawal
      )
     WHERE seq <> last_seq OR next_order <> last_order + 1 OR next_trade <> last_trade + 1
        OR next_withdrawal <> last_withdrawal + 1
    """,
)


class _ExactSum:
    """SQLite's own sum() gives up beyond 63 bits, which holds and releases reach with time. Tells its sum as text."""

    def __init__(self) -> None:
        self._sum = 0

    def step(self, value: int) -> None:
        """Add a row."""
        self._sum += value

    def finalize(self) -> str:
        """Tell the sum."""
        return str(self._sum)


class AuditReads:
    """The books of one moment, read only, while a writer may go on. A context manager; not for an event loop."""

    def __init__(self, place: Place) -> None:
        """Raise the driver's error where there is no such database."""
        self._is_sqlite = isinstance(place, Path)
        self._connection: sqlite3.Connection | Aside
        if isinstance(place, Path):
            self._connection = sqlite3.connect(read_only(place), uri=True, isolation_level=None)
            self._connection.create_aggregate("exact_sum", 1, cast(Any, _ExactSum))  # typeshed wants an int
        else:
            from data.store import asking  # who keeps books in SQLite does not wait for the import

            self._connection = asking.Aside(place)

    def __enter__(self) -> "AuditReads":
        self._connection.execute("BEGIN")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def snapshot(self) -> Snapshot:
        """Return the state as the tables tell it; its epoch is of the writer that leads."""
        return load(self._connection)

    def counts(self) -> tuple[int, int, int, int]:
        """Return the next order's, trade's and withdrawal's number, and how many deposits there are."""
        [found] = self._connection.execute(_COUNTS).fetchall()
        return cast(tuple[int, int, int, int], tuple(found))

    def log(self, first_seq: int = 1) -> Iterator[LogRow]:
        """Yield the batches of the command log, from the one that begins with first_seq or later."""
        while rows := self._connection.execute(_LOG, (first_seq, LOG_ROWS)).fetchall():
            for first, last, body, digest in rows:
                yield LogRow(first, last, zlib.decompress(body), digest)
            first_seq = last + 1

    def findings(self) -> list[str]:
        """Return what is wrong in the tables, a sentence each; nothing where they are sound."""
        found: list[str] = []
        for check in _CHECKS:
            if not self._is_sqlite:
                check = check.replace("exact_sum(", "sum(")  # which is exact there
            rows = self._connection.execute(f"{check} LIMIT {MAX_FINDINGS}")
            found += [sentence for (sentence,) in rows]
        return found + (self._of_the_file() if self._is_sqlite else self._of_references())

    def _of_the_file(self) -> list[str]:
        """Return what SQLite finds of itself; PostgreSQL's files are its own."""
        found: list[str] = []
        broken: list[tuple[str, int | None, str, int]] = self._connection.execute("PRAGMA foreign_key_check").fetchall()
        found += [f"{table} row {row} points to nothing in {parent}" for table, row, parent, _ in broken[:MAX_FINDINGS]]
        found += [said for (said,) in self._connection.execute("PRAGMA integrity_check(20)") if said != "ok"]
        return found

    def _of_references(self) -> list[str]:
        """Return what points to nothing on PostgreSQL, where some references are believed (see migration 0018)."""
        found: list[str] = []
        for table in metadata.sorted_tables:
            for reference in table.foreign_keys:
                here, there = f"{table.name}.{reference.parent.name}", reference.column
                rows = self._connection.execute(
                    f"SELECT DISTINCT {here} FROM {table.name} WHERE {here} IS NOT NULL AND NOT EXISTS"
                    f" (SELECT 1 FROM {there.table.name} AS parent WHERE parent.{there.name} = {here})"
                    f" LIMIT {MAX_FINDINGS}"
                )
                found += [f"{here} {value} points to nothing in {there.table.name}" for (value,) in rows]
        return found
