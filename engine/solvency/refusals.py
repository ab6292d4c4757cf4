"""What is refused about proofs of solvency."""

from typing import ClassVar

from engine.core.refusals import Refused


class NoSnapshot(Refused):
    """No snapshot of what is owed has been taken yet. The first one is, once Solana has answered."""

    code: ClassVar[str] = "no_snapshot"


class UnknownSnapshot(Refused):
    """There is no snapshot of this number, or it is not kept any more. /api/solvency lists those that are."""

    code: ClassVar[str] = "unknown_snapshot"


class SolvencyUnavailable(Refused):
    """Solana can't be asked just now, so there is nothing to put beside what is owed. Try again in a moment."""

    code: ClassVar[str] = "solvency_unavailable"
