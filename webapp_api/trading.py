"""Orders and own trades over HTTP: into the sequencer, and out of the database."""

from collections import defaultdict
from collections.abc import Sequence

from data.store.queries import Queries, Status
from engine.core.commands import CancelAll, CancelOrder
from engine.core.events import AlreadyPlaced, Event, OrderChanged, Traded
from engine.core.refusals import UnknownOrder
from engine.core.types import OrderId, Symbol, UserId
from engine.ports import Clock
from engine.sequencer.sequencer import Sequencer
from webapp_api import orders, wire
from webapp_api.refusals import OrderNotOpen


class Trading:
    """What an account does with its orders. Everything is looked up under the account that asks."""

    def __init__(self, sequencer: Sequencer, queries: Queries, markets: orders.Markets, clock: Clock) -> None:
        self._sequencer = sequencer
        self._queries = queries
        self._markets = markets
        self._clock = clock

    async def place(self, user: UserId, body: wire.PlaceOrder) -> wire.Order:
        """Place an order and return it as its commit left it. Raises Refused."""
        events = await self._sequencer.submit(orders.to_command(body, user, self._clock(), self._markets))
        last = events[-1]
        if type(last) is AlreadyPlaced:
            return await self.order(user, last.order)
        return orders.order_reply(events, self._markets[body.symbol])

    async def cancel(self, user: UserId, order: OrderId) -> wire.Order:
        """Cancel an order and return it. Raises UnknownOrder, or OrderNotOpen where it is over already."""
        try:
            events = await self._sequencer.submit(CancelOrder(self._clock(), user, order))
        except UnknownOrder:
            if await self.find(user, order) is None:
                raise
            raise OrderNotOpen from None
        return (await self._with_fills([_changed(events[-1])]))[0]

    async def cancel_all(self, user: UserId, symbol: Symbol | None) -> list[wire.Order]:
        """Cancel all of an account's orders, in one market or in all, and return them. Raises UnknownSymbol."""
        events = await self._sequencer.submit(CancelAll(self._clock(), user, symbol or Symbol("")))
        return await self._with_fills([_changed(event) for event in events])

    async def order(self, user: UserId, order: OrderId) -> wire.Order:
        """Return an order with its fills. Raises UnknownOrder, for somebody else's order too."""
        found = await self.find(user, order)
        if found is None:
            raise UnknownOrder("You have no order with this id.")
        return found

    async def find(self, user: UserId, order: OrderId) -> wire.Order | None:
        """Return an account's order with its fills, or None where it has no such order."""
        found = await self._queries.order(user, order)
        return (await self._with_fills([found]))[0] if found else None

    async def orders(
        self, user: UserId, *, symbol: Symbol | None, status: Status, limit: int, cursor: int | None
    ) -> tuple[list[wire.Order], int | None]:
        """Return some of an account's orders, newest first, and the cursor of the next page."""
        page = await self._queries.orders(user, symbol=symbol, status=status, limit=limit, cursor=cursor)
        return await self._with_fills(page.items), page.next_cursor

    async def trades(
        self, user: UserId, *, symbol: Symbol | None, limit: int, cursor: int | None
    ) -> tuple[list[wire.OwnTrade], int | None]:
        """Return some of an account's trades, newest first, and the cursor of the next page."""
        page = await self._queries.own_trades(user, symbol=symbol, limit=limit, cursor=cursor)
        return [
            orders.own_trade(
                own.trade,
                own.trade.maker == user,
                wire.Settlement(own.settlement.value, own.signature),
                self._markets[own.trade.symbol],
            )
            for own in page.items
        ], page.next_cursor

    async def _with_fills(self, found: Sequence[OrderChanged]) -> list[wire.Order]:
        fills: defaultdict[OrderId, list[Traded]] = defaultdict(list)
        filled = [order.id for order in found if order.filled]
        if filled:
            for trade in await self._queries.fills(filled):
                fills[trade.maker_order].append(trade)
                fills[trade.taker_order].append(trade)
        return [orders.order(order, _until(order, fills[order.id]), self._markets[order.symbol]) for order in found]


def _until(order: OrderChanged, trades: list[Traded]) -> list[Traded]:
    """Return the trades that had happened when the order was as it is here: more may have been read after it."""
    filled, count = 0, 0
    while filled < order.filled and count < len(trades):
        filled += trades[count].quantity
        count += 1
    return trades[:count]


def _changed(event: Event) -> OrderChanged:
    assert isinstance(event, OrderChanged)
    return event
