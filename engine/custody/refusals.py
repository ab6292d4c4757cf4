"""What is refused about deposits."""

from typing import ClassVar

from engine.core.refusals import Refused


class DepositsOff(Refused):
    """This exchange takes no deposits by Solana."""

    code: ClassVar[str] = "deposits_off"


class DepositsUnavailable(Refused):
    """Solana can't be reached just now; ask again in a moment. What has been sent is not lost."""

    code: ClassVar[str] = "deposits_unavailable"


class TooManyDepositAddresses(Refused):
    """As many deposit addresses were made today as may be in a day; ask again tomorrow."""

    code: ClassVar[str] = "too_many_deposit_addresses"
