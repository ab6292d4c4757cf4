"""Who gets a deposit address on a day when many want one. Pure.

We pay what token accounts cost, and an account with a wallet alone costs nobody anything. So newcomers, of whom nothing
else is known, share a part of the day's addresses, of which a neighbourhood gets a part; the rest is for all others.
"""

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Final

from engine.core.types import Micros, UserId
from engine.custody.refusals import TooManyDepositAddresses

DAY: Final = 86_400_000_000
MOST: Final = 1_000  # newcomers a day
MOST_A_PLACE: Final = 20  # of them, where they ask from one neighbourhood

_BEFORE: Final = object()  # the place of those who came before the start


class Newcomers:
    """Those who got an address within a day, at most `most` and of a place at most `most_a_place`.

    Where they asked from is known since the start only; how many they were is not forgotten.
    """

    def __init__(self, most: int = MOST, most_a_place: int = MOST_A_PLACE) -> None:
        self._most = most
        self._most_a_place = most_a_place
        self._came: dict[UserId, tuple[Micros, Hashable]] = {}  # oldest first
        self._places = Counter[Hashable]()

    def restore(self, came: Iterable[tuple[UserId, Micros]]) -> None:
        """Take up those of before the start, oldest first."""
        for user, at in came:
            self._count(user, at, _BEFORE)

    def let_in(self, user: UserId, place: Hashable, now: Micros) -> None:
        """Count somebody who asks from a place, once. Raises TooManyDepositAddresses where it is one too many."""
        self._forget(now)
        if user in self._came:
            return
        if len(self._came) >= self._most or self._places[place] >= self._most_a_place:
            raise TooManyDepositAddresses(
                "As many deposit addresses were made for new accounts today as may be in a day. "
                "Link Telegram to this account, or ask again tomorrow."
            )
        self._count(user, now, place)

    def _count(self, user: UserId, at: Micros, place: Hashable) -> None:
        self._came[user] = at, place
        self._places[place] += 1

    def _forget(self, now: Micros) -> None:
        while self._came:
            user, (at, place) = next(iter(self._came.items()))
            if at > now - DAY:
                return
            del self._came[user]
            self._places[place] -= 1
            if not self._places[place]:
                del self._places[place]
