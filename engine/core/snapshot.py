"""What a writer needs to go on where the last one stopped."""

from msgspec import Struct

from engine.core.commands import PlaceOrder
from engine.core.events import BalanceChanged, OrderChanged, WithdrawalChanged
from engine.core.market import Asset, Market
from engine.core.types import Micros, OrderId, TradeId, WithdrawalId


class Snapshot(Struct, frozen=True):
    """An exchange's state as its tables tell it. Quotes are not part of it: they end with their writer."""

    seq: int  # commands applied since genesis
    epoch: int  # of the writer that applied the last
    digest: bytes  # of all events since genesis, chained batch by batch
    now: Micros  # the latest command's time
    next_order: OrderId
    next_trade: TradeId
    next_withdrawal: WithdrawalId
    assets: list[Asset]
    markets: list[Market]
    balances: list[BalanceChanged]
    open_orders: list[OrderChanged]  # by id, which is the order of time priority
    remembered: list[tuple[OrderId, PlaceOrder]]  # the last day's orders, open or closed, that have a client order id
    withdrawals: list[WithdrawalChanged]  # those that are requested
    requests: list[WithdrawalChanged]  # the last day's with a reference, however far they are, by id
    deposits: list[str]  # the references credited so far


GENESIS_DIGEST = bytes(32)


def genesis() -> Snapshot:
    """Return the state of an exchange on which nothing has happened."""
    return Snapshot(
        seq=0,
        epoch=0,
        digest=GENESIS_DIGEST,
        now=Micros(0),
        next_order=OrderId(1),
        next_trade=TradeId(1),
        next_withdrawal=WithdrawalId(1),
        assets=[],
        markets=[],
        balances=[],
        open_orders=[],
        remembered=[],
        withdrawals=[],
        requests=[],
        deposits=[],
    )


def command_of(order: OrderChanged) -> PlaceOrder:
    """Return the command that placed an order."""
    return PlaceOrder(
        order.created_at,
        order.user,
        order.symbol,
        order.side,
        order.type,
        order.quantity,
        order.quote_quantity,
        order.price,
        order.time_in_force,
        order.self_trade_prevention,
        order.client_order_id,
    )
