"""The words of settlement: moves of tokens, the batches that carry them, and how far each has come.

Whatever we do to tokens on chain is a batch: one transaction that moves all of its moves or none of them, once.

    owed -> batched -> sent -> confirmed -> settled, or failed with a reason from any of them but the last

A fill is owed until it is in a batch, and then is as far as its batch. A batch that failed lets go of its fills; one
that can never settle is failed itself.
"""

import enum

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, Micros, UserId, WithdrawalId


class BatchKind(enum.Enum):
    """What a batch is for."""

    FILLS = "fills"  # between vault accounts, what fills have come to
    SWEEP = "sweep"  # from deposit accounts to vault accounts
    WITHDRAWAL = "withdrawal"  # from a vault account to somewhere outside


class BatchState(enum.Enum):
    """How far a batch has come."""

    BATCHED = "batched"  # written down; nothing is signed, so it may be taken back
    SENT = "sent"  # signed, its bytes written down, and sent until it is known what became of it
    CONFIRMED = "confirmed"  # a fork may still undo it
    SETTLED = "settled"  # final
    FAILED = "failed"  # it never moved anything and never will


class SettlementState(enum.Enum):
    """How far a fill has come."""

    OWED = "owed"
    BATCHED = "batched"
    SENT = "sent"
    CONFIRMED = "confirmed"
    SETTLED = "settled"
    FAILED = "failed"  # isolated: an operator has to look


class Move(Struct, frozen=True):
    """Atoms of an asset from one token account to another.

    signer owns the source: None is the vault's authority, a user is the owner of that user's deposit accounts.
    opens_for is the owner for whom the target, an associated token account, is made where there is none.
    """

    asset: AssetCode
    atoms: Atoms
    source: str
    target: str
    signer: UserId | None = None
    opens_for: str | None = None


class SettlementBatch(Struct, frozen=True):
    """One transaction on chain, as far as it has come. signature is that of its newest attempt."""

    id: int
    kind: BatchKind
    state: BatchState
    moves: tuple[Move, ...]
    withdrawal: WithdrawalId | None = None
    signature: str | None = None
    reason: str | None = None


class VaultAccount(Struct, frozen=True):
    """The token account, under the vault's authority, where an account's settled money in one asset lies.

    settled is what final transactions of ours have put there: what must lie there at least when nothing is under way.
    """

    token_account: str
    user: UserId
    asset: AssetCode
    mint: str
    settled: Atoms
    created_at: Micros
