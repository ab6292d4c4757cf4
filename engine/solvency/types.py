"""What a snapshot is made of."""

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, Micros
from engine.solvency.proof import Root
from engine.solvency.tree import Owed


class Moment(Struct, frozen=True):
    """The ledger after `seq` commands: what is owed, what it says the chain holds for that, and what is to leave."""

    seq: int
    owed: dict[AssetCode, Owed]
    mirror: dict[AssetCode, Atoms]
    withdrawals: dict[AssetCode, Atoms]


class Holding(Struct, frozen=True):
    """Token accounts together, as they are final: how many there are, and at which slots they were read."""

    atoms: int = 0
    accounts: int = 0
    slot: int | None = None
    last_slot: int | None = None


class AssetSnapshot(Struct, frozen=True):
    """An asset: what is owed, and what lies on the chain. root is None where nothing is owed, mint where it has none.

    house is what of `root.atoms` is owed to accounts of the house.
    """

    asset: AssetCode
    mint: str | None
    root: Root | None
    leaves: int
    house: Atoms
    withdrawals: Atoms
    vault: Holding
    deposits: Holding

    @property
    def liabilities(self) -> int:
        """All that is owed."""
        return 0 if self.root is None else self.root.atoms


class Snapshot(Struct, frozen=True):
    """What was owed after `seq` commands, beside what lay on the chain shortly after. id is 0 until it is kept."""

    id: int
    taken_at: Micros
    seq: int
    authority: str
    assets: tuple[AssetSnapshot, ...]


class Owing(Struct, frozen=True):
    """What the trees of a snapshot are made of."""

    secret: bytes
    owed: dict[AssetCode, Owed]
