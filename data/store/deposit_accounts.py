"""The token accounts into which people deposit: `engine.custody.ports.DepositStore` in SQL."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Sequence
from typing import Final

from msgspec.structs import astuple

from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.core.types import Micros, UserId
from engine.custody.accounts import DepositAccount

_COLUMNS: Final = (
    "token_account, owner, user_id, asset, mint, created_at, done_signature, newest_signature, reached_signature, seen"
)
_ALL: Final = f"SELECT {_COLUMNS} FROM deposit_accounts ORDER BY created_at, token_account"
_ADD: Final = f"INSERT INTO deposit_accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_NO_DEPOSIT: Final = "NOT EXISTS (SELECT 1 FROM deposits WHERE deposits.user_id = users.id)"
_IS_NEWCOMER: Final = f"""
    SELECT 1 FROM users WHERE id = :user AND kind = 'person' AND {_NO_DEPOSIT}
       AND (telegram_id IS NULL OR EXISTS (
        SELECT 1 FROM activity
         WHERE kind = 'telegram_unlinked' AND detail = CAST(telegram_id AS TEXT) AND at >= :since))
"""
_NEWCOMERS: Final = f"""
    SELECT user_id, min(deposit_accounts.created_at) AS came FROM deposit_accounts JOIN users ON users.id = user_id
     WHERE kind = 'person' AND telegram_id IS NULL AND {_NO_DEPOSIT}
     GROUP BY user_id HAVING min(deposit_accounts.created_at) >= :since ORDER BY came, user_id
"""
_KEEP: Final = (
    "UPDATE deposit_accounts SET done_signature = ?, newest_signature = ?, reached_signature = ?, seen = ?"
    " WHERE token_account = ?"
)
_SEEN_GO: Final = (
    "UPDATE sweeps SET passed = 1 WHERE token_account = ?"
    " AND batch_id = (SELECT batch_id FROM settlement_attempts WHERE signature = ?)"
)


class SqlDepositAccounts:
    """`engine.custody.ports.DepositStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def all(self) -> list[DepositAccount]:
        """Return all of them, oldest first."""
        return [DepositAccount(*row) for row in await self._readers.read(lambda connection: rows(connection, _ALL))]

    async def add(self, accounts: Sequence[DepositAccount]) -> None:
        """Keep new ones; those that are there already stay as they are."""
        values = [astuple(account) for account in accounts]
        await self._store.write(lambda connection: connection.executemany(_ADD, values))

    async def is_newcomer(self, user: UserId, since: Micros) -> bool:
        """Say whether nothing is known of an account that costs something: no credited deposit, and no Telegram person.

        One who was unlinked from whatever account since then does not count: they would speak for many.
        """
        values = {"user": user, "since": since}
        return bool(await self._readers.read(lambda connection: rows(connection, _IS_NEWCOMER, values)))

    async def newcomers(self, since: Micros) -> list[tuple[UserId, Micros]]:
        """Return accounts that got their first deposit accounts since then and have neither, and when, oldest first."""
        found = await self._readers.read(lambda connection: rows(connection, _NEWCOMERS, {"since": since}))
        return [(user, at) for user, at in found]

    async def keep(self, account: DepositAccount, landed: Sequence[str]) -> None:
        """Keep how far one was looked at, and which sweeps are among the transactions that landed there."""
        values = (account.done, account.newest, account.reached, account.seen, account.token_account)

        def write(connection: Connection) -> None:
            connection.execute(_KEEP, values)
            connection.executemany(_SEEN_GO, [(account.token_account, signature) for signature in landed])

        await self._store.write(write)
