"""In which colours each person sees pictures."""

from typing import Final

from bot.chart.themes import Theme
from engine.core.types import UserId

MOST: Final = 100_000


class ChosenThemes:
    """What people have chosen, in memory; who has not chosen sees the dark one."""

    def __init__(self) -> None:
        self._chosen: dict[UserId, Theme] = {}

    def of(self, user: UserId | None) -> Theme:
        """Return a person's theme; of nobody we know where user is None."""
        return Theme.DARK if user is None else self._chosen.get(user, Theme.DARK)

    def choose(self, user: UserId, theme: Theme) -> None:
        """Draw for somebody in this theme from now on."""
        self._chosen[user] = theme
        if len(self._chosen) > MOST:
            del self._chosen[next(iter(self._chosen))]
