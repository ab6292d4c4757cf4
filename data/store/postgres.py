"""The one writer's store on PostgreSQL.

A commit that has returned is on the server's disk (synchronous_commit). A batch goes in as one insert a table, its rows
as arrays. Whoever leads holds an advisory lock by the connection that writes, and never opens that connection again: so
nothing of a writer that lost it is ever kept, whatever it still believes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final, TypeVar

import asyncpg

from data.store import partitions, rows, statements
from data.store.asking import Asking, Waiting
from data.store.connection import Connection
from data.store.store import Store
from data.store.unnest import Together, Unnest
from engine.ports import LostLead
from engine.sequencer.batch import Batch

T = TypeVar("T")

LEAD: Final = 0x436C6F6201  # the advisory lock of whoever writes
TAKEOVER_MS: Final = 10_000  # a writer that was killed holds the lock until the server has noticed
_SETTINGS: Final = {"synchronous_commit": "on", "idle_in_transaction_session_timeout": "0"}

ASSETS: Final = Unnest(statements.ASSETS)
MARKETS: Final = Unnest(statements.MARKETS)
DEPOSITS: Final = Unnest(statements.DEPOSITS)
WITHDRAWALS: Final = Unnest(statements.WITHDRAWALS)
# What nearly every batch has rows of: a round trip for each would cost as much as the rows.
TRADING: Final = Together(
    statements.MOVE_SEQUENCER,
    (
        statements.ORDERS,
        statements.TRADES,
        statements.CANDLES,
        statements.OWED,
        statements.POSTINGS,
        statements.BALANCES,
        statements.COMMANDS,
    ),
)


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
        if waiting.is_lost:
            raise ConnectionError("the connection that writes is lost")
        waiting.run("BEGIN")
        try:
            result = work(waiting)
            if (done := waiting.run("COMMIT")) != "COMMIT":  # it says ROLLBACK where `work` has passed over an error
                raise AssertionError(f"a transaction that had failed was to be committed: {done}")
        except BaseException:
            with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):  # the connection may be lost
                waiting.run("ROLLBACK")
            raise
        return result

    def look(self) -> None:
        """Ask for nothing. Raises OSError, asyncpg.PostgresError or asyncpg.InterfaceError where nobody answers."""
        self._waiting.run("SELECT 1")

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
        self._posted += len(batch.postings)
        near = {"trades": batch.next_trade, "postings": self._posted}
        if any(near[table] + partitions.AHEAD // 2 > until for table, until in self._parts_until.items()):
            self._make_parts(connection)
            self._posted += len(batch.postings)
        self._waiting.wait(_write(self._waiting.asking, batch))

    def _make_parts(self, connection: Connection) -> None:
        self._parts_until = partitions.ensure(connection)
        [self._posted] = connection.execute("SELECT coalesce(max(id), 0) FROM postings").fetchone()


async def _write(asking: Asking, batch: Batch) -> None:
    for insert, values in (
        (ASSETS, rows.asset_rows(batch.assets)),
        (MARKETS, rows.market_rows(batch.markets)),
    ):
        await insert.run(asking, values)
    written = [
        rows.order_rows(batch.orders),
        rows.trade_rows(batch.trades),
        rows.candle_rows(batch.trades),
        rows.owed_rows(batch.trades),
        rows.posting_rows(batch.postings),
        rows.balance_rows(batch.balances),
        [rows.log_row(batch)],
    ]
    if not await TRADING.run(asking, rows.sequencer_row(batch), written):
        raise LostLead(f"another writer went on from command {batch.first_seq - 1}, or leads by now")
    for reduction in rows.reduction_rows(batch.reductions):
        await asking.run(statements.REDUCE, reduction)
    for insert, values in (
        (DEPOSITS, rows.deposit_rows(batch.deposits)),
        (WITHDRAWALS, rows.withdrawal_rows(batch.withdrawals)),
    ):
        await insert.run(asking, values)
