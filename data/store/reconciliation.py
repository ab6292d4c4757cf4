"""What is compared with the chain, read from the books; and what stops withdrawals, kept there."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Sequence
from typing import Final

import msgspec

from data.store.connection import Connection, Reading
from data.store.readers import Readers, rows
from data.store.settlement import BATCH, batch_of
from data.store.store import Store
from engine.core.types import FEES, VAULT, Micros, UserId
from engine.reconciliation.types import DepositPlace, Difference, Identity, Line, Written
from engine.settlement.types import VaultAccount

_ACCOUNTS: Final = """
    SELECT owner FROM (SELECT DISTINCT owner FROM balances WHERE owner > :after ORDER BY 1 LIMIT :limit)
     UNION SELECT user_id FROM (SELECT DISTINCT user_id FROM vault_accounts
                                 WHERE user_id > :after ORDER BY 1 LIMIT :limit)
     UNION SELECT user_id FROM (SELECT DISTINCT user_id FROM deposit_accounts
                                 WHERE user_id > :after ORDER BY 1 LIMIT :limit)
     ORDER BY 1 LIMIT :limit
"""
_PAGE: Final = "(SELECT value AS user_id FROM json_each(:users))"
_PLACES: Final = f"""
    SELECT token_account FROM {_PAGE} CROSS JOIN vault_accounts USING (user_id)
     UNION ALL SELECT token_account FROM {_PAGE} CROSS JOIN deposit_accounts USING (user_id)
"""
_VAULT: Final = f"""
    SELECT token_account, user_id, asset, mint, settled, created_at
      FROM {_PAGE} CROSS JOIN vault_accounts USING (user_id)
"""
_DEPOSITS: Final = f"""
    SELECT token_account, owner, user_id, asset, mint FROM {_PAGE} CROSS JOIN deposit_accounts USING (user_id)
"""
_IS_OPEN: Final = "state <> 'settled' AND state <> 'failed'"
_BATCHES: Final = f"""
    SELECT {BATCH} FROM settlement_batches WHERE {_IS_OPEN}
     UNION ALL SELECT {BATCH} FROM settlement_batches WHERE state = 'settled' AND updated_at >= :since
"""
_IS_UNSETTLED: Final = f"(batch_id IS NULL OR batch_id IN (SELECT batch_id FROM settlement_batches WHERE {_IS_OPEN}))"

# What a fill moves is what `engine.settlement.fills.Fill.changes` says: written here a second time, on purpose.
_LINES: Final = f"""
    WITH page AS MATERIALIZED {_PAGE},
    unsettled AS (
        SELECT trade_id FROM settlement_outbox WHERE trade_id >= :floor AND {_IS_UNSETTLED}
         UNION ALL
        SELECT trade_id FROM json_each(:below) CROSS JOIN settlement_outbox ON trade_id = value WHERE {_IS_UNSETTLED}
    ),
    fills AS MATERIALIZED (
        SELECT base, quote, quantity * lot_atoms AS base_atoms, notional,
               CASE taker_side WHEN 'buy' THEN taker ELSE maker END AS buyer,
               CASE taker_side WHEN 'buy' THEN maker ELSE taker END AS seller,
               CASE taker_side WHEN 'buy' THEN taker_fee ELSE maker_fee END AS buyer_fee,
               CASE taker_side WHEN 'buy' THEN maker_fee ELSE taker_fee END AS seller_fee
          FROM unsettled CROSS JOIN trades ON id = trade_id JOIN markets USING (symbol)
    ),
    owed (user_id, asset, atoms) AS (
        SELECT buyer, quote, -notional FROM fills
         UNION ALL SELECT seller, quote, notional - seller_fee FROM fills
         UNION ALL SELECT {FEES}, quote, seller_fee FROM fills
         UNION ALL SELECT seller, base, -base_atoms FROM fills
         UNION ALL SELECT buyer, base, base_atoms - buyer_fee FROM fills
         UNION ALL SELECT {FEES}, base, buyer_fee FROM fills
    ),
    gone AS (
        SELECT user_id, asset, amount, fee
          FROM withdrawals JOIN settlement_batches AS batch ON withdrawal_id = id AND batch.state = 'settled'
         WHERE status = 'requested'
    ),
    leaving (user_id, asset, atoms) AS (
        SELECT user_id, asset, amount FROM gone UNION ALL SELECT {FEES}, asset, -fee FROM gone WHERE fee > 0
    )
    SELECT user_id, asset,
           sum(ledger), sum(settled), sum(credited), sum(old_credits), sum(swept), sum(owed), sum(leaving)
      FROM (
        SELECT user_id, asset, available + held AS ledger,
               0 AS settled, 0 AS credited, 0 AS old_credits, 0 AS swept, 0 AS owed, 0 AS leaving
          FROM page CROSS JOIN balances ON owner = user_id
         UNION ALL
        SELECT user_id, asset, 0, settled, 0, 0, 0, 0, 0 FROM page CROSS JOIN vault_accounts USING (user_id)
         UNION ALL
        SELECT user_id, asset, 0, 0, amount,
               CASE WHEN reference LIKE 'solana:%' AND at < :old THEN amount ELSE 0 END, 0, 0, 0
          FROM page CROSS JOIN deposits USING (user_id)
         UNION ALL
        SELECT user_id, asset, 0, 0, 0, 0, atoms, 0, 0
          FROM page CROSS JOIN deposit_accounts USING (user_id) CROSS JOIN sweeps USING (token_account)
          JOIN settlement_batches USING (batch_id)
         WHERE state = 'settled'
         UNION ALL
        SELECT user_id, asset, 0, 0, 0, 0, 0, atoms, 0 FROM owed WHERE user_id IN (SELECT user_id FROM page)
         UNION ALL
        SELECT user_id, asset, 0, 0, 0, 0, 0, 0, atoms FROM leaving WHERE user_id IN (SELECT user_id FROM page)
      )
     GROUP BY user_id, asset ORDER BY user_id, asset
"""
_FAILED: Final = "SELECT trade_id FROM settlement_outbox WHERE failed IS NOT NULL"
_FLOOR: Final = f"""
    SELECT coalesce((SELECT min(trade_id) FROM settlement_outbox
                      WHERE trade_id >= :floor AND failed IS NULL AND {_IS_UNSETTLED}),
                    (SELECT max(trade_id) + 1 FROM settlement_outbox), 1)
"""
_STILL: Final = f"""
    SELECT trade_id FROM json_each(:below) CROSS JOIN settlement_outbox ON trade_id = value WHERE {_IS_UNSETTLED}
"""

_KEPT: Final = "SELECT user_id, asset, identity, expected, found, slot, note FROM reconciliation_stops ORDER BY at"
_KEEP: Final = """
    INSERT INTO reconciliation_stops (user_id, asset, identity, expected, found, slot, note, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id, asset, identity) DO NOTHING
"""
_CLEAR: Final = "DELETE FROM reconciliation_stops"


class SqlBooks:
    """`engine.reconciliation.ports.Books`.

    No index says which fills are not settled, as that would cost every trade. But what is settled stays so: below
    `_floor` all are, except those in `_below`, which had failed as they were passed.
    """

    def __init__(self, readers: Readers) -> None:
        self._readers = readers
        self._floor = 0
        self._below: frozenset[int] = frozenset()

    async def accounts(self, after: UserId, limit: int) -> list[UserId]:
        """Return the next accounts that have anything to be compared, by their ids."""
        values = {"after": max(after, VAULT), "limit": limit}
        found = await self._readers.read(lambda connection: rows(connection, _ACCOUNTS, values))
        return [UserId(user) for (user,) in found]

    async def places(self, users: Sequence[UserId]) -> list[str]:
        """Return the token accounts of accounts: those of the vault, and those for deposits."""
        found = await self._readers.read(lambda connection: rows(connection, _PLACES, {"users": _json(users)}))
        return [address for (address,) in found]

    async def read(self, users: Sequence[UserId], since: Micros) -> Written:
        """Return what is written down of accounts, as of one moment; what was before `since` is not of late."""
        floor, below = self._floor, self._below

        async def read(connection: Reading) -> tuple[Written, int, frozenset[int]]:
            values = {"users": _json(users), "floor": floor, "below": _json(below), "old": since}
            lines = await rows(connection, _LINES, values)
            vault = await rows(connection, _VAULT, {"users": values["users"]})
            deposits = await rows(connection, _DEPOSITS, {"users": values["users"]})
            batches = await rows(connection, _BATCHES, {"since": since})
            [[passed]] = await rows(connection, _FLOOR, {"floor": floor})
            still = {trade for (trade,) in await rows(connection, _STILL, {"below": _json(below)})}
            failed = {trade for (trade,) in await rows(connection, _FAILED) if trade < passed}
            written = Written(
                [Line(*row) for row in lines],
                [VaultAccount(*row) for row in vault],
                [DepositPlace(*row) for row in deposits],
                [batch_of(row) for row in batches],
            )
            return written, passed, frozenset(still | failed)

        written, self._floor, self._below = await self._readers.read(read)
        return written


class SqlStops:
    """`engine.reconciliation.ports.StopStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def kept(self) -> list[Difference]:
        """Return what stops withdrawals, oldest first."""
        found = await self._readers.read(lambda connection: rows(connection, _KEPT))
        return [
            Difference(user, asset, Identity(identity), int(expected), int(found), slot, note)
            for user, asset, identity, expected, found, slot, note in found
        ]

    async def keep(self, differences: Sequence[Difference], at: Micros) -> None:
        """Keep some more; those that are kept already stay as they are."""
        values = [
            (each.user, each.asset, each.identity.value, str(each.expected), str(each.found), each.slot, each.note, at)
            for each in differences
        ]
        await self._store.write(lambda connection: connection.executemany(_KEEP, values))

    async def clear(self) -> None:
        """Forget them all."""

        def work(connection: Connection) -> None:
            connection.execute(_CLEAR)

        await self._store.write(work)


def _json(numbers: "Sequence[int] | frozenset[int]") -> str:
    return msgspec.json.encode(list(numbers)).decode()
