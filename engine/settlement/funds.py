"""What lies in the vault's token accounts, and what batches on their way take from there and bring. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from engine.core.types import Atoms
from engine.settlement.types import BatchState, Move, SettlementBatch


class Funds:
    """By token account. Only those of the vault are counted: what others have is none of our business."""

    def __init__(self, is_vault: Callable[[str], bool]) -> None:
        self._is_vault = is_vault
        self._settled = Counter[str]()
        self._debits = Counter[str]()  # of batches that are not final
        self._credits = Counter[str]()  # of those of them that are confirmed
        self._coming = Counter[str]()  # of all of them
        self._counted: dict[int, SettlementBatch] = {}

    def begin(self, settled: Mapping[str, Atoms]) -> None:
        """Take up what is written down."""
        self._settled.update(settled)

    def follow(self, batch: SettlementBatch) -> None:
        """Take note of a batch that is new, or has come further."""
        before = self._counted.pop(batch.id, None)
        if before is not None:
            self._count(before, -1)
        if batch.state is BatchState.SETTLED:
            for account, atoms in changes_of(batch.moves).items():
                if self._is_vault(account):
                    self._settled[account] += atoms
        elif batch.state is not BatchState.FAILED:
            self._counted[batch.id] = batch
            self._count(batch, 1)

    def settled(self, account: str) -> int:
        """Return what final transactions of ours have put into an account."""
        return self._settled[account]

    def spendable(self, account: str) -> int:
        """Return what a new batch may take: below zero where a fork took back what others count on."""
        return self._settled[account] + self._credits[account] - self._debits[account]

    def withdrawable(self, account: str) -> int:
        """Return what may leave for good: what is final, and not taken yet."""
        return self._settled[account] - self._debits[account]

    def is_coming(self, accounts: Iterable[str], besides: int) -> bool:
        """Tell whether a batch that is not final, another than this one, brings something to one of the accounts."""
        own = self._counted.get(besides)
        brings = Counter[str]()
        for move in own.moves if own else ():
            brings[move.target] += move.atoms
        return any(self._coming[account] > brings[account] for account in accounts)

    def _count(self, batch: SettlementBatch, sign: int) -> None:
        for move in batch.moves:
            for counter, account, is_counted in (
                (self._debits, move.source, True),
                (self._coming, move.target, True),
                (self._credits, move.target, batch.state is BatchState.CONFIRMED),
            ):
                if is_counted and self._is_vault(account):
                    counter[account] += sign * move.atoms
                    if not counter[account]:
                        del counter[account]


def changes_of(moves: Iterable[Move]) -> dict[str, int]:
    """Return by how much moves change each token account."""
    changes = Counter[str]()
    for move in moves:
        changes[move.source] -= move.atoms
        changes[move.target] += move.atoms
    return {account: atoms for account, atoms in changes.items() if atoms}
