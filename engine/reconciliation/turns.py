"""Whose turn it is: the house always, then who is suspected, who has changed, and everybody else in turn. Pure."""

from collections.abc import Iterable
from typing import Final

from engine.core.types import FEES, MARKET_MAKER, VAULT, UserId

HOUSE: Final = (FEES, MARKET_MAKER)  # part of nearly everything that moves
MOST_CHANGED: Final = 10_000  # who is forgotten comes in turn


class Turns:
    """Accounts, so many a look; at least half of the others come in their turn, however many have changed."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.after = VAULT  # who was looked at last of those in turn
        self._changed: dict[UserId, None] = {}

    def change(self, users: Iterable[UserId]) -> None:
        """Let accounts come soon."""
        for user in users:
            if len(self._changed) < MOST_CHANGED:
                self._changed[user] = None

    def first(self, suspected: Iterable[UserId]) -> list[UserId]:
        """Return who comes before those in turn, the suspected at the head."""
        chosen = dict.fromkeys(HOUSE)
        for user in suspected:
            if len(chosen) < self.most // 2:
                chosen[user] = None
        while self._changed and len(chosen) < self.most // 2:
            user = next(iter(self._changed))
            del self._changed[user]
            chosen[user] = None
        return list(chosen)

    def passed(self, users: list[UserId], wanted: int) -> bool:
        """Take note of those in turn who were looked at, where so many might be; return whether these were the last."""
        is_round = len(users) < wanted
        self.after = VAULT if is_round else users[-1]
        return is_round
