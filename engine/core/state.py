"""Everything that an exchange knows, in one place, and the few moves that all commands share."""

from engine.core.book import Book, Order
from engine.core.events import OrderChanged, WithdrawalChanged
from engine.core.ledger import Ledger
from engine.core.market import Asset, Market
from engine.core.names import ClientOrderIds
from engine.core.refusals import MarketCancelOnly, MarketHalted, Refused, UnknownAsset, UnknownSymbol
from engine.core.requests import Requests
from engine.core.types import (
    BUY,
    HALTED,
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Micros,
    OrderId,
    OrderStatus,
    Side,
    Symbol,
    Ticks,
    TradeId,
    UserId,
    WithdrawalId,
)


class Venue:
    """One market with its book and the market maker's ladder in it."""

    __slots__ = ("ask_quotes", "bid_quotes", "book", "market")

    def __init__(self, market: Market) -> None:
        self.market = market
        self.book = Book()
        self.bid_quotes: dict[Ticks, Order] = {}
        self.ask_quotes: dict[Ticks, Order] = {}

    def quotes(self, side: Side) -> dict[Ticks, Order]:
        """Return the ladder of one side, by price."""
        return self.bid_quotes if side is BUY else self.ask_quotes

    def closed(self) -> Refused:
        """Return why nothing new may rest or trade, where the market is not trading."""
        return MarketHalted() if self.market.state is HALTED else MarketCancelOnly()

    def need(self, order: Order) -> tuple[AssetCode, Atoms]:
        """Return what an order must have set aside for what it has left."""
        market = self.market
        if order.side is BUY:
            return market.quote, Atoms(order.price * order.remaining * market.unit_atoms)
        return market.base, Atoms(order.remaining * market.lot_atoms)


class State:
    """What the commands work on."""

    __slots__ = (
        "assets",
        "deposits",
        "ledger",
        "names",
        "next_order",
        "next_trade",
        "next_withdrawal",
        "now",
        "open_orders",
        "orders",
        "quoted",
        "requests",
        "venues",
        "withdrawals",
    )

    def __init__(self) -> None:
        self.assets: dict[AssetCode, Asset] = {}
        self.venues: dict[Symbol, Venue] = {}
        self.ledger = Ledger()
        self.now = Micros(0)
        self.next_order = OrderId(1)
        self.next_trade = TradeId(1)
        self.next_withdrawal = WithdrawalId(1)
        self.orders: dict[OrderId, Order] = {}
        self.open_orders: dict[tuple[UserId, Symbol], dict[OrderId, Order]] = {}  # by id, of each account and market
        self.names = ClientOrderIds()
        self.withdrawals: dict[WithdrawalId, WithdrawalChanged] = {}
        self.requests = Requests()
        self.deposits: set[str] = set()
        # What the market maker's ladders need if all of them trade. It is not held by postings, since a ladder changes
        # many times a second: the market maker's available funds may not fall below it instead.
        self.quoted: dict[AssetCode, int] = {}

    def add_asset(self, asset: Asset) -> None:
        """Let an asset be owned."""
        self.assets[asset.code] = asset
        self.ledger.add_asset(asset.code)
        self.quoted[asset.code] = 0

    def add_market(self, market: Market) -> None:
        """Let a market trade."""
        self.venues[market.symbol] = Venue(market)

    def venue(self, symbol: Symbol) -> Venue:
        """Return a market's venue or raise UnknownSymbol."""
        found = self.venues.get(symbol)
        if found is None:
            raise UnknownSymbol(symbol=symbol)
        return found

    def check_asset(self, asset: AssetCode) -> None:
        """Raise UnknownAsset where there is no such asset."""
        if asset not in self.assets:
            raise UnknownAsset(asset=asset)

    def spendable(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what an owner may spend: the market maker keeps what its ladders need."""
        available = self.ledger.available(user, asset)
        return Atoms(available - self.quoted[asset]) if user == MARKET_MAKER else available

    def add_order(self, order: Order) -> None:
        """Note an order that now rests."""
        self.orders[order.id] = order
        key = self._account_key(order)
        mine = self.open_orders.get(key)
        if mine is None:
            mine = self.open_orders[key] = {}
        mine[order.id] = order
        self.names.opened(order)

    def forget_order(self, order: Order) -> None:
        """Note that an order is closed."""
        del self.orders[order.id]
        key = self._account_key(order)
        mine = self.open_orders[key]
        del mine[order.id]
        if not mine:
            del self.open_orders[key]
        self.names.closed(order)

    @staticmethod
    def _account_key(order: Order) -> tuple[UserId, Symbol]:
        assert order.placed is not None, "a quote's level is nobody's open order"
        return order.user, order.placed.symbol

    def close(self, venue: Venue, order: Order, status: OrderStatus, at: Micros) -> OrderChanged:
        """Take an order off the book and give back what it held."""
        asset, amount = venue.need(order)
        venue.book.side(order.side).remove(order)
        self.forget_order(order)
        self.ledger.release(order.user, asset, amount, order.id, at)
        return order.state(status, at)
