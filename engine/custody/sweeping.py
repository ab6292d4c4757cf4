"""What may be swept out of deposit accounts, and which sweeps go into one transaction. Pure."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, UserId
from engine.settlement.types import Move

MOST_TOGETHER: Final = 4  # in one transaction: each owner signs, and one that can't be carried out fails the others


class Unswept(Struct, frozen=True):
    """What is written down of a deposit account. Amounts are in atoms, and of batches that have not failed.

    credited and swept are the person's in this asset, whatever the account. seen is what lay in this one as it was
    looked at last; passing is what was swept out of it, and was not seen to go by that look.
    """

    token_account: str
    owner: str
    user: UserId
    asset: AssetCode
    seen: int
    credited: int
    swept: int
    passing: int

    @property
    def atoms(self) -> Atoms:
        """What may be swept now: credited, in no sweep yet, and there as far as was looked.

        So dust stays, what the ledger has not credited stays, and a look back never finds more gone than had come.
        """
        return Atoms(max(0, min(self.credited - self.swept, self.seen - self.passing)))


def together(moves: Iterable[Move], fits: Callable[[Sequence[Move]], bool]) -> list[tuple[Move, ...]]:
    """Return moves in as few batches as they fit into, in their order."""
    batches: list[tuple[Move, ...]] = []
    for move in moves:
        joined = (*batches[-1], move) if batches else ()
        if joined and len(joined) <= MOST_TOGETHER and fits(joined):
            batches[-1] = joined
        else:
            batches.append((move,))
    return batches
