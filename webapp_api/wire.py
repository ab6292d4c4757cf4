"""The JSON of this API: what is asked and what is answered, as structs. Money is decimal strings, time milliseconds.

A JSON number where a decimal string belongs, and a field that is not named here, are refused.
"""

import re
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from msgspec import Struct

from engine.accounts.notifications import Kind, Level
from engine.core.types import MarketState, OrderStatus, OrderType, SelfTradePrevention, Side, TimeInForce
from webapp_api.refusals import InvalidRequest, MalformedBody

T = TypeVar("T")

MAX_BODY: Final = 64 * 1024  # bytes
ClientOrderId = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._:/-]{1,64}\Z")]
Name = Annotated[str, msgspec.Meta(max_length=32)]

# How a field is described. The pattern is for readers: decoding leaves decimals to MarketDecimals, which knows more.
_PLAIN: Final = "[0-9]{1,20}([.][0-9]{1,20})?$"
Decimal = Annotated[str, msgspec.Meta(extra_json_schema={"format": "decimal", "pattern": f"^{_PLAIN}"})]
SignedDecimal = Annotated[str, msgspec.Meta(extra_json_schema={"format": "decimal", "pattern": f"^-?{_PLAIN}"})]
Millis = Annotated[int, msgspec.Meta(extra_json_schema={"format": "int64", "description": "ms since 1970, UTC"})]


class PlaceOrder(Struct, forbid_unknown_fields=True, gc=False):
    """`POST /api/trading/orders` and the params of order.place."""

    symbol: Name
    side: Side
    type: Literal["limit", "market", "limit_maker", "stop_loss", "stop_loss_limit", "take_profit", "take_profit_limit"]
    quantity: Decimal | None = None
    quote_quantity: Decimal | None = None
    price: Decimal | None = None
    stop_price: Decimal | None = None
    time_in_force: Literal["gtc", "ioc", "fok", "gtt"] | None = None
    client_order_id: ClientOrderId | None = None
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER


class AmendOrder(Struct, forbid_unknown_fields=True, gc=False):
    """`PATCH /api/trading/orders/{id}`. quantity is all that is wanted from now on, with what has traded."""

    quantity: Decimal


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


class SignOutEverywhere(Struct, forbid_unknown_fields=True):
    """`POST /api/auth/logout-all`. keep_current leaves the session that asks."""

    keep_current: bool = False


class Fund(Struct, forbid_unknown_fields=True):
    """`POST /api/dev/fund`."""

    telegram_id: Annotated[int, msgspec.Meta(gt=0, lt=2**52)]
    asset: Name
    amount: Decimal


class DemoFunds(Struct, forbid_unknown_fields=True):
    """`POST /api/dev/demo-funds`."""

    asset: Name


class Fill(Struct, gc=False):
    """One trade of an order."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
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
    price: Decimal | None
    quantity: Decimal | None
    quote_quantity: Decimal | None
    filled_quantity: Decimal
    filled_quote_quantity: Decimal
    prevented_quantity: Decimal
    average_price: Decimal | None
    created_at: Millis
    updated_at: Millis
    fills: list[Fill]


class Settlement(Struct, gc=False):
    """How far a trade is on chain: its transaction's signature, and a page that shows it."""

    state: str
    signature: str | None
    explorer: str | None


class OwnTrade(Struct, gc=False):
    """One of an account's own trades, seen from its side.

    reference is the update of Binance's order book from which the house's quote was made that traded; null between two
    customers.
    """

    trade_id: int
    order_id: int
    symbol: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote_quantity: Decimal
    fee: Decimal
    fee_asset: str
    maker: bool
    reference: int | None
    created_at: Millis
    settlement: Settlement


class PublicTrade(Struct, gc=False):
    """A trade as everybody may see it."""

    trade_id: int
    price: Decimal
    quantity: Decimal
    taker_side: Side
    created_at: Millis


class Market(Struct):
    """A pair that trades, and what its prices and quantities are counted in. Fees are a part of what is received.

    status `cancel_only`: no new orders, open ones may be canceled or made smaller; `halted`: not even that.
    """

    symbol: str
    base: str
    quote: str
    status: MarketState
    tick_size: Decimal
    lot_size: Decimal
    price_decimals: int
    quantity_decimals: int
    max_price: Decimal
    max_quantity: Decimal
    maker_fee: Decimal
    taker_fee: Decimal


class Depth(Struct, gc=False):
    """The best levels, best first, as [price, quantity]. seq is that of the channel depth:<symbol>."""

    symbol: str
    seq: int
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]


class Reference(Struct, gc=False):
    """Another venue's last trade and best prices, which is no promise of ours. null: none that can be trusted now.

    at is when the newest of them came.
    """

    last: Decimal | None
    bid: Decimal | None
    ask: Decimal | None
    at: Millis


class Ticker(Struct, gc=False):
    """A market now and over the last 24 hours. null means that there is no such price.

    previous_close is the last price before these 24 hours; change and change_percent are since their first price.
    Nothing of reference has traded here.
    """

    symbol: str
    last: Decimal | None
    bid: Decimal | None
    bid_quantity: Decimal | None
    ask: Decimal | None
    ask_quantity: Decimal | None
    open: Decimal | None
    high: Decimal | None
    low: Decimal | None
    change: SignedDecimal | None
    volume: Decimal
    quote_volume: Decimal
    trades: int
    at: Millis
    spread: Decimal | None
    weighted_average: Decimal | None
    previous_close: Decimal | None
    change_percent: SignedDecimal | None
    reference: Reference | None
    status: MarketState


class Account(Struct):
    """Somebody, as told to themselves."""

    id: int
    telegram_id: int | None
    first_name: str
    username: str | None
    language_code: str | None
    created_at: Millis


class SignedIn(Struct):
    """A session: the access token for `Authorization`, and the refresh token for the next one. expires_in: seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    account: Account


class Notifications(Struct, forbid_unknown_fields=True):
    """How loudly the bot tells of each kind of thing. Asked: of those that are named; the others stay as they are."""

    notifications: dict[Kind, Level]


class Activity(Struct):
    """Something that happened to the account: of which kind, to what, and from which network address.

    address is `telegram` for what was done in the chat with the bot.
    """

    id: int
    kind: str
    detail: str
    address: str
    created_at: Millis


class Session(Struct):
    """A device that is signed in. current is the one that asks.

    user_agent and address are those of its last use, at refreshed_at; door is telegram, or the wallet that opened it.
    """

    id: str
    current: bool
    user_agent: str
    address: str
    door: str
    created_at: Millis
    refreshed_at: Millis
    expires_at: Millis


class Problem(Struct):
    """Why something was refused: code is for programs and stays, message is for people."""

    code: str
    message: str
    details: dict[str, str | int]


class Error(Struct):
    """The body of every answer that is not a success."""

    error: Problem


PLACE_ORDER: Final = msgspec.json.Decoder(PlaceOrder)
AMEND_ORDER: Final = msgspec.json.Decoder(AmendOrder)
SIGN_IN_BY_TELEGRAM: Final = msgspec.json.Decoder(SignInByTelegram)
REFRESH: Final = msgspec.json.Decoder(Refresh)
SIGN_OUT_EVERYWHERE: Final = msgspec.json.Decoder(SignOutEverywhere)
NOTIFICATIONS: Final = msgspec.json.Decoder(Notifications)
FUND: Final = msgspec.json.Decoder(Fund)
DEMO_FUNDS: Final = msgspec.json.Decoder(DemoFunds)

encode: Final = msgspec.json.Encoder().encode


_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def refuse_nul(raw: bytes) -> None:
    """Raise InvalidRequest where a text in JSON has the character NUL, which PostgreSQL keeps in no text."""
    if b"\\u0000" in raw and _NUL.search(raw):
        raise InvalidRequest("A text has the character NUL (U+0000) in it: leave it out.")


def decode(raw: bytes | str | msgspec.Raw, decoder: msgspec.json.Decoder[T]) -> T:
    """Read JSON. Raises MalformedBody where it is none, InvalidRequest where it is not what the decoder wants."""
    if isinstance(raw, bytes):
        refuse_nul(raw)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidRequest(str(error)[:200]) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MalformedBody from None
