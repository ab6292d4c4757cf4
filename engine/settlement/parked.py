"""Owed fills that could not be paid when memory was full: they wait in the database, and this is known of them. Pure.

They are read again in rounds, in their order, from the oldest on. What is kept grows with the accounts whose money is
waited for, not with the fills.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from engine.core.types import Micros, TradeId
from engine.settlement.fills import Fill, Purse

_ALL: Final = TradeId(2**63 - 1)


class _Some:
    """Some of them: when the oldest was traded, and since which trade each purse that they take from is waited for."""

    def __init__(self) -> None:
        self.oldest_at: Micros | None = None
        self.since: dict[Purse, TradeId] = {}

    def add(self, fill: Fill) -> None:
        at = fill.trade.at
        self.oldest_at = at if self.oldest_at is None else min(self.oldest_at, at)
        for purse, _ in fill.debits():
            self.since[purse] = min(self.since.get(purse, _ALL), fill.id)


class Parked:
    """The parked fills. `again` is the trade up to which this round has read them; between rounds it is beyond all."""

    def __init__(self) -> None:
        self.again = _ALL
        self._count = 0
        self._debits = Counter[Purse]()
        self._new = _Some()  # parked since the last round began
        self._unread = _Some()  # from before, and behind `again`

    def __len__(self) -> int:
        return self._count

    @property
    def in_round(self) -> bool:
        """Whether a round has begun and not ended."""
        return self.again != _ALL

    @property
    def oldest_at(self) -> Micros | None:
        """When the oldest of them was traded, or one that was read again in this round."""
        return min((each.oldest_at for each in (self._new, self._unread) if each.oldest_at is not None), default=None)

    def debits(self, purse: Purse) -> int:
        """Return what they take out of a purse."""
        return self._debits[purse]

    def is_before(self, fill: Fill) -> bool:
        """Tell whether an older one may be among them that takes from a purse out of which this fill has to be paid."""
        if not self._count:
            return False
        for purse, _ in fill.debits():
            unread = self._unread.since.get(purse, _ALL)
            if self._new.since.get(purse, _ALL) < fill.id or max(unread, self.again + 1) < fill.id:
                return True
        return False

    def park(self, fills: Iterable[Fill]) -> None:
        """Take note of fills that wait in the database from now on."""
        for fill in fills:
            self._count += 1
            for purse, atoms in fill.debits():
                self._debits[purse] += atoms
            self._new.add(fill)

    def begin_round(self) -> None:
        """Read them again from the oldest on."""
        assert self._count
        assert not self.in_round
        self._new, self._unread = _Some(), self._new
        self.again = TradeId(min(self._unread.since.values()) - 1)

    def unpark(self, fills: Iterable[Fill], upto: TradeId) -> None:
        """Let go of those that were read again, which are all up to a trade."""
        for fill in fills:
            self._count -= 1
            for purse, atoms in fill.debits():
                self._debits[purse] -= atoms
                if not self._debits[purse]:
                    del self._debits[purse]
        assert self._count >= 0
        self.again = upto

    def end_round(self) -> None:
        """All of them were read again."""
        self._unread = _Some()
        self.again = _ALL
