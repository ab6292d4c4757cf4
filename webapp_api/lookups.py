"""An account's orders and trades as the database has them, for whoever answers: HTTP and WebSocket alike."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from data.store.queries import OwnTrade, Queries
from engine.core.decimals import MarketDecimals
from engine.core.events import OrderChanged, Traded
from engine.core.types import OrderId, UserId
from webapp_api import orders, wire
from webapp_api.explorer import Explorer


async def find_order(queries: Queries, user: UserId, order: OrderId, markets: orders.Markets) -> wire.Order | None:
    """Return an account's order with its fills, or None where it has no such order."""
    found = await queries.order(user, order)
    return None if found is None else (await with_fills(queries, [found], markets))[0]


async def with_fills(queries: Queries, found: Sequence[OrderChanged], markets: orders.Markets) -> list[wire.Order]:
    """Return these orders with the fills that each had when it was as it is here."""
    fills: defaultdict[OrderId, list[Traded]] = defaultdict(list)
    filled = [order.id for order in found if order.filled]
    if filled:
        for trade in await queries.fills(filled):
            fills[trade.maker_order].append(trade)
            fills[trade.taker_order].append(trade)
    return [orders.order(order, _until(order, fills[order.id]), markets[order.symbol]) for order in found]


def own_trade(own: OwnTrade, user: UserId, market: MarketDecimals, explorer: Explorer) -> wire.OwnTrade:
    """Return a trade from the side of one of its parties, with how far it is on chain."""
    settlement = wire.Settlement(own.settlement.value, own.signature, explorer.transaction(own.signature))
    return orders.own_trade(own.trade, own.trade.maker == user, settlement, market)


def _until(order: OrderChanged, trades: Sequence[Traded]) -> Iterator[Traded]:
    """Leave out what traded after the order was read: fills are read a moment later."""
    filled = 0
    for trade in trades:
        filled += trade.quantity
        if filled > order.filled:
            break
        yield trade
