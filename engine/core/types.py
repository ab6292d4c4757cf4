"""The units and words that everything else is written in. Units are types."""

import enum
from typing import Final, NewType

UserId = NewType("UserId", int)
OrderId = NewType("OrderId", int)  # 0 is no order: a level of the market maker's quote
TradeId = NewType("TradeId", int)
WithdrawalId = NewType("WithdrawalId", int)

AssetCode = NewType("AssetCode", str)  # "USDT"
Symbol = NewType("Symbol", str)  # a market's name, "BTCUSDT"

Ticks = NewType("Ticks", int)  # price, in market.tick
Lots = NewType("Lots", int)  # quantity, in market.lot
Atoms = NewType("Atoms", int)  # money, in 10**-asset.decimals; fits 63 bits
Micros = NewType("Micros", int)  # microseconds since 1970-01-01 UTC

MAX_ATOMS: Final = 2**62  # no amount, balance or notional may reach this; two of them still fit a database's integer

# The house has accounts like anyone else. People start at FIRST_PERSON.
VAULT: Final = UserId(1)  # the chain's mirror: negative by what the chain owes us
FEES: Final = UserId(2)
MARKET_MAKER: Final = UserId(3)
HEDGE: Final = UserId(4)
FIRST_PERSON: Final = UserId(1000)


class MarketState(enum.Enum):
    """What may be done with orders in a market. In any state those that rest keep their place, and money moves on."""

    TRADING = "trading"
    CANCEL_ONLY = "cancel_only"  # no new orders; what rests may be cancelled or made smaller
    HALTED = "halted"  # nothing


class Side(enum.Enum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"


class OrderType(enum.Enum):
    """How an order meets the book."""

    LIMIT = "limit"
    MARKET = "market"
    LIMIT_MAKER = "limit_maker"  # post only: refused if it would take


class TimeInForce(enum.Enum):
    """How long what does not trade at once stays."""

    GTC = "gtc"  # good till cancelled
    IOC = "ioc"  # immediate or cancel
    FOK = "fok"  # fill or kill: all at once or nothing


class OrderStatus(enum.Enum):
    """Where an order is in its life. The first two are open, the others final."""

    NEW = "new"
    PARTIALLY_FILLED = "partially_filled"
    FILLED = "filled"
    CANCELED = "canceled"  # by its owner
    EXPIRED = "expired"  # the rest of an IOC, FOK or market order
    EXPIRED_IN_MATCH = "expired_in_match"  # by self-trade prevention


OPEN: Final = frozenset({OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})


class SelfTradePrevention(enum.Enum):
    """What happens when an account would trade with itself. The taker's wish counts."""

    EXPIRE_MAKER = "expire_maker"
    EXPIRE_TAKER = "expire_taker"
    EXPIRE_BOTH = "expire_both"
    DECREMENT = "decrement"  # both shrink by the smaller of the two


class Kind(enum.IntEnum):
    """The two accounts that an owner has in each asset."""

    AVAILABLE = 0
    HELD = 1


class Reason(enum.Enum):
    """Why money moved."""

    HOLD = "hold"
    RELEASE = "release"
    TRADE = "trade"
    FEE = "fee"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"


class WithdrawalStatus(enum.Enum):
    """Where a withdrawal is. Its amount is held while it is requested."""

    REQUESTED = "requested"
    COMPLETED = "completed"
    CANCELED = "canceled"


# Members by short names: looking a member up on its class costs as much as a whole comparison, and these stand where
# every order passes.
TRADING: Final = MarketState.TRADING
HALTED: Final = MarketState.HALTED
BUY: Final = Side.BUY
SELL: Final = Side.SELL
AVAILABLE: Final = Kind.AVAILABLE
HELD: Final = Kind.HELD
NEW: Final = OrderStatus.NEW
PARTIALLY_FILLED: Final = OrderStatus.PARTIALLY_FILLED
FILLED: Final = OrderStatus.FILLED
CANCELED: Final = OrderStatus.CANCELED
EXPIRED: Final = OrderStatus.EXPIRED
EXPIRED_IN_MATCH: Final = OrderStatus.EXPIRED_IN_MATCH
