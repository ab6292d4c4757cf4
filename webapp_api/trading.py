"""Orders and own trades over HTTP: into the sequencer, and out of the database."""

import asyncio
from collections.abc import Mapping

import structlog

from data.store.queries import Queries, Status
from engine.core.commands import AmendOrder, CancelAll, CancelOrder
from engine.core.events import AlreadyPlaced, Event, OrderChanged
from engine.core.market import Asset
from engine.core.refusals import InvalidQuantity, OrderNotOpen, UnknownOrder
from engine.core.types import Micros, OrderId, Side, Symbol, UserId
from engine.ports import Clock
from engine.sequencer.sequencer import Busy, Outcome, Sequencer
from webapp_api import orders, wire
from webapp_api.batch import Basket
from webapp_api.batch_wire import Batch, BatchResults
from webapp_api.explorer import Explorer
from webapp_api.lookups import find_order, own_trade, with_fills

log = structlog.get_logger()


class Trading:
    """What an account does with its orders. Everything is looked up under the account that asks."""

    def __init__(
        self,
        sequencer: Sequencer,
        queries: Queries,
        history: Queries,
        markets: orders.Markets,
        clock: Clock,
        assets: Mapping[str, Asset],
        explorer: Explorer,
    ) -> None:
        self._sequencer = sequencer
        self._queries = queries
        self._history = history
        self._markets = markets
        self._clock = clock
        self._assets = assets
        self._explorer = explorer

    async def place(self, user: UserId, body: wire.PlaceOrder) -> wire.Order:
        """Place an order and return it as its commit left it. Raises Refused."""
        events = await self._sequencer.submit(orders.to_command(body, user, self._clock(), self._markets))
        last = events[-1]
        if type(last) is AlreadyPlaced:
            return await self.order(user, last.order)
        log.debug("order placed", account=user, order=_changed(last).id, client_order_id=body.client_order_id)
        return orders.order_reply(events, self._markets[body.symbol])

    async def batch(self, user: UserId, body: Batch) -> BatchResults:
        """Place and cancel many orders, all that make sense or, where there is no room for them (Busy), none."""
        basket = Basket(body.orders, user, self._clock(), self._markets)
        outcomes: list[Outcome] = []
        if basket.commands:
            committed: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
            self._sequencer.enqueue_all(
                basket.commands, lambda found: None if committed.done() else committed.set_result(found)
            )
            outcomes = await committed
        return await basket.results(outcomes, self._assets).completed(self._find)

    async def amend(self, user: UserId, order: OrderId, body: wire.AmendOrder) -> wire.Order:
        """Make an order smaller and return it.

        Raises UnknownOrder, OrderNotOpen, InvalidQuantity and what `MarketDecimals` refuses.
        """
        found = await self._queries.order(user, order)
        if found is None:
            raise UnknownOrder("You have no order with this id.")
        market = self._markets[found.symbol]
        quantity = market.quantity(body.quantity)
        if not quantity:
            raise InvalidQuantity
        try:
            events = await self._sequencer.submit(AmendOrder(self._clock(), user, order, quantity))
        except UnknownOrder:
            raise OrderNotOpen from None
        if not events:  # it was as small already
            return await self.order(user, order)
        return (await self._done([_changed(events[0])]))[0]

    async def cancel(self, user: UserId, order: OrderId) -> wire.Order:
        """Cancel an order and return it. Raises UnknownOrder, or OrderNotOpen where it is over already."""
        try:
            events = await self._sequencer.submit(CancelOrder(self._clock(), user, order))
        except UnknownOrder:
            if await self._queries.order(user, order) is None:
                raise
            raise OrderNotOpen from None
        return (await self._done([_changed(events[-1])]))[0]

    async def cancel_all(self, user: UserId, symbol: Symbol | None) -> list[wire.Order]:
        """Cancel all of an account's orders, in one market or in all, and return them. Raises UnknownSymbol."""
        events = await self._sequencer.submit(CancelAll(self._clock(), user, symbol or Symbol("")))
        return await self._done([_changed(event) for event in events])

    async def _done(self, changed: list[OrderChanged]) -> list[wire.Order]:
        """Return orders that a command has changed; without fills where too many look things up now."""
        try:
            return await with_fills(self._queries, changed, self._markets)
        except Busy:  # what is done must not be answered like a refusal
            return [orders.order(each, (), self._markets[each.symbol]) for each in changed]

    async def order(self, user: UserId, order: OrderId) -> wire.Order:
        """Return an order with its fills. Raises UnknownOrder, for somebody else's order too."""
        found = await self._find(user, order)
        if found is None:
            raise UnknownOrder("You have no order with this id.")
        return found

    async def orders(
        self,
        user: UserId,
        *,
        symbol: Symbol | None,
        side: Side | None,
        status: Status,
        start: Micros | None,
        end: Micros | None,
        limit: int,
        cursor: int | None,
        fills: bool = True,
    ) -> tuple[list[wire.Order], int | None]:
        """Return some of an account's orders, newest first, with their fills or none; and the cursor of the next."""
        page = await self._history.orders(
            user, symbol=symbol, side=side, status=status, start=start, end=end, limit=limit, cursor=cursor
        )
        if not fills:
            return [orders.order(each, (), self._markets[each.symbol]) for each in page.items], page.next_cursor
        return await with_fills(self._history, page.items, self._markets), page.next_cursor

    async def trades(
        self,
        user: UserId,
        *,
        symbol: Symbol | None,
        side: Side | None,
        start: Micros | None,
        end: Micros | None,
        limit: int,
        cursor: int | None,
    ) -> tuple[list[wire.OwnTrade], int | None]:
        """Return some of an account's trades, newest first, and the cursor of the next page."""
        page = await self._history.own_trades(
            user, symbol=symbol, side=side, start=start, end=end, limit=limit, cursor=cursor
        )
        trades = [own_trade(own, user, self._markets[own.trade.symbol], self._explorer) for own in page.items]
        return trades, page.next_cursor

    async def _find(self, user: UserId, order: OrderId) -> wire.Order | None:
        return await find_order(self._queries, user, order, self._markets)


def _changed(event: Event) -> OrderChanged:
    assert isinstance(event, OrderChanged)
    return event
