"""Facts: what a command did. Frozen, with explicit tags, so that renaming a class keeps stored rows readable."""

from engine.core.market import Asset, Market
from engine.core.record import Record
from engine.core.types import (
    AssetCode,
    Atoms,
    Kind,
    Lots,
    Micros,
    OrderId,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    TradeId,
    UserId,
    WithdrawalId,
    WithdrawalStatus,
)


class OrderChanged(Record, frozen=True, tag="order"):
    """An order's whole state right after something happened to it.

    quantity is what is wanted now, which may be less than was placed (see `Reduced`).
    Of a market order by quote amount, quantity is 0 and quote_quantity says what to spend or to receive.
    notional is what has traded so far, in quote atoms; prevented is what self-trade prevention took away.
    """

    id: OrderId
    user: UserId
    symbol: Symbol
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    self_trade_prevention: SelfTradePrevention
    price: Ticks
    quantity: Lots
    quote_quantity: Atoms
    client_order_id: str
    status: OrderStatus
    filled: Lots
    notional: Atoms
    prevented: Lots
    created_at: Micros
    updated_at: Micros


class Reduced(Record, frozen=True, tag="reduced"):
    """An order's owner wants so much less of it than before."""

    order: OrderId
    by: Lots


class Traded(Record, frozen=True, tag="traded"):
    """Two parties exchanged. Each pays its fee from what it receives: the buyer in base, the seller in quote.

    An order id of 0 is the market maker's quote; reference is then the feed's update id behind it.
    """

    id: TradeId
    symbol: Symbol
    at: Micros
    price: Ticks  # always the maker's
    quantity: Lots
    notional: Atoms  # price x quantity, in quote atoms
    taker_side: Side
    maker_order: OrderId
    maker: UserId
    maker_fee: Atoms
    taker_order: OrderId
    taker: UserId
    taker_fee: Atoms
    reference: int


class AlreadyPlaced(Record, frozen=True, tag="already_placed"):
    """The same submission came before: this order is its result."""

    order: OrderId


class Quoted(Record, frozen=True, tag="quoted"):
    """The market maker's ladder changed."""

    symbol: Symbol
    reference: int


class Deposited(Record, frozen=True, tag="deposited"):
    """Money arrived."""

    user: UserId
    asset: AssetCode
    amount: Atoms
    reference: str
    at: Micros


class WithdrawalChanged(Record, frozen=True, tag="withdrawal"):
    """A withdrawal's whole state right after something happened to it.

    amount is what is held; of it fee goes to the house and the rest to the address.
    """

    id: WithdrawalId
    user: UserId
    asset: AssetCode
    amount: Atoms
    address: str
    status: WithdrawalStatus
    created_at: Micros
    updated_at: Micros
    fee: Atoms = Atoms(0)
    reference: str = ""


class AlreadyRequested(Record, frozen=True, tag="already_requested"):
    """The same request came before: this withdrawal is its result."""

    withdrawal: WithdrawalId


class AssetListed(Record, frozen=True, tag="asset_listed"):
    """An asset can be owned from now on."""

    asset: Asset


class MarketListed(Record, frozen=True, tag="market_listed"):
    """A market trades on these terms from now on."""

    market: Market


class EpochBegan(Record, frozen=True, tag="epoch_began"):
    """A writer took the lead."""

    epoch: int
    at: Micros


Event = (
    OrderChanged
    | Reduced
    | Traded
    | AlreadyPlaced
    | Quoted
    | Deposited
    | WithdrawalChanged
    | AlreadyRequested
    | AssetListed
    | MarketListed
    | EpochBegan
)


class Posting(Record, frozen=True):
    """Money moved: `amount` out of one account into another, so that every movement sums to zero by its shape.

    cause is the order (hold, release), trade (trade, fee) or withdrawal that moved it; 0 for deposits.
    """

    asset: AssetCode
    debit_owner: UserId
    debit_kind: Kind
    credit_owner: UserId
    credit_kind: Kind
    amount: Atoms
    reason: Reason
    cause: int
    at: Micros


class BalanceChanged(Record, frozen=True):
    """What an owner has in an asset after a batch. Only the vault's available may be below zero."""

    owner: UserId
    asset: AssetCode
    available: Atoms
    held: Atoms


class LevelChanged(Record, frozen=True):
    """What rests at a price after a batch; quantity 0 means nothing."""

    symbol: Symbol
    side: Side
    price: Ticks
    quantity: Lots
