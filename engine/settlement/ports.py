"""What settlement asks of the outside. `data` implements it."""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, Micros, TradeId, UserId, WithdrawalId
from engine.settlement.attempts import Attempt, Fault, Finalized, Outcome, Statuses
from engine.settlement.fills import Fill, Purse
from engine.settlement.types import BatchKind, Move, SettlementBatch, VaultAccount

LAST: Final = TradeId(2**62)


class NewBatch(Struct, frozen=True):
    """A batch that is about to be written down, and the fills that are in it."""

    kind: BatchKind
    moves: tuple[Move, ...]
    withdrawal: WithdrawalId | None = None
    fills: tuple[Fill, ...] = ()


class Change(Struct, frozen=True):
    """How far a batch has come, and what became of its newest signing, where that is known for good.

    isolated are those of its fills that can never settle, by its reason; the others of a failed batch are owed again.
    """

    batch: SettlementBatch
    outcome: Outcome | None = None
    isolated: tuple[TradeId, ...] = ()


class FailedFill(Struct, frozen=True):
    """A fill that waits for an operator, and why."""

    fill: Fill
    reason: str


class Kept(Struct, frozen=True):
    """All that is not over: batches, their fills and their signings under way; and what lies in the vault.

    ended says of each batch how many signings came to nothing, by what became of them.
    """

    batches: list[SettlementBatch]
    fills: Mapping[int, tuple[Fill, ...]]
    attempts: Mapping[int, Attempt]
    ended: Mapping[int, Mapping[Outcome, int]]
    settled: Mapping[str, Atoms]
    failed: int
    failed_debits: Mapping[Purse, int]


class SettlementStore(Protocol):
    """Where it is kept. Each call is one transaction and durable when it returns; any may raise Busy."""

    async def load(self) -> Kept:
        """Return what is not over, after all that was asked to be written before."""

    async def owed(self, after: TradeId, limit: int, upto: TradeId = LAST) -> list[Fill]:
        """Return the next fills that are in no batch, oldest first, as far as to a trade."""

    async def add(self, batches: Sequence[NewBatch], at: Micros) -> list[SettlementBatch]:
        """Write batches down; return them with their ids. Raises ValueError where one of the fills is not owed."""

    async def take_back(self, batch: int, reason: str, at: Micros) -> bool:
        """Let a batch fail that was never signed; return whether it was so."""

    async def sign(self, attempts: Sequence[Attempt], at: Micros) -> set[str]:
        """Write signings down; return the signatures of those that stand.

        One does not where its batch was taken back, or is signed already.
        """

    async def change(self, changes: Sequence[Change], at: Micros) -> None:
        """Write down how far batches have come. With SETTLED the moves of their vault accounts are done, too."""

    async def failed(self, limit: int) -> list[FailedFill]:
        """Return fills that wait for an operator, oldest first."""

    async def retry(self, limit: int, trades: Sequence[TradeId] | None) -> list[Fill]:
        """Let the oldest failed fills, of all or of some, be owed again; return them."""


class Vault(Protocol):
    """The token accounts where settled money lies."""

    async def ensure(self, purses: Sequence[Purse]) -> None:
        """Make the accounts that are not there yet; assets that are not on this chain are left out.

        Raises ChainUnavailable.
        """

    def find(self, user: UserId, asset: AssetCode) -> VaultAccount | None:
        """Return an account, None where there is none yet."""

    def of_address(self, token_account: str) -> VaultAccount | None:
        """Return an account by its address."""


class Unsigned(Struct, frozen=True):
    """A batch to be signed; earlier is how often that was done before."""

    batch: SettlementBatch
    fills: tuple[Fill, ...]
    earlier: int


class Sender(Protocol):
    """Makes transactions of batches, sends them, and asks what became of them.

    Every call but `fits` may raise ChainUnavailable, ends within a minute and raises nothing else.
    """

    def fits(self, moves: Sequence[Move], fills: Sequence[Fill]) -> bool:
        """Tell whether one transaction can carry it all. A fill alone always fits."""

    async def sign(self, batches: Sequence[Unsigned], at: Micros) -> list[Attempt | Fault]:
        """Try batches out and sign them; return a signing or the fault for each, in their order. Nothing is sent."""

    async def send(self, raw: bytes) -> Fault | None:
        """Send bytes; return why the node refuses them. That it has them already is none."""

    async def finalized(self) -> Finalized:
        """Return the newest final block."""

    async def statuses(self, signatures: Sequence[str], *, search: bool) -> Statuses:
        """Return where transactions are, 256 at most; search looks for those of long ago, too."""
