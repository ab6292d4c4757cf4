"""Signings of batches, and what a node says of them."""

import enum

from msgspec import Struct

from engine.core.types import Micros


class Outcome(enum.Enum):
    """What became of a signing, for good."""

    SETTLED = "settled"  # it landed, did all of it, and is final
    FAILED = "failed"  # it landed, did nothing, and that is final
    EXPIRED = "expired"  # it never landed and never will


class Attempt(Struct, frozen=True):
    """A signing of a batch. raw is what is sent, None where that can't help any more."""

    signature: str
    batch: int
    raw: bytes | None
    last_valid_block_height: int
    created_at: Micros


class FaultKind(enum.Enum):
    """What an error means for a batch."""

    PASSING = "passing"  # the chain's or ours, and nothing of the batch's: another time it may do
    FUNDS = "funds"  # a source has too little, which may be about to come
    REFUSED = "refused"  # the batch can't be carried out


class Fault(Struct, frozen=True):
    """Why a transaction failed, or would fail; text is for people."""

    kind: FaultKind
    text: str


class Level(enum.IntEnum):
    """How sure a transaction's place in the chain is."""

    PROCESSED = 0
    CONFIRMED = 1
    FINALIZED = 2


class Status(Struct, frozen=True):
    """Where a transaction is. fault is why it did nothing, None where it did all."""

    level: Level
    slot: int
    fault: Fault | None = None


class Statuses(Struct, frozen=True):
    """Statuses in the order of the question, None for what is not known, as of the newest slot that the node knows.

    since is when the history begins that was searched for those that are not known, None where the node does not say.
    """

    slot: int
    found: list[Status | None]
    since: Micros | None = None


class Finalized(Struct, frozen=True):
    """The newest final block: its slot, and how many blocks there are below it."""

    slot: int
    height: int
