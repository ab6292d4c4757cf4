"""API keys: `engine.accounts.ports.ApiKeyStore` in SQL."""

from collections.abc import Mapping, Sequence
from typing import Final

from data.store import activities, doors
from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.accounts.types import MAX_API_KEYS, Activity, ApiKey, KeyKind, KeyUse, Scope
from engine.accounts.wallet_types import Asker
from engine.core.types import UserId

_KEY: Final = (
    "SELECT id, user_id, name, kind, secret, scopes, addresses, created_at, expires_at, last_used_at,"
    " last_used_address FROM api_keys"
)
_BY_ID: Final = _KEY + " WHERE id = ?"
_OF_ACCOUNT: Final = _KEY + " WHERE user_id = ? ORDER BY created_at DESC, id"
_SEALED: Final = _KEY + " WHERE kind = 'hmac_sha256' AND id > ? ORDER BY id LIMIT ?"
_BETWEEN: Final = ","  # scopes, and addresses: neither has one inside


class SqlApiKeys:
    """`engine.accounts.ports.ApiKeyStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def add(self, key: ApiKey, created: Activity, asker: Asker) -> Activity | None:
        """Keep a new key and that it was made. Return the activity as it is kept, None beyond MAX_API_KEYS.

        Raises SessionOver where the session that asks has ended.
        """
        return await self._store.write(lambda connection: _add(connection, key, created, asker))

    async def find(self, key_id: str) -> ApiKey | None:
        """Return a key, or None."""
        found = await self._readers.read(lambda connection: rows(connection, _BY_ID, (key_id,)))
        return _from_row(found[0]) if found else None

    async def of_account(self, user_id: UserId) -> list[ApiKey]:
        """Return an account's keys, newest first."""
        found = await self._readers.read(lambda connection: rows(connection, _OF_ACCOUNT, (user_id,)))
        return [_from_row(row) for row in found]

    async def remove(self, key_id: str, revoked: Activity) -> Activity | None:
        """Delete a key of the activity's account and keep that. Return the activity, None where there is no such."""
        return await self._store.write(lambda connection: _remove(connection, key_id, revoked))

    async def used(self, uses: Sequence[KeyUse]) -> None:
        """Keep when and from where keys were used last. Keys that are gone are left out."""
        await self._store.write(
            lambda connection: connection.executemany(
                "UPDATE api_keys SET last_used_at = ?, last_used_address = ? WHERE id = ?",
                [(use.at, use.address, use.key) for use in uses],
            )
        )

    async def sealed(self, after: str, most: int) -> list[ApiKey]:
        """Return keys with sealed secrets by their ids, from after this one on."""
        found = await self._readers.read(lambda connection: rows(connection, _SEALED, (after, most)))
        return [_from_row(row) for row in found]

    async def replace_secrets(self, secrets: Mapping[str, bytes]) -> None:
        """Keep other secrets, by keys' ids. Keys that are gone are left out."""
        await self._store.write(
            lambda connection: connection.executemany(
                "UPDATE api_keys SET secret = ? WHERE id = ?", [(secret, key_id) for key_id, secret in secrets.items()]
            )
        )


def _add(connection: Connection, key: ApiKey, created: Activity, asker: Asker) -> Activity | None:
    doors.check(connection, asker, created.at)  # a key outlives its session: none is made by one that has ended
    (count,) = connection.execute("SELECT count(*) FROM api_keys WHERE user_id = ?", (key.user_id,)).fetchone()
    if count >= MAX_API_KEYS:
        return None
    connection.execute(
        "INSERT INTO api_keys (id, user_id, name, kind, secret, scopes, addresses, created_at, expires_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            key.id,
            key.user_id,
            key.name,
            key.kind.value,
            key.secret,
            _BETWEEN.join(scope.value for scope in Scope if scope in key.scopes),
            _BETWEEN.join(key.addresses),
            key.created_at,
            key.expires_at,
        ),
    )
    return activities.record(connection, created)


def _remove(connection: Connection, key_id: str, revoked: Activity) -> Activity | None:
    gone = connection.execute("DELETE FROM api_keys WHERE id = ? AND user_id = ?", (key_id, revoked.user_id))
    return activities.record(connection, revoked) if gone.rowcount else None


def _from_row(row: Row) -> ApiKey:
    key_id, user_id, name, kind, secret, scopes, addresses, *times = row
    return ApiKey(
        key_id,
        user_id,
        name,
        KeyKind(kind),
        secret,
        frozenset(Scope(scope) for scope in scopes.split(_BETWEEN)),
        tuple(addresses.split(_BETWEEN)) if addresses else (),
        *times,
    )
