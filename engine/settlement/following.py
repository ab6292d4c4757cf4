"""What to do with a signed batch, given what a node says of it. Pure.

The one thing that must never happen is that two signings of the same batch land. So a new one is made only when the
one before surely can't do anything any more: it landed and failed and that is final, or no block that comes can have
it and no block that is final has it. A node that was begun from a snapshot, or keeps some days only, knows nothing of
what landed before its history: what it does not know may well be there.
"""

import enum
from typing import Final

from msgspec import Struct

from engine.core.types import Micros
from engine.settlement.attempts import Attempt, Finalized, Level, Status
from engine.settlement.types import BatchState

CLOCKS_APART: Final = 600_000_000  # microseconds, that ours and the chain's may differ by


class Step(enum.Enum):
    """What to do next."""

    WAIT = "wait"
    SEND = "send"  # the same bytes again
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"  # a fork took it away: it is only sent, and sent again
    SETTLED = "settled"
    FAILED = "failed"  # it landed and failed, for good: a new signing may do better
    EXPIRED = "expired"  # it never landed and never will: it is signed anew


class Looked(Struct, frozen=True):
    """An answer about one signing: its status as of a slot, and the final block that was seen before it was asked for.

    searched says that history was searched, and since from when on there is any; None where that is not known.
    """

    status: Status | None
    slot: int
    searched: bool
    finalized: Finalized
    since: Micros | None = None


def must_search(attempt: Attempt, finalized: Finalized) -> bool:
    """Tell whether a signing may be over, so that only a search of history says whether it landed."""
    return finalized.height > attempt.last_valid_block_height


def is_before_history(attempt: Attempt, looked: Looked) -> bool:
    """Tell whether a signing may have landed before the history begins in which it was looked for."""
    return looked.since is None or (looked.since > 0 and attempt.created_at - CLOCKS_APART < looked.since)


def next_step(state: BatchState, attempt: Attempt, looked: Looked) -> Step:
    """Return what to do with a batch that was signed, sent and looked for."""
    status = looked.status
    if status is None:
        # A node that has not come as far as the final block that another has named may not know what is in there.
        is_known = looked.searched and looked.slot >= looked.finalized.slot and not is_before_history(attempt, looked)
        if must_search(attempt, looked.finalized) and is_known:
            return Step.EXPIRED
        return Step.UNCONFIRMED if state is BatchState.CONFIRMED else Step.SEND
    if status.level is Level.FINALIZED:
        return Step.SETTLED if status.fault is None else Step.FAILED
    is_confirmed = status.level is Level.CONFIRMED and status.fault is None
    if is_confirmed and state is BatchState.SENT:
        return Step.CONFIRMED
    if not is_confirmed and state is BatchState.CONFIRMED:
        return Step.UNCONFIRMED
    return Step.WAIT
