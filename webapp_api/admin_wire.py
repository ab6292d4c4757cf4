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
    """What an administrator did: which method of which path, from which network address."""

    id: int
    admin_id: int
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


STOP_QUOTING: Final = msgspec.json.Decoder(StopQuoting)
