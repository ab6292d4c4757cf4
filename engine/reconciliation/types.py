"""What is compared: what is written down of an account in one asset, what lies on the chain, and how they differ.

Amounts are in atoms. Some are changes and may be below zero.
"""

import enum

from msgspec import Struct

from engine.core.types import AssetCode, UserId
from engine.settlement.types import SettlementBatch, VaultAccount


class Identity(enum.Enum):
    """What is to be equal."""

    BOOKS = "books"  # the ledger, and our record of what lies on the chain
    VAULT = "vault"  # our record, and a vault account on the chain
    DEPOSITS = "deposits"  # what is credited and not swept, and deposit accounts on the chain: these may have more


class Line(Struct, frozen=True):
    """What is written down of an account in one asset.

    credited is all deposits; old_credits those of them that came by the chain more than a minute ago. swept is what
    settled sweeps have moved from deposit accounts into the vault. owed is what fills will bring that are in no settled
    batch; leaving what settled withdrawals have taken and the ledger still has.
    """

    user: UserId
    asset: AssetCode
    ledger: int = 0  # available and held
    settled: int = 0
    credited: int = 0
    old_credits: int = 0
    swept: int = 0
    owed: int = 0
    leaving: int = 0

    @property
    def unswept(self) -> int:
        """What is credited and lies in deposit accounts still."""
        return self.credited - self.swept

    @property
    def in_flight(self) -> int:
        """By how much the ledger is ahead of the chain for what is under way between accounts, or out."""
        return self.owed + self.leaving

    @property
    def expected(self) -> int:
        """What the ledger must say."""
        return self.settled + self.unswept + self.in_flight


class DepositPlace(Struct, frozen=True):
    """A token account into which somebody deposits; owner is its key."""

    token_account: str
    owner: str
    user: UserId
    asset: AssetCode
    mint: str


class Written(Struct, frozen=True):
    """All that is written down of some accounts, as of one moment.

    batches, of whatever account, are those that are open or have settled lately: where they are on the chain depends on
    the slot.
    """

    lines: list[Line]
    vault: list[VaultAccount]
    deposits: list[DepositPlace]
    batches: list[SettlementBatch]


class Difference(Struct, frozen=True):
    """What is not as it must be. slot is that of the chain's answer, None where the chain was not asked.

    note says what is wrong with the account itself: it is not there, or somebody else may take from it.
    """

    user: UserId
    asset: AssetCode
    identity: Identity
    expected: int
    found: int
    slot: int | None = None
    note: str = ""

    @property
    def key(self) -> tuple[UserId, AssetCode, Identity]:
        """Which it is: there is one of these at a time."""
        return self.user, self.asset, self.identity


class TokenBalance(Struct, frozen=True):
    """A token account as it is final on the chain."""

    mint: str
    owner: str
    atoms: int
    is_frozen: bool
    has_delegate: bool  # somebody else may take from it


class OnChain(Struct, frozen=True):
    """A vault account beside the chain. is_certain is False where a node does not know what became of a batch."""

    account: VaultAccount
    slot: int
    expected: int
    found: int
    is_there: bool
    is_frozen: bool = False
    note: str = ""
    is_certain: bool = True

    @property
    def surplus(self) -> int:
        """What somebody else has sent there: anybody can, so it is none of our books'."""
        return max(0, self.found - self.expected)
