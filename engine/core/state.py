"""Everything that an exchange knows, in one place, and the few moves that all commands share."""

from typing import Final

from engine.core.book import Book, Order
from engine.core.commands import PlaceOrder
from engine.core.events import OrderChanged, WithdrawalChanged
from engine.core.ledger import Ledger
from engine.core.market import Asset, Market
from engine.core.refusals import UnknownAsset, UnknownSymbol
from engine.core.types import (
    BUY,
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

CLIENT_ORDER_ID_LIFE: Final = Micros(24 * 3600 * 1_000_000)
MAX_CLIENT_ORDER_IDS: Final = 4_000_000  # about 300 bytes each


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
        "next_order",
        "next_trade",
        "next_withdrawal",
        "now",
        "open_orders",
        "orders",
        "quoted",
        "remembered",
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
        self.remembered: dict[tuple[UserId, str], tuple[OrderId, PlaceOrder]] = {}
        self.withdrawals: dict[WithdrawalId, WithdrawalChanged] = {}
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

    def forget_order(self, order: Order) -> None:
        """Note that an order is closed."""
        del self.orders[order.id]
        key = self._account_key(order)
        mine = self.open_orders[key]
        del mine[order.id]
        if not mine:
            del self.open_orders[key]

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

    def recall(self, user: UserId, client_order_id: str, now: Micros) -> tuple[OrderId, PlaceOrder] | None:
        """Return the order that a client order id names: an open one, or one placed within the last day."""
        found = self.remembered.get((user, client_order_id))
        if found is None or (found[1].at + CLIENT_ORDER_ID_LIFE < now and found[0] not in self.orders):
            return None
        return found

    def remember(self, order: OrderId, placed: PlaceOrder, now: Micros) -> None:
        """Let a client order id name an order, and forget a few that have ended, oldest first."""
        remembered = self.remembered
        key = (placed.user, placed.client_order_id)
        remembered.pop(key, None)  # so that the order of the dict stays the order of time
        remembered[key] = (order, placed)
        for _ in range(2):
            oldest = next(iter(remembered))
            kept = remembered[oldest]
            if kept[1].at + CLIENT_ORDER_ID_LIFE >= now:
                return
            del remembered[oldest]
            if kept[0] in self.orders:
                remembered[oldest] = kept  # still open: look at it again after the others
