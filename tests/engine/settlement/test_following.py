"""What is done with a signed batch, for each thing that a node may say."""

import pytest

from engine.core.types import Micros
from engine.settlement.attempts import Attempt, Fault, FaultKind, Finalized, Level, Status
from engine.settlement.following import Looked, Step, must_search, next_step
from engine.settlement.types import BatchState

LAST = 500
SIGNED_AT = 10**15
ATTEMPT = Attempt("signature", 1, b"raw", LAST, Micros(SIGNED_AT))
SENT, CONFIRMED = BatchState.SENT, BatchState.CONFIRMED
FAULT = Fault(FaultKind.REFUSED, "frozen")
OPEN, OVER = Finalized(1_000, LAST), Finalized(1_001, LAST + 1)


def status(level: Level, fault: Fault | None = None) -> Status:
    return Status(level, 990, fault)


def looked(
    status: Status | None,
    finalized: Finalized = OPEN,
    *,
    slot: int = 1_040,
    searched: bool | None = None,
    since: int | None = 0,
) -> Looked:
    is_searched = must_search(ATTEMPT, finalized) if searched is None else searched
    return Looked(status, slot, is_searched, finalized, None if since is None else Micros(since))


@pytest.mark.parametrize(
    ("state", "answer", "step"),
    [
        # It is there.
        (SENT, looked(status(Level.PROCESSED)), Step.WAIT),
        (SENT, looked(status(Level.CONFIRMED)), Step.CONFIRMED),
        (CONFIRMED, looked(status(Level.CONFIRMED)), Step.WAIT),
        (SENT, looked(status(Level.FINALIZED)), Step.SETTLED),
        (CONFIRMED, looked(status(Level.FINALIZED)), Step.SETTLED),
        (SENT, looked(status(Level.FINALIZED), OVER), Step.SETTLED),
        # A fork took it away, or put it elsewhere.
        (CONFIRMED, looked(None), Step.UNCONFIRMED),
        (CONFIRMED, looked(status(Level.PROCESSED)), Step.UNCONFIRMED),
        (CONFIRMED, looked(status(Level.CONFIRMED, FAULT)), Step.UNCONFIRMED),
        # It failed: what is not final may be another thing on another fork.
        (SENT, looked(status(Level.PROCESSED, FAULT)), Step.WAIT),
        (SENT, looked(status(Level.CONFIRMED, FAULT)), Step.WAIT),
        (SENT, looked(status(Level.CONFIRMED, FAULT), OVER), Step.WAIT),
        (SENT, looked(status(Level.FINALIZED, FAULT)), Step.FAILED),
        (CONFIRMED, looked(status(Level.FINALIZED, FAULT)), Step.FAILED),
        # It is not known.
        (SENT, looked(None), Step.SEND),
        (SENT, looked(None, Finalized(1_000, LAST)), Step.SEND),  # a block of the last height may still have it
        (SENT, looked(None, searched=True), Step.SEND),
        (SENT, looked(None, OVER), Step.EXPIRED),
        (CONFIRMED, looked(None, OVER), Step.EXPIRED),
        # Not known to whoever did not look for it, or has not come so far.
        (SENT, looked(None, OVER, searched=False), Step.SEND),
        (CONFIRMED, looked(None, OVER, searched=False), Step.UNCONFIRMED),
        (SENT, looked(None, OVER, slot=1_000), Step.SEND),
        (SENT, looked(None, OVER, slot=1_001), Step.EXPIRED),
        # Not known to whose history begins after it was signed, give or take ten minutes, or who says not when.
        (SENT, looked(None, OVER, since=SIGNED_AT + 1), Step.SEND),
        (SENT, looked(None, OVER, since=SIGNED_AT - 599_000_000), Step.SEND),
        (SENT, looked(None, OVER, since=SIGNED_AT - 600_000_000), Step.EXPIRED),
        (SENT, looked(None, OVER, since=None), Step.SEND),
        (CONFIRMED, looked(None, OVER, since=SIGNED_AT), Step.UNCONFIRMED),
        # Landed late, and not final yet: it is not signed anew.
        (SENT, looked(status(Level.PROCESSED), OVER), Step.WAIT),
        (SENT, looked(status(Level.CONFIRMED), OVER), Step.CONFIRMED),
    ],
)
def test_what_comes_next(state: BatchState, answer: Looked, step: Step) -> None:
    assert next_step(state, ATTEMPT, answer) is step


def test_history_is_searched_once_no_block_can_have_it() -> None:
    assert not must_search(ATTEMPT, OPEN)
    assert must_search(ATTEMPT, OVER)
