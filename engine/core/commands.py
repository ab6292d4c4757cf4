"""What one may ask of the exchange. Commands are kept for ever: tags stay when classes are renamed.

Every command carries `at`, the time at which it was accepted at the edge: the core never asks a clock.
"""

from engine.core.market import Asset, Market
from engine.core.record import Record
from engine.core.types import (
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderId,
    OrderType,
    SelfTradePrevention,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    UserId,
    WithdrawalId,
)


class PlaceOrder(Record, frozen=True, tag="place"):
    """Trade. A market order names either quantity or quote_quantity; the others name quantity and price.

    The same client_order_id with the same content is answered with the first order (see `AlreadyPlaced`).
    """

    at: Micros
    user: UserId
    symbol: Symbol
    side: Side
    type: OrderType
    quantity: Lots = Lots(0)
    quote_quantity: Atoms = Atoms(0)
    price: Ticks = Ticks(0)
    time_in_force: TimeInForce = TimeInForce.GTC
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    client_order_id: str = ""


class CancelOrder(Record, frozen=True, tag="cancel"):
    """Take one open order off the book, by id, or by client_order_id where order is 0."""

    at: Micros
    user: UserId
    order: OrderId = OrderId(0)
    client_order_id: str = ""


class AmendOrder(Record, frozen=True, tag="amend"):
    """Let an open order want less than it did, where it stands in the queue.

    quantity is all that it wants from now on, with what has traded; the same again changes nothing.
    """

    at: Micros
    user: UserId
    order: OrderId
    quantity: Lots


class CancelAll(Record, frozen=True, tag="cancel_all"):
    """Take all of an account's orders off one book, or off every book where symbol is empty."""

    at: Micros
    user: UserId
    symbol: Symbol = Symbol("")


Levels = tuple[tuple[Ticks, Lots], ...]


class Quote(Record, frozen=True, tag="quote"):
    """Replace the market maker's ladder in a market; best level first on each side. Empty sides withdraw it.

    Levels that did not change keep their place. reference is the feed's update id that the quote came from.
    """

    at: Micros
    symbol: Symbol
    bids: Levels
    asks: Levels
    reference: int = 0


class ChangeQuote(Record, frozen=True, tag="change_quote"):
    """A `Quote` in the fewest bytes, as it is kept in the log: only levels that change, (price, 0) removes."""

    at: Micros
    symbol: Symbol
    bids: Levels
    asks: Levels
    reference: int = 0


class Deposit(Record, frozen=True, tag="deposit"):
    """Credit money that has arrived. reference names the arrival and is credited once."""

    at: Micros
    user: UserId
    asset: AssetCode
    amount: Atoms
    reference: str


class RequestWithdrawal(Record, frozen=True, tag="withdraw"):
    """Hold money that is to leave: amount, of which fee goes to the house and the rest to the address.

    The same reference with the same asset, amount and address is answered with the first (see `AlreadyRequested`).
    """

    at: Micros
    user: UserId
    asset: AssetCode
    amount: Atoms
    address: str
    fee: Atoms = Atoms(0)
    reference: str = ""


class CompleteWithdrawal(Record, frozen=True, tag="withdrawn"):
    """The money has left."""

    at: Micros
    withdrawal: WithdrawalId


class CancelWithdrawal(Record, frozen=True, tag="cancel_withdrawal"):
    """The money stays."""

    at: Micros
    user: UserId
    withdrawal: WithdrawalId


class ListAsset(Record, frozen=True, tag="list_asset"):
    """Let an asset be owned. Its decimals never change."""

    at: Micros
    asset: Asset


class ListMarket(Record, frozen=True, tag="list_market"):
    """Let a market trade, or change the limits, fees and state of one that does; its units never change.

    Markets are listed through the log like everything else, since a replay must charge the fees of that day.
    """

    at: Micros
    market: Market


class BeginEpoch(Record, frozen=True, tag="epoch"):
    """A writer has taken the lead. Quotes live in memory only, so they end here."""

    at: Micros
    epoch: int


Command = (
    PlaceOrder
    | CancelOrder
    | AmendOrder
    | CancelAll
    | Quote
    | ChangeQuote
    | Deposit
    | RequestWithdrawal
    | CompleteWithdrawal
    | CancelWithdrawal
    | ListAsset
    | ListMarket
    | BeginEpoch
)
