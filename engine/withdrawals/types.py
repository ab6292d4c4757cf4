"""What is known of a withdrawal, and the states that this comes to."""

import enum

from msgspec import Struct

from engine.core.events import WithdrawalChanged
from engine.core.types import AssetCode, Atoms, Micros
from engine.settlement.types import BatchState

BY_TELEGRAM = "telegram"  # how it was confirmed; else it is the address of the wallet that signed


class WithdrawalState(enum.Enum):
    """Where a withdrawal is. The last three are final."""

    WAITS_FOR_CONFIRMATION = "waits_for_confirmation"
    WAITS_FOR_DELAY = "waits_for_delay"  # its address is new
    WAITS_FOR_APPROVAL = "waits_for_approval"  # by two administrators
    APPROVED = "approved"  # to be sent; `Waiting` says what for
    BATCHED = "batched"
    SENT = "sent"  # signed: from here on it can't be canceled
    CONFIRMED = "confirmed"  # on the chain, and soon final
    COMPLETED = "completed"
    CANCELED = "canceled"
    FAILED = "failed"  # the money is back; `ending` says why


class Ending(enum.Enum):
    """Why a withdrawal ended without the money leaving."""

    CANCELED = "canceled"  # by its owner
    NOT_CONFIRMED = "not_confirmed"  # in time
    REJECTED = "rejected"  # by an administrator
    TARGET_REFUSED = "target_refused"  # the address can't be sent to any more
    NOT_SENT = "not_sent"  # its transaction failed twice


class Waiting(enum.Enum):
    """Why an approved withdrawal is not sent yet."""

    STOPPED = "stopped"  # by an operator
    HALTED = "halted"  # the books and the chain differ: an operator looks into it
    HOUSE_LIMIT = "house_limit"  # as much as may leave the exchange in a day has left
    SETTLEMENT = "settlement"  # what the account owns is not yet in its vault account
    CHAIN = "chain"  # it does not answer


class Withdrawal(Struct, frozen=True):
    """A withdrawal with all that has happened to it. Its times are in microseconds.

    knows_address says that its account has sent there before; secured_at is when the account's doors or keys changed
    last. The batch is the one that is not failed; failures counts those that are.
    """

    asked: WithdrawalChanged
    confirmed_at: Micros | None = None
    confirmed_by: str | None = None
    approvals_needed: int = 0
    approvals: int = 0
    ending: Ending | None = None
    knows_address: bool = False
    secured_at: Micros | None = None
    batch: int | None = None
    batch_state: BatchState | None = None
    signature: str | None = None
    failures: int = 0

    @property
    def net(self) -> Atoms:
        """What the address gets."""
        return Atoms(self.asked.amount - self.asked.fee)


class Means(Struct, frozen=True):
    """By what an account can confirm: how many wallets it has, and whether Telegram opens it."""

    wallets: int
    telegram: bool


class Terms(Struct, frozen=True):
    """What withdrawing an asset costs an account, and how much of it the rules allow now. Amounts are in atoms.

    fee is a part of the amount. least and most bound one withdrawal, its fee included: most is 0 where none is left for
    today, None where nothing bounds it. day_left is what remains of day_limit, both None where the asset has none.
    """

    asset: AssetCode
    fee: Atoms
    least: Atoms
    most: Atoms | None
    day_limit: Atoms | None
    day_left: Atoms | None
    under_way: int
    most_under_way: int
