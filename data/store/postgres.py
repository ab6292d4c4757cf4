"""The one writer's store on PostgreSQL.

A commit that has returned is on the server's disk (synchronous_commit). A batch goes in as one insert a table, its rows
as arrays. Whoever leads holds an advisory lock by the connection that writes, and never opens that connection again: so
nothing of a writer that lost it is ever kept, whatever it still believes.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

import asyncpg

from data.store import partitions, rows, statements
from data.store.asking import Asking, Waiting
from data.store.connection import Connection
from data.store.rows import Row
from data.store.store import Store
from data.store.unnest import Unnest
from engine.ports import LostLead
from engine.sequencer.batch import Batch

T = TypeVar("T")

LEAD: Final = 0x436C6F6201  # the advisory lock of whoever writes
TAKEOVER_MS: Final = 10_000  # a writer that was killed holds the lock until the server has noticed
_SETTINGS: Final = {"synchronous_commit": "on", "idle_in_transaction_session_timeout": "0"}

ASSETS: Final = Unnest(statements.ASSETS)
MARKETS: Final = Unnest(statements.MARKETS)
ORDERS: Final = Unnest(statements.ORDERS)
TRADES: Final = Unnest(statements.TRADES)
CANDLES: Final = Unnest(statements.CANDLES)
OWED: Final = Unnest(statements.OWED)
POSTINGS: Final = Unnest(statements.POSTINGS)
BALANCES: Final = Unnest(statements.BALANCES)
DEPOSITS: Final = Unnest(statements.DEPOSITS)
WITHDRAWALS: Final = Unnest(statements.WITHDRAWALS)
COMMANDS: Final = Unnest(statements.COMMANDS)


class PostgresStore(Store):
    """`engine.ports.Store` on a PostgreSQL database."""

    @classmethod
    async def open(cls, url: str, takeover_ms: int = TAKEOVER_MS) -> "PostgresStore":
        """Connect. Raises OSError or asyncpg.PostgresError where that can't be."""
        thread = ThreadPoolExecutor(1, "store-writer")
        try:
            waiting = await asyncio.get_running_loop().run_in_executor(thread, Waiting, url, _SETTINGS)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(PostgresWriter(waiting, takeover_ms), thread)


class PostgresWriter:
    """`data.store.store.Writer` on PostgreSQL."""

    def __init__(self, waiting: Waiting, takeover_ms: int) -> None:
        self._waiting = waiting
        self._takeover_ms = takeover_ms
        self._parts_until: dict[str, int] = {}
        self._posted = 0  # the newest posting's id, where none was given up

    def close(self) -> None:
        """Close the connection, which lets others lead."""
        self._waiting.close()

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction."""
        waiting = self._waiting
        waiting.run("BEGIN")
        try:
            result = work(waiting)
            waiting.run("COMMIT")
        except BaseException:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the connection may be lost
                waiting.run("ROLLBACK")
            raise
        return result

    def lead(self, connection: Connection) -> None:
        """Take the lock of whoever writes. Raises LostLead where its holder does not go away."""
        connection.execute(f"SET LOCAL lock_timeout = {self._takeover_ms}")
        try:
            connection.execute("SELECT pg_advisory_lock(?)", (LEAD,))
        except asyncpg.LockNotAvailableError:
            raise LostLead("another exchange runs on this database; stop it first") from None
        connection.execute("SET LOCAL lock_timeout = 0")
        self._make_parts(connection)

    def write_batch(self, connection: Connection, batch: Batch) -> None:
        """Write a batch's rows."""
        moved = connection.execute(statements.MOVE_SEQUENCER, rows.sequencer_row(batch))
        if moved.rowcount != 1:
            raise LostLead(f"another writer went on from command {batch.first_seq - 1}, or leads by now")
        self._posted += len(batch.postings)
        near = {"trades": batch.next_trade, "postings": self._posted}
        if any(near[table] + partitions.AHEAD // 2 > until for table, until in self._parts_until.items()):
            self._make_parts(connection)
            self._posted += len(batch.postings)
        self._waiting.wait(_insert(self._waiting.asking, batch))

    def _make_parts(self, connection: Connection) -> None:
        self._parts_until = partitions.ensure(connection)
        [self._posted] = connection.execute("SELECT coalesce(max(id), 0) FROM postings").fetchone()


async def _insert(asking: Asking, batch: Batch) -> None:
    work: list[tuple[Unnest, Sequence[Row]]] = [
        (ASSETS, rows.asset_rows(batch.assets)),
        (MARKETS, rows.market_rows(batch.markets)),
        (ORDERS, rows.order_rows(batch.orders)),
    ]
    for insert, values in work:
        await insert.run(asking, values)
    for reduction in rows.reduction_rows(batch.reductions):
        await asking.run(statements.REDUCE, reduction)
    work = [
        (TRADES, rows.trade_rows(batch.trades)),
        (CANDLES, rows.candle_rows(batch.trades)),
        (OWED, rows.owed_rows(batch.trades)),
        (POSTINGS, rows.posting_rows(batch.postings)),
        (BALANCES, rows.balance_rows(batch.balances)),
        (DEPOSITS, rows.deposit_rows(batch.deposits)),
        (WITHDRAWALS, rows.withdrawal_rows(batch.withdrawals)),
        (COMMANDS, [rows.log_row(batch)]),
    ]
    for insert, values in work:
        await insert.run(asking, values)
