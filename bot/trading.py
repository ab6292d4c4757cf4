"""The engine, as one person uses it by chat. Everything is looked up under the person who asks."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.cards import Card
from bot.plan import Estimate, Markets, Plan, check_funds, estimate
from data.store.queries import OwnTrade, Queries
from engine.core.commands import CancelOrder, PlaceOrder
from engine.core.events import AlreadyPlaced, BalanceChanged, OrderChanged
from engine.core.market import Asset
from engine.core.refusals import OrderNotOpen, UnknownOrder
from engine.core.types import AssetCode, Atoms, OrderId, OrderType, Symbol, TimeInForce, UserId
from engine.market_data.market_data import MarketData, Ticker
from engine.market_data.valuation import Valuation
from engine.ports import Clock
from engine.sequencer.sequencer import Sequencer

LEVELS: Final = 500  # a side, for what a market order comes to
SHOWN: Final = 10  # of a list

Limit = Callable[[UserId], None]  # counts a request of an account; raises what its limit refuses


class Trading:
    """What an account does by chat. count_read and count_order raise Refused where it asks more often than it may."""

    def __init__(
        self,
        *,
        sequencer: Sequencer,
        queries: Queries,
        market_data: MarketData,
        valuation: Valuation,
        markets: Markets,
        assets: Mapping[str, Asset],
        clock: Clock,
        count_read: Limit,
        count_order: Limit,
    ) -> None:
        self.markets = markets
        self.assets = assets
        self.valuation = valuation
        self.count_read = count_read
        self._sequencer = sequencer
        self._queries = queries
        self.market_data = market_data
        self._clock = clock
        self._count_order = count_order

    def tickers(self) -> list[Ticker]:
        """Return every market's ticker."""
        return [self.market_data.ticker(each.market.symbol) for each in self.markets.values()]

    def ticker(self, symbol: Symbol) -> Ticker:
        """Return a market's ticker."""
        return self.market_data.ticker(symbol)

    async def balances(self, user: UserId) -> list[BalanceChanged]:
        """Return what the account has."""
        return [each for each in await self._queries.balances(user) if each.available or each.held]

    async def available(self, user: UserId) -> dict[AssetCode, Atoms]:
        """Return what the account may spend."""
        return {each.asset: each.available for each in await self._queries.balances(user)}

    async def estimate(self, user: UserId, plan: Plan) -> Estimate:
        """Return what an order would come to now. Raises InsufficientFunds, ThinBook, LessThanALot."""
        _, bids, asks = self.market_data.depth(plan.market.market.symbol, LEVELS)
        come_to = estimate(plan, bids, asks)
        check_funds(plan, come_to, await self.available(user))
        return come_to

    async def place(self, card: Card) -> OrderChanged:
        """Place a card's order and return it as its commit left it. Raises Refused."""
        self._count_order(card.user)
        plan = card.plan
        command = PlaceOrder(
            self._clock(),
            card.user,
            plan.market.market.symbol,
            plan.side,
            OrderType.LIMIT if plan.price else OrderType.MARKET,
            plan.quantity,
            plan.quote_quantity,
            plan.price,
            TimeInForce.GTC if plan.price else TimeInForce.IOC,
            client_order_id=card.client_order_id,
        )
        last = (await self._sequencer.submit(command))[-1]
        if isinstance(last, AlreadyPlaced):
            found = await self._queries.order(card.user, last.order)
            assert found is not None
            return found
        assert isinstance(last, OrderChanged)
        return last

    async def cancel(self, user: UserId, order: OrderId) -> OrderChanged:
        """Cancel an order. Raises UnknownOrder, for somebody else's order too, or OrderNotOpen."""
        self._count_order(user)
        try:
            last = (await self._sequencer.submit(CancelOrder(self._clock(), user, order)))[-1]
        except UnknownOrder:
            if await self._queries.order(user, order) is None:
                raise
            raise OrderNotOpen from None
        assert isinstance(last, OrderChanged)
        return last

    async def open_orders(self, user: UserId) -> tuple[list[OrderChanged], bool]:
        """Return the newest open orders, and whether there are more."""
        page = await self._queries.orders(user, status="open", limit=SHOWN)
        return page.items, page.next_cursor is not None

    async def trades(self, user: UserId) -> list[OwnTrade]:
        """Return the newest trades."""
        return (await self._queries.own_trades(user, limit=SHOWN)).items
