"""What happened since a moment, of the kinds that people are told of, found in the books by whoever missed it.

Ids rise with time in `trades`, `orders`, `activity` and `postings`, so each is read from where the moment is. Only
withdrawals are looked through whole, as they change; that is once a start.
"""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Final

from data.store import activities, facts
from data.store.connection import Reading
from data.store.notices import Cursor
from data.store.readers import Readers, rows
from data.store.rows import Row
from engine.accounts.types import Activity
from engine.core.events import Deposited, OrderChanged, Traded, WithdrawalChanged
from engine.core.types import Micros

PAGE: Final = 1_000

Fact = Traded | OrderChanged | Deposited | WithdrawalChanged | Activity

_ORDER: Final = facts.ORDER.replace("id,", "orders.id,", 1)
_TRADES: Final = (
    f"SELECT {facts.TRADE} FROM trades WHERE id > :after AND id <= :last AND at >= :since ORDER BY id LIMIT {PAGE}"
)
_NAMED: Final = f"""
    SELECT {facts.ORDER} FROM orders
     WHERE id > :after AND id <= :last AND created_at >= :since AND client_order_id LIKE 'tg-%' ORDER BY id LIMIT {PAGE}
"""
_ACTIVITY: Final = f"""
    SELECT user_id, at, kind, address, detail, id FROM activity WHERE id > :after AND id <= :last AND at >= :since
     ORDER BY id LIMIT {PAGE}
"""
_WITHDRAWALS: Final = f"""
    SELECT {facts.WITHDRAWAL} FROM withdrawals
     WHERE updated_at BETWEEN :since AND :until AND id > :after ORDER BY id LIMIT {PAGE}
"""
_DEPOSITS: Final = f"""
    SELECT postings.id, reference, user_id, deposits.asset, deposits.amount, deposits.at
      FROM postings JOIN deposits ON user_id = credit_owner AND deposits.at = postings.at
       AND deposits.asset = postings.asset AND deposits.amount = postings.amount
     WHERE postings.id > :after AND postings.at <= :until AND reason = 'deposit' ORDER BY postings.id LIMIT {PAGE}
"""
_EXPIRED: Final = f"""
    SELECT postings.id, {_ORDER} FROM postings JOIN orders ON orders.id = cause AND orders.user_id = debit_owner
     WHERE postings.id > :after AND reason = 'release' AND updated_at > created_at
       AND status IN ('expired', 'expired_in_match') AND updated_at BETWEEN :since AND :until
     ORDER BY postings.id LIMIT {PAGE}
"""


class Happened:
    """Reads it a page at a time, so that nobody else who reads waits long."""

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def newest(self) -> Cursor:
        """Return the cursor behind all that has happened."""

        async def read(connection: Reading) -> Cursor:
            statement = "SELECT now, next_trade - 1, next_order - 1, (SELECT coalesce(max(id), 0) FROM activity)"
            return Cursor(*(await rows(connection, f"{statement} FROM sequencer"))[0])

        return await self._readers.read(read)

    async def between(self, cursor: Cursor, end: Cursor, since: Micros) -> AsyncIterator[Fact]:
        """Yield what happened after a cursor and up to another, and not before `since`; of that time it may be known.

        Of orders it yields those by chat that were placed, and those that had rested and expired.
        """
        posting = await self._readers.read(lambda connection: _posting_before(connection, since))
        times = {"since": since, "until": end.at}
        async for row in self._pages(_TRADES, {"since": since, "last": end.trade}, cursor.trade):
            yield facts.trade_of(row)
        async for row in self._pages(_NAMED, {"since": since, "last": end.order}, cursor.order):
            yield facts.order_of(row)
        async for row in self._pages(_EXPIRED, times, posting):
            yield facts.order_of(row[1:])
        async for row in self._pages(_DEPOSITS, {"until": end.at}, posting):
            yield facts.deposit_of(row[1:])
        async for row in self._pages(_WITHDRAWALS, times, 0):
            yield facts.withdrawal_of(row)
        async for user_id, at, kind, address, detail, number in self._pages(
            _ACTIVITY, {"since": since, "last": end.activity}, cursor.activity, -1
        ):
            yield activities.from_row((user_id, at, kind, address, detail, number))

    async def _pages(
        self, statement: str, values: Mapping[str, int], after: int, column: int = 0
    ) -> AsyncIterator[Row]:
        """Yield the rows above an id, which is in this column."""
        while True:
            found = await self._readers.read(partial(rows, statement=statement, values={**values, "after": after}))
            for row in found:
                yield row
            if len(found) < PAGE:
                return
            after = found[-1][column]


async def _posting_before(connection: Reading, at: Micros) -> int:
    """Return the id of the last posting before a time, or 0: half of what is left is put aside, again and again."""
    [[high]] = await rows(connection, "SELECT coalesce(max(id), 0) FROM postings")
    low = 0  # before the time, or nothing; everything above `high` is not before it
    while low < high:
        middle = (low + high + 1) // 2
        found = await rows(connection, "SELECT id, at FROM postings WHERE id <= ? ORDER BY id DESC LIMIT 1", (middle,))
        if not found or found[0][1] < at:
            low = middle
        else:
            high = found[0][0] - 1
    return low
