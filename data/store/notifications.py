"""What each person wants to hear of, and how loudly."""

from collections.abc import Mapping
from typing import Final

import msgspec

from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.accounts.notifications import Kind, Level
from engine.core.types import UserId

_CHOSEN: Final = "SELECT notify FROM bot_people WHERE user_id = ?"
_CHOOSE: Final = """
    INSERT INTO bot_people (user_id, language, notify) VALUES (?, NULL, ?)
    ON CONFLICT (user_id) DO UPDATE SET notify = excluded.notify
"""
_DECODER: Final = msgspec.json.Decoder(dict[Kind, Level])


class SqlNotifications:
    """Every write is durable when it returns."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def levels(self, user: UserId) -> dict[Kind, Level]:
        """Return how loudly somebody wants to hear of each kind."""
        found = await self._readers.read(lambda connection: rows(connection, _CHOSEN, (user,)))
        return _all(found)

    async def choose(self, user: UserId, chosen: Mapping[Kind, Level]) -> dict[Kind, Level]:
        """Let somebody hear of these kinds like that from now on, and of others as before; return all."""

        def write(connection: Connection) -> dict[Kind, Level]:
            levels = _all(connection.execute(_CHOSEN, (user,)).fetchall()) | dict(chosen)
            connection.execute(_CHOOSE, (user, msgspec.json.encode(levels).decode()))
            return levels

        return await self._store.write(write)


def _all(found: list[tuple[str]]) -> dict[Kind, Level]:
    chosen = _DECODER.decode(found[0][0]) if found else {}
    return {kind: chosen.get(kind, Level.ON) for kind in Kind}
