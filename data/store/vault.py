"""Vault accounts and lookup tables: `engine.settlement.vault.VaultStore` in SQL."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec.structs import astuple

from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.core.types import Micros
from engine.settlement.types import VaultAccount
from engine.settlement.vault import LookupTable

_COLUMNS: Final = "token_account, user_id, asset, mint, settled, created_at"
_ALL: Final = f"SELECT {_COLUMNS} FROM vault_accounts ORDER BY created_at, token_account"
_ADD: Final = (
    f"INSERT INTO vault_accounts ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (token_account) DO NOTHING"
)
_TABLES: Final = "SELECT address, created_at FROM lookup_tables ORDER BY created_at, address"
_BEGIN: Final = (
    "INSERT INTO lookup_tables (address, addresses, extended_slot, created_at) VALUES (?, '[]', 0, ?)"
    " ON CONFLICT DO NOTHING"
)
_KEEP: Final = "UPDATE lookup_tables SET addresses = ?, extended_slot = ? WHERE address = ?"
_FORGET: Final = "DELETE FROM lookup_tables WHERE address = ?"


class SqlVault:
    """`engine.settlement.vault.VaultStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def accounts(self) -> list[VaultAccount]:
        """Return all accounts, oldest first."""
        return [VaultAccount(*row) for row in await self._readers.read(lambda connection: rows(connection, _ALL))]

    async def add(self, accounts: Sequence[VaultAccount]) -> None:
        """Keep new accounts; those that are there already stay as they are."""
        await self._store.write(lambda connection: connection.executemany(_ADD, [astuple(each) for each in accounts]))

    async def tables(self) -> dict[str, Micros]:
        """Return the tables' addresses, oldest first, and when they were begun."""
        found = await self._readers.read(lambda connection: rows(connection, _TABLES))
        return {address: Micros(at) for address, at in found}

    async def begin_table(self, address: str, at: Micros) -> None:
        """Keep that a table is about to be made."""
        await self._run(_BEGIN, (address, at))

    async def keep_table(self, table: LookupTable) -> None:
        """Keep what is in a table."""
        await self._run(_KEEP, (msgspec.json.encode(table.addresses).decode(), table.extended_slot, table.address))

    async def forget_table(self, address: str) -> None:
        """Forget a table that was never made."""
        await self._run(_FORGET, (address,))

    async def _run(self, statement: str, values: tuple[object, ...]) -> None:
        def work(connection: Connection) -> None:
            connection.execute(statement, values)

        await self._store.write(work)
