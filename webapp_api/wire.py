"""The JSON of this API: what is asked and what is answered, as structs. Money is decimal strings, time milliseconds.

A JSON number where a decimal string belongs, and a field that is not named here, are refused.
"""

from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from engine.core.types import OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce
from webapp_api.refusals import InvalidRequest, MalformedBody

T = TypeVar("T")

MAX_BODY: Final = 64 * 1024  # bytes
ClientOrderId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:/-]{1,64}\Z")]
Name = Annotated[str, msgspec.Meta(max_length=32)]


class PlaceOrder(Struct, forbid_unknown_fields=True, gc=False):
    """`POST /api/trading/orders` and the params of order.place."""

    symbol: Name
    side: Side
    type: Literal["limit", "market", "limit_maker", "stop_loss", "stop_loss_limit", "take_profit", "take_profit_limit"]
    quantity: str | None = None
    quote_quantity: str | None = None
    price: str | None = None
    stop_price: str | None = None
    time_in_force: Literal["gtc", "ioc", "fok", "gtt"] | None = None
    client_order_id: ClientOrderId | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER


class CancelOrder(Struct, forbid_unknown_fields=True, gc=False):
    """The params of order.cancel: one of the two."""

    id: Annotated[int, msgspec.Meta(gt=0, lt=2**62)] | None = None
    client_order_id: ClientOrderId | None = None


class SignInByTelegram(Struct, forbid_unknown_fields=True):
    """`POST /api/auth/telegram`."""

    init_data: str


class Refresh(Struct, forbid_unknown_fields=True):
    """`POST /api/auth/refresh`."""

    refresh_token: Annotated[str, msgspec.Meta(max_length=256)]


class Fund(Struct, forbid_unknown_fields=True):
    """`POST /api/dev/fund`."""

    telegram_id: Annotated[int, msgspec.Meta(gt=0, lt=2**52)]
    asset: Name
    amount: str


class Fill(Struct, gc=False):
    """One trade of an order."""

    trade_id: int
    price: str
    quantity: str
    fee: str
    fee_asset: str
    maker: bool


class Order(Struct):
    """An order with its fills. What an order of its type does not have is null."""

    id: int
    client_order_id: str | None
    symbol: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    self_trade_prevention: SelfTradePrevention
    status: OrderStatus
    price: str | None
    quantity: str | None
    quote_quantity: str | None
    filled_quantity: str
    filled_quote_quantity: str
    prevented_quantity: str
    average_price: str | None
    created_at: int
    updated_at: int
    fills: list[Fill]


class Settlement(Struct, gc=False):
    """How far a trade is on chain."""

    state: str
    signature: str | None


class OwnTrade(Struct, gc=False):
    """One of an account's own trades, seen from its side."""

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    price: str
    quantity: str
    quote_quantity: str
    fee: str
    fee_asset: str
    maker: bool
    created_at: int
    settlement: Settlement


class PublicTrade(Struct, gc=False):
    """A trade as everybody may see it."""

    trade_id: int
    price: str
    quantity: str
    taker_side: Side
    created_at: int


class Market(Struct):
    """A pair that trades, and what its prices and quantities are counted in. Fees are a part of what is received."""

    symbol: str
    base: str
    quote: str
    status: str
    tick_size: str
    lot_size: str
    price_decimals: int
    quantity_decimals: int
    max_price: str
    max_quantity: str
    maker_fee: str
    taker_fee: str


class Depth(Struct, gc=False):
    """The best levels, best first, as [price, quantity]. seq is that of the channel depth:<symbol>."""

    symbol: str
    seq: int
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]


class Ticker(Struct, gc=False):
    """A market now and over the last 24 hours. null means that there is no such price."""

    symbol: str
    last: str | None
    bid: str | None
    bid_quantity: str | None
    ask: str | None
    ask_quantity: str | None
    open: str | None
    high: str | None
    low: str | None
    change: str | None
    volume: str
    quote_volume: str
    trades: int
    at: int


class Balance(Struct, gc=False):
    """What an account has of an asset."""

    asset: str
    available: str
    held: str
    total: str


class Holding(Struct, gc=False):
    """A balance and what it is worth now in the portfolio's currency; null where it has no price."""

    asset: str
    available: str
    held: str
    total: str
    value: str | None


class PortfolioView(Struct):
    """Everything that an account has. total_value sums what has a price."""

    balances: list[Holding]
    total_value: str
    currency: str


class LedgerEntry(Struct, gc=False):
    """A movement of an account's money: how much more or less is available and held then.

    cause is the order, the trade or the withdrawal that moved it.
    """

    id: int
    asset: str
    reason: str
    available: str
    held: str
    cause: int | None
    created_at: int


class Deposit(Struct, gc=False):
    """Money that arrived."""

    asset: str
    amount: str
    reference: str
    created_at: int


class Account(Struct):
    """Somebody, as told to themselves."""

    id: int
    telegram_id: int | None
    first_name: str
    username: str | None
    language_code: str | None
    created_at: int


class SignedIn(Struct):
    """A session: the access token for `Authorization`, and the refresh token for the next one. expires_in: seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    account: Account


class Session(Struct):
    """A device that is signed in. current is the one that asks."""

    id: str
    current: bool
    user_agent: str
    address: str
    created_at: int
    refreshed_at: int
    expires_at: int


class Problem(Struct):
    """Why something was refused: code is for programs and stays, message is for people."""

    code: str
    message: str
    details: dict[str, str | int]


class Error(Struct):
    """The body of every answer that is not a success."""

    error: Problem


PLACE_ORDER: Final = msgspec.json.Decoder(PlaceOrder)
CANCEL_ORDER: Final = msgspec.json.Decoder(CancelOrder)
SIGN_IN_BY_TELEGRAM: Final = msgspec.json.Decoder(SignInByTelegram)
REFRESH: Final = msgspec.json.Decoder(Refresh)
FUND: Final = msgspec.json.Decoder(Fund)

encode: Final = msgspec.json.Encoder().encode


def decode(raw: bytes | str | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Read JSON. Raises MalformedBody where it is none, InvalidRequest where it is not what the decoder wants."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error)[:200]) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MalformedBody from None
