"""What the hub reads from the database: the snapshots of private channels, and single orders."""

from collections.abc import Mapping
from typing import Final

from data.store.moment import Moment
from data.store.queries import Queries
from engine.accounts.accounts import Accounts
from engine.core.decimals import MarketDecimals
from engine.core.types import OrderId, UserId
from webapp_api import portfolio_wire, wire
from webapp_api.accounts import activity
from webapp_api.explorer import Explorer
from webapp_api.lookups import find_order, own_trade, with_fills
from webapp_api.stream.views import AccountViews

OPEN_ORDERS: Final = 1000  # in a snapshot, the newest
RECENT_TRADES: Final = 100  # in a snapshot
RECENT_ACTIVITY: Final = 20  # in a snapshot


class Reads:
    """Each snapshot comes with how many commands it contains; that of what happened, with the newest one's id."""

    def __init__(
        self,
        queries: Queries,
        accounts: Accounts,
        markets: Mapping[str, MarketDecimals],
        views: AccountViews,
        explorer: Explorer,
    ) -> None:
        self._queries = queries
        self._accounts = accounts
        self._markets = markets
        self._views = views
        self._explorer = explorer

    async def orders(self, user: UserId) -> tuple[int, list[wire.Order]]:
        """Return an account's newest open orders with their fills, newest first."""
        moment = Moment(self._queries)
        page = await moment.orders(user, status="open", limit=OPEN_ORDERS)
        return moment.seq, await with_fills(self._queries, page.items, self._markets)

    async def trades(self, user: UserId) -> tuple[int, list[wire.OwnTrade]]:
        """Return an account's latest trades, newest first."""
        moment = Moment(self._queries)
        page = await moment.own_trades(user, limit=RECENT_TRADES)
        markets = self._markets
        return moment.seq, [own_trade(own, user, markets[own.trade.symbol], self._explorer) for own in page.items]

    async def balances(self, user: UserId) -> tuple[int, list[portfolio_wire.Balance]]:
        """Return what an account has, by asset."""
        moment = Moment(self._queries)
        balances = await moment.balances(user)
        return moment.seq, [self._views.balance(balance) for balance in balances]

    async def activity(self, user: UserId) -> tuple[int, list[wire.Activity]]:
        """Return what happened to an account lately, newest first."""
        happened = await self._accounts.activity(user, RECENT_ACTIVITY)
        return happened[0].id if happened else 0, [activity(each) for each in happened]

    async def order(self, user: UserId, order: OrderId) -> wire.Order | None:
        """Return an account's order with its fills, or None where it has no such order."""
        return await find_order(self._queries, user, order, self._markets)
