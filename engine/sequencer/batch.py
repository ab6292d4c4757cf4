"""What one commit writes and, once it is durable, what everybody is told."""

from msgspec import Struct

from engine.core.events import (
    BalanceChanged,
    Deposited,
    Event,
    LevelChanged,
    OrderChanged,
    Posting,
    Reduced,
    Traded,
    WithdrawalChanged,
)
from engine.core.market import Asset, Market
from engine.core.types import Micros, OrderId, TradeId, WithdrawalId


class Batch(Struct, gc=False):
    """Everything that some consecutive commands did. Lists are in the order in which things happened.

    commands is the msgpack array of the commands as the log keeps them; digest chains all events since genesis.
    An order, a balance or a withdrawal stands once, as it was after the batch's last command.
    """

    epoch: int
    first_seq: int
    last_seq: int
    at: Micros
    commands: bytes
    digest: bytes
    next_order: OrderId
    next_trade: TradeId
    next_withdrawal: WithdrawalId
    events: list[Event]
    assets: list[Asset]
    markets: list[Market]
    orders: list[OrderChanged]
    trades: list[Traded]
    postings: list[Posting]
    balances: list[BalanceChanged]
    levels: list[LevelChanged]
    deposits: list[Deposited]
    withdrawals: list[WithdrawalChanged]
    reductions: list[Reduced] = []
