"""Which withdrawal a reference of an account's own means, so that a retry never withdraws twice.

A reference is remembered for a day. Older ones the store knows: whoever asks looks there first.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from engine.core.events import WithdrawalChanged
from engine.core.names import LIFE
from engine.core.refusals import TooManyWithdrawals
from engine.core.types import Micros, UserId

MOST: Final = 1_000_000  # references of the last day, about 500 bytes each


class Requests:
    """The last day's withdrawals that have a reference, as they were requested, by the time of that.

    What is remembered depends on the commands' times alone, so that a restart or a replay changes nothing.
    """

    __slots__ = ("_recent", "most")

    def __init__(self) -> None:
        self.most = MOST
        self._recent: OrderedDict[tuple[UserId, str], WithdrawalChanged] = OrderedDict()

    def find(self, user: UserId, reference: str, now: Micros) -> WithdrawalChanged | None:
        """Return the withdrawal that a reference means, or None."""
        found = self._recent.get((user, reference))
        return None if found is None or found.created_at + LIFE < now else found

    def check_room(self, now: Micros) -> None:
        """Forget those whose day is over. Raise TooManyWithdrawals where no further one can be remembered."""
        while self._recent:
            oldest = next(iter(self._recent))
            if self._recent[oldest].created_at + LIFE >= now:
                break
            del self._recent[oldest]
        if len(self._recent) >= self.most:
            raise TooManyWithdrawals

    def add(self, withdrawal: WithdrawalChanged) -> None:
        """Remember a request."""
        self._recent[withdrawal.user, withdrawal.reference] = withdrawal

    def known(self, now: Micros) -> Iterator[WithdrawalChanged]:
        """Yield everything that a reference means now."""
        for withdrawal in self._recent.values():
            if withdrawal.created_at + LIFE >= now:
                yield withdrawal
