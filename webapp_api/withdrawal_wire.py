"""The JSON of withdrawals, as structs."""

from typing import Annotated, Final

import msgspec
from msgspec import Struct

from engine.withdrawals.types import Ending, Waiting, WithdrawalState
from webapp_api.wire import Decimal, Millis, Name

Target = Annotated[str, msgspec.Meta(min_length=1, max_length=128, description="An address on Solana, in base58.")]
IdempotencyKey = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:/-]{1,64}\Z")]


class Withdraw(Struct, forbid_unknown_fields=True):
    """`POST /api/portfolio/withdrawals`. The fee is a part of the amount."""

    asset: Name
    amount: Decimal
    address: Target


class WithdrawalTerms(Struct):
    """What a withdrawal of an asset costs, and how much of it may be asked for now.

    The fee is a part of the amount: what arrives is the amount less the fee. minimum and maximum are amounts of one
    withdrawal; maximum is null where nothing bounds it, and moves with prices where all assets have a limit together.
    day_left is what remains of day_limit within 24 hours; both are null where this asset has none of its own.
    """

    asset: str
    fee: Decimal
    minimum: Decimal
    maximum: Decimal | None
    day_limit: Decimal | None
    day_left: Decimal | None
    under_way: int
    most_under_way: int


class Withdrawal(Struct):
    """Money that is to leave, or has left: the fee to the house, net to the address.

    confirm_by is until when it has to be confirmed, null where that was done or is too late; waits_until is when the
    delay of a new address ends. waits_for is why an approved one is not sent yet. reason is why it was canceled or has
    failed. explorer shows its transaction.
    """

    id: int
    asset: str
    amount: Decimal
    fee: Decimal
    net: Decimal
    address: str
    state: WithdrawalState
    waits_for: Waiting | None
    reason: Ending | None
    approvals: int
    approvals_needed: int
    signature: str | None
    explorer: str | None
    idempotency_key: str | None
    created_at: Millis
    confirm_by: Millis | None
    confirmed_at: Millis | None
    waits_until: Millis | None
    ended_at: Millis | None


class Withdrawals(Struct):
    """A page of an account's withdrawals, newest first."""

    withdrawals: list[Withdrawal]
    next_cursor: int | None


class AccountWithdrawal(Struct):
    """Somebody's withdrawal, and which administrators have agreed to it."""

    account_id: int
    approved_by: list[int]
    withdrawal: Withdrawal


class UnderWay(Struct):
    """All withdrawals that have not ended, oldest first; stopped_because is null while they are sent."""

    withdrawals: list[AccountWithdrawal]
    stopped_because: str | None


class StopWithdrawals(Struct, forbid_unknown_fields=True):
    """`POST /api/admin/withdrawals/stop`: why, for whoever looks later."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


WITHDRAW: Final = msgspec.json.Decoder(Withdraw)
STOP_WITHDRAWALS: Final = msgspec.json.Decoder(StopWithdrawals)
