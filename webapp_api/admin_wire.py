"""The JSON of what administrators see."""

from typing import Annotated, Final

import msgspec
from msgspec import Struct

from webapp_api.wire import Account, Decimal, Millis, Session, SignedDecimal


class AccountSeen(Struct):
    """Somebody and their live sessions."""

    account: Account
    sessions: list[Session]


class AdminAct(Struct):
    """What an administrator did, or was refused: which method of which path, from which network address.

    action names that, null where it has no name; on is what it was done to, such as a market, "" where there is only
    one such thing. An act by chat has no path, and its address is `telegram`.
    """

    id: int
    admin_id: int
    action: str | None
    on: str
    act: str
    target: str
    address: str
    created_at: Millis


class AdminActs(Struct):
    """A page of what administrators did, newest first."""

    acts: list[AdminAct]
    next_cursor: int | None


class QuotedMarket(Struct):
    """What the market maker does in a market, and what that came to, in the quote asset; position in the base asset.

    While any of `stops` holds nothing is quoted. total has the position at Binance's middle, null where that is not
    known. unpriced trades are not in spread.
    """

    symbol: str
    base: str
    quote: str
    stops: list[str]
    stopped_because: str | None
    bids: int
    asks: int
    trades: int
    unpriced: int
    volume: Decimal
    position: SignedDecimal
    spread: SignedDecimal
    fees: Decimal
    hedge_cost: SignedDecimal
    realised: SignedDecimal
    total: SignedDecimal | None


class Alarm(Struct):
    """A stop that began, or ended."""

    symbol: str
    reason: str
    began: bool
    detail: str
    created_at: Millis


class Quoting(Struct):
    """The market maker: its markets, and its latest alarms, newest first."""

    markets: list[QuotedMarket]
    alarms: list[Alarm]


class StopQuoting(Struct, forbid_unknown_fields=True):
    """`POST /api/admin/quoting/{symbol}/stop`: why, for whoever looks later."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class FailedFill(Struct):
    """A trade that can't settle on the chain as things stand, and what the chain says of it."""

    trade_id: int
    symbol: str
    reason: str
    created_at: Millis


class Settlement(Struct):
    """What is owed on the chain: trades that wait, trades under way, and those that wait for an operator, oldest first.

    failed_fills are the first hundred of them.
    """

    owed: int
    under_way: int
    transactions_under_way: int
    failed: int
    oldest_owed_s: int
    failed_fills: list[FailedFill]


class RetrySettlement(Struct, forbid_unknown_fields=True):
    """`POST /api/admin/settlement/retry`: which trades; all that have failed where none are named."""

    trades: Annotated[list[Annotated[int, msgspec.Meta(ge=1)]], msgspec.Meta(min_length=1, max_length=1_000)] | None = (
        None
    )


class Retried(Struct):
    """How many trades are owed again."""

    retried: int


class Difference(Struct):
    """Where the books and the chain, or the ledger and our record of the chain, differ.

    identity is `books` (the ledger), `vault` (a vault account) or `deposits` (deposit accounts). slot is null where the
    chain was not asked. note says what is wrong with the token account itself: `missing` or `not ours`.
    """

    account_id: int
    asset: str
    identity: str
    expected: SignedDecimal
    found: SignedDecimal
    slot: int | None
    note: str


class VaultAmount(Struct):
    """An amount in somebody's vault account."""

    account_id: int
    asset: str
    token_account: str
    amount: SignedDecimal


class Reconciliation(Struct):
    """The books beside the chain. While withdrawals_stopped none is sent, until an administrator clears it.

    compared_at and slot are of the last look, round_s says how long it took lately until everybody had one. surplus is
    what somebody else has sent to vault accounts, which stops nothing.
    """

    withdrawals_stopped: bool
    differences: list[Difference]
    compared_at: Millis | None
    slot: int | None
    round_s: int | None
    surplus: list[VaultAmount]
    frozen: list[VaultAmount]
    fee_payer_lamports: int | None
    fee_payer_is_low: bool


RETRY_SETTLEMENT: Final = msgspec.json.Decoder(RetrySettlement)
STOP_QUOTING: Final = msgspec.json.Decoder(StopQuoting)
