"""What the hub reads from the database: the snapshots of private channels, and single orders."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Final

from data.store.moment import Moment
from data.store.queries import Queries
from engine.core.events import OrderChanged, Traded
from engine.core.types import OrderId, UserId
from webapp_api import wire
from webapp_api.stream.views import AccountViews

OPEN_ORDERS: Final = 1000  # in a snapshot, the newest
RECENT_TRADES: Final = 100  # in a snapshot


class Reads:
    """Each snapshot comes with how many commands it contains."""

    def __init__(self, queries: Queries, views: AccountViews) -> None:
        self._queries = queries
        self._views = views

    async def orders(self, user: UserId) -> tuple[int, list[wire.Order]]:
        """Return an account's newest open orders with their fills, newest first."""
        moment = Moment(self._queries)
        page = await moment.orders(user, status="open", limit=OPEN_ORDERS)
        return moment.seq, await self._with_fills(page.items)

    async def trades(self, user: UserId) -> tuple[int, list[wire.OwnTrade]]:
        """Return an account's latest trades, newest first."""
        moment = Moment(self._queries)
        page = await moment.own_trades(user, limit=RECENT_TRADES)
        return moment.seq, [self._views.own_trade(own, user) for own in page.items]

    async def balances(self, user: UserId) -> tuple[int, list[wire.Balance]]:
        """Return what an account has, by asset."""
        moment = Moment(self._queries)
        balances = await moment.balances(user)
        return moment.seq, [self._views.balance(balance) for balance in balances]

    async def order(self, user: UserId, order: OrderId) -> wire.Order | None:
        """Return an account's order with its fills, or None where it has no such order."""
        found = await self._queries.order(user, order)
        return None if found is None else (await self._with_fills([found]))[0]

    async def _with_fills(self, found: list[OrderChanged]) -> list[wire.Order]:
        fills: defaultdict[OrderId, list[Traded]] = defaultdict(list)
        traded = [order.id for order in found if order.filled]
        if traded:
            for trade in await self._queries.fills(traded):
                fills[trade.maker_order].append(trade)
                fills[trade.taker_order].append(trade)
        return [self._views.order(order, _until(order, fills[order.id])) for order in found]


def _until(order: OrderChanged, fills: Iterable[Traded]) -> Iterator[Traded]:
    """Leave out what traded after the order was read: fills are read a moment later."""
    fills = list(fills)
    for fill, sum_of_fills in zip(fills, accumulate(fill.quantity for fill in fills), strict=True):
        if sum_of_fills <= order.filled:
            yield fill
