"""Fills that are in no batch yet, oldest first, and what each account owes by them. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator

from engine.core.types import Micros, TradeId
from engine.settlement.fills import Fill, Purse


class Owed:
    """The owed fills in memory. `newest` is the trade up to which they were read."""

    def __init__(self) -> None:
        self.newest = TradeId(0)
        self._fills: dict[TradeId, Fill] = {}
        self._debits = Counter[Purse]()

    def __len__(self) -> int:
        return len(self._fills)

    def __contains__(self, trade: TradeId) -> bool:
        return trade in self._fills

    def __iter__(self) -> Iterator[Fill]:
        return iter(self._fills.values())

    @property
    def oldest_at(self) -> Micros | None:
        """When the oldest of them was traded."""
        first = next(iter(self), None)
        return None if first is None else first.trade.at

    def debits(self, purse: Purse) -> int:
        """Return what they take out of a purse, not counting what they bring."""
        return self._debits[purse]

    def read(self, fills: Iterable[Fill]) -> None:
        """Take in the next ones that were read, in their order."""
        fills = list(fills)
        self.add(fills)
        if fills:
            self.newest = fills[-1].id

    def add(self, fills: Iterable[Fill]) -> None:
        """Take fills in: newer ones, or some that were taken away before.

        One that comes back may be newer than all that was read, and is read again then.
        """
        in_order = True
        for fill in fills:
            if fill.id in self._fills:
                continue
            in_order = in_order and (not self._fills or fill.id > next(reversed(self._fills)))
            self._fills[fill.id] = fill
            for purse, atoms in fill.debits():
                self._debits[purse] += atoms
        if not in_order:
            self._fills = dict(sorted(self._fills.items()))

    def take(self, fills: Iterable[Fill]) -> None:
        """Take fills away."""
        for fill in fills:
            del self._fills[fill.id]
            for purse, atoms in fill.debits():
                self._debits[purse] -= atoms
                if not self._debits[purse]:
                    del self._debits[purse]
