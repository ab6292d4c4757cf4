"""What is refused about settlement."""

from typing import ClassVar

from engine.core.refusals import Refused


class SettlementOff(Refused):
    """This exchange settles nothing on Solana."""

    code: ClassVar[str] = "settlement_off"


class NobodySettles(Refused):
    """Solana has not been reached since the start; try again in a moment. What is owed is not lost."""

    code: ClassVar[str] = "busy"
