"""Which owed fills go into which batch now. Pure.

Fills are taken in the order of their trades. One joins its batch where its two legs fit in whole, and where all that
the batch then takes out of each purse is there to be spent. One that can't be paid now waits, and so does every later
one that takes from a purse out of which it has to be paid; the others go on. So does one whose token accounts are not
all there yet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from engine.core.types import TradeId
from engine.settlement.fills import Fill, Purse
from engine.settlement.netting import moves_of
from engine.settlement.types import Move

Spendable = Callable[[Purse], int]
Addresses = Callable[[Purse], str | None]
Fits = Callable[[Sequence[Move], Sequence[Fill]], bool]


class Planned(Struct, frozen=True):
    """A batch to be: the fills, in order, and the moves that they come to. None where they cancel each other out."""

    fills: tuple[Fill, ...]
    moves: tuple[Move, ...]


class _Filling:
    """A batch that is being filled."""

    def __init__(self) -> None:
        self.fills: list[Fill] = []
        self.net: defaultdict[Purse, int] = defaultdict(int)
        self.addresses: dict[Purse, str] = {}
        self.moves: tuple[Move, ...] = ()


class Planner:
    """Takes owed fills one after another, oldest first, and makes at most so many batches of them.

    Fills for which `apart` gives different numbers never share a batch. One that `is_behind` another, which is not
    offered, waits.
    """

    def __init__(
        self,
        spendable: Spendable,
        fits: Fits,
        address_of: Addresses,
        *,
        most: int,
        apart: Callable[[TradeId], int] = lambda _: 0,
        is_behind: Callable[[Fill], bool] = lambda _: False,
    ) -> None:
        self._spendable = spendable
        self._fits = fits
        self._address_of = address_of
        self._most = most
        self._apart = apart
        self._is_behind = is_behind
        self.unpaid: list[Fill] = []  # those that wait, and not because there is no room for another batch
        self._has_room = True
        self._full: list[Planned] = []
        self._filling: dict[int, _Filling] = {}
        self._taken: defaultdict[Purse, int] = defaultdict(int)  # by all batches, out of each purse
        self._waited_for: set[Purse] = set()

    @property
    def is_full(self) -> bool:
        """Whether no fill can join any more."""
        return not self._filling and len(self._full) >= self._most

    def offer(self, fill: Fill) -> bool:
        """Take a fill into a batch, or let it wait; return whether it was taken."""
        debits = fill.debits()
        is_behind = any(purse in self._waited_for for purse, _ in debits) or self._is_behind(fill)
        if is_behind or not self._placed(fill):
            self._waited_for.update(purse for purse, _ in debits)
            if self._has_room:
                self.unpaid.append(fill)
            return False
        return True

    def batches(self) -> list[Planned]:
        """Return the batches. Nothing can be offered afterwards."""
        for group in list(self._filling):
            self._close(group)
        return self._full

    def _placed(self, fill: Fill) -> bool:
        addresses: dict[Purse, str] = {}
        for purse, atoms in fill.changes():
            if atoms:
                address = self._address_of(purse)
                if address is None:
                    return False
                addresses[purse] = address
        group = self._apart(fill.id)
        batch = self._filling.get(group)
        if batch is not None:
            if not self._can_pay(batch, fill):
                return False
            if self._join(batch, fill, addresses):
                return True
            self._close(group)
        if len(self._full) + len(self._filling) >= self._most:
            self._has_room = False
            return False
        batch = _Filling()
        if not self._can_pay(batch, fill):
            return False
        self._filling[group] = batch
        fitted = self._join(batch, fill, addresses)
        assert fitted, "a fill alone fits into a transaction"
        return True

    def _can_pay(self, batch: _Filling, fill: Fill) -> bool:
        for purse, atoms in fill.debits():
            before, after = _takes(batch, purse, 0), _takes(batch, purse, -atoms)
            if after > before and self._taken[purse] - before + after > self._spendable(purse):
                return False
        return True

    def _join(self, batch: _Filling, fill: Fill, addresses: dict[Purse, str]) -> bool:
        """Take a fill into a batch; where it does not fit, leave the batch as it is."""
        changes = fill.changes()
        before = [_takes(batch, purse, 0) for purse, _ in changes]
        for purse, atoms in changes:
            batch.net[purse] += atoms
        batch.fills.append(fill)
        batch.addresses |= addresses
        moves = moves_of(batch.net, batch.addresses.__getitem__)
        if not self._fits(moves, batch.fills):
            batch.fills.pop()
            for purse, atoms in changes:
                batch.net[purse] -= atoms
            return False
        batch.moves = moves
        for (purse, _), took in zip(changes, before, strict=True):
            self._taken[purse] += _takes(batch, purse, 0) - took
        return True

    def _close(self, group: int) -> None:
        batch = self._filling.pop(group)
        self._full.append(Planned(tuple(batch.fills), batch.moves))


def plan(owed: Iterable[Fill], planner: Planner) -> list[Planned]:
    """Return the batches that a planner makes of owed fills; what is in none of them waits."""
    for fill in owed:
        if planner.is_full:
            break
        planner.offer(fill)
    return planner.batches()


def _takes(batch: _Filling, purse: Purse, change: int) -> int:
    """Return what a batch takes out of a purse once that has changed."""
    return max(0, -(batch.net.get(purse, 0) + change))
