"""In which colours each person sees pictures."""

from bot.chart.themes import Theme
from data.store.themes import SqlThemes
from engine.core.types import UserId


class ChosenThemes:
    """What people have chosen; who has not chosen sees the dark one."""

    def __init__(self, store: SqlThemes) -> None:
        self._store = store

    async def of(self, user: UserId | None) -> Theme:
        """Return a person's theme; of nobody we know where user is None. May raise Busy."""
        found = None if user is None else await self._store.of(user)
        return Theme.DARK if found is None else Theme(found)

    async def choose(self, user: UserId, theme: Theme) -> None:
        """Draw for somebody in this theme from now on. May raise Busy."""
        if await self.of(user) is not theme:
            await self._store.choose(user, theme.value)
