"""In which colours people see the bot's pictures."""

from typing import Final

from data.store.readers import Readers, rows
from data.store.store import Store
from engine.core.types import UserId

_OF: Final = "SELECT theme FROM chart_themes WHERE user_id = ?"
_CHOOSE: Final = (
    "INSERT INTO chart_themes (user_id, theme) VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET theme = excluded.theme"
)


class SqlThemes:
    """Reads go to the readers, writes to the writer. A theme is "dark" or "light"."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def of(self, user: UserId) -> str | None:
        """Return what a person chose; None where nothing. May raise Busy."""
        found = await self._readers.read(lambda connection: rows(connection, _OF, (user,)))
        theme: str | None = found[0][0] if found else None
        return theme

    async def choose(self, user: UserId, theme: str) -> None:
        """Keep what a person chose. May raise Busy."""
        await self._store.write(lambda connection: connection.execute(_CHOOSE, (user, theme)))
