"""Slow, obvious models, written from the rules and not from the code that they stand against.

`SlowExchange` sorts all orders whenever it needs the next one, and knows no holds: money is one total per owner and
asset, and what is held is added up from what is open whenever somebody asks.
"""

from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field

from engine.core.commands import Levels, PlaceOrder
from engine.core.market import PPM, Market
from engine.core.types import (
    FEES,
    MARKET_MAKER,
    VAULT,
    AssetCode,
    MarketState,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    Symbol,
    TimeInForce,
    UserId,
)

QUOTE = 0  # the order id of a level of the market maker's ladder


class Refusal(Exception):  # noqa: N818  as in the core
    """What the model refuses, by code."""


@dataclass
class Resting:
    """An order or a quote's level. place says who came first."""

    id: int
    user: UserId
    symbol: Symbol
    side: Side
    price: int
    left: int
    place: int = 0
    filled: int = 0
    prevented: int = 0


@dataclass
class Told:
    """What a command did: trades as (maker order, taker order, lots, price), and statuses by order, each in order."""

    trades: list[tuple[int, int, int, int]] = field(default_factory=list)
    orders: list[tuple[int, OrderStatus]] = field(default_factory=list)


class SlowExchange:
    """An exchange as one would explain it."""

    def __init__(self, markets: list[Market]) -> None:
        self.markets = {market.symbol: market for market in markets}
        self.resting: list[Resting] = []
        self.money: dict[tuple[UserId, AssetCode], int] = defaultdict(int)
        self.withdrawals: dict[int, tuple[UserId, AssetCode, int]] = {}
        self.fees: dict[int, int] = {}
        self.asked: dict[tuple[UserId, str], tuple[int, AssetCode, int]] = {}
        self.deposits: set[str] = set()
        self.named: dict[tuple[UserId, str], tuple[int, PlaceOrder]] = {}
        self.orders = self.places = self.requests = 0

    # Looking.

    def need(self, order: Resting) -> tuple[AssetCode, int]:
        """Return what an order needs if all of it trades."""
        market = self.markets[order.symbol]
        if order.side is Side.BUY:
            return market.quote, order.left * order.price * market.unit_atoms
        return market.base, order.left * market.lot_atoms

    def held(self, user: UserId, asset: AssetCode) -> int:
        """Return what an owner's open orders and withdrawals need."""
        needs = [self.need(order) for order in self.resting if order.user == user and order.id != QUOTE]
        needs += [(what, amount) for owner, what, amount in self.withdrawals.values() if owner == user]
        return sum(amount for what, amount in needs if what == asset)

    def quoted(self, asset: AssetCode) -> int:
        """Return what all ladders need."""
        needs = [self.need(order) for order in self.resting if order.id == QUOTE]
        return sum(amount for what, amount in needs if what == asset)

    def available(self, user: UserId, asset: AssetCode) -> int:
        """Return what an owner has and does not hold."""
        return self.money[user, asset] - self.held(user, asset)

    def queue(self, symbol: Symbol, side: Side) -> list[Resting]:
        """Return what rests on a side, first to trade first."""
        sign = -1 if side is Side.BUY else 1
        found = [order for order in self.resting if order.symbol == symbol and order.side is side]
        return sorted(found, key=lambda order: (order.price * sign, order.place))

    # Money in and out.

    def deposit(self, user: UserId, asset: AssetCode, amount: int, reference: str) -> None:
        """Credit an arrival, once."""
        if reference in self.deposits:
            raise Refusal("already_credited")
        self.deposits.add(reference)
        self.move(VAULT, user, asset, amount)

    def withdraw(self, user: UserId, asset: AssetCode, amount: int, fee: int = 0, reference: str = "") -> int:
        """Hold what is to leave, once a reference; return its number."""
        if (user, reference) in self.asked:
            number, *before = self.asked[user, reference]
            if before != [asset, amount]:
                raise Refusal("idempotency_key_reused")
            return number
        if fee >= amount:
            raise Refusal("invalid_amount")
        if amount > self.available(user, asset) - (self.quoted(asset) if user == MARKET_MAKER else 0):
            raise Refusal("insufficient_funds")
        self.requests += 1
        self.withdrawals[self.requests] = user, asset, amount
        self.fees[self.requests] = fee
        if reference:
            self.asked[user, reference] = self.requests, asset, amount
        return self.requests

    def complete(self, number: int) -> None:
        """Let it leave."""
        if number not in self.withdrawals:
            raise Refusal("unknown_withdrawal")
        user, asset, amount = self.withdrawals.pop(number)
        self.move(user, VAULT, asset, amount - self.fees[number])
        self.move(user, FEES, asset, self.fees[number])

    def keep(self, user: UserId, number: int) -> None:
        """Call a withdrawal off."""
        if number not in self.withdrawals or self.withdrawals[number][0] != user:
            raise Refusal("unknown_withdrawal")
        del self.withdrawals[number]

    def move(self, payer: UserId, payee: UserId, asset: AssetCode, amount: int) -> None:
        """Move money."""
        self.money[payer, asset] -= amount
        self.money[payee, asset] += amount

    # Orders.

    def is_in(self, symbol: Symbol, *states: MarketState) -> bool:
        """Tell whether a market is in one of these states."""
        return self.markets[symbol].state in states

    def cancel(self, user: UserId, number: int) -> Told:
        """Take one order off."""
        found = [order for order in self.resting if order.id == number != QUOTE and order.user == user]
        if not found:
            raise Refusal("unknown_order")
        if self.is_in(found[0].symbol, MarketState.HALTED):
            raise Refusal("market_halted")
        self.resting.remove(found[0])
        return Told(orders=[(number, OrderStatus.CANCELED)])

    def amend(self, user: UserId, number: int, quantity: int) -> Told:
        """Want less of an order."""
        found = [order for order in self.resting if order.id == number != QUOTE and order.user == user]
        if not found:
            raise Refusal("unknown_order")
        order = found[0]
        if self.is_in(order.symbol, MarketState.HALTED):
            raise Refusal("market_halted")
        left = quantity - order.filled - order.prevented
        if left == order.left:
            return Told()
        if not 0 < left < order.left:
            raise Refusal("invalid_quantity")
        order.left = left
        return Told(orders=[(number, OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.NEW)])

    def cancel_all(self, user: UserId, symbol: str) -> Told:
        """Take all orders of a market off, or of every market where symbol is empty."""
        mine = [o for o in self.resting if o.user == user and o.id != QUOTE and symbol in {"", o.symbol}]
        halted = [order for order in mine if self.is_in(order.symbol, MarketState.HALTED)]
        if mine and mine == halted:
            raise Refusal("market_halted")
        mine = [order for order in mine if order not in halted]
        self.resting = [order for order in self.resting if order not in mine]
        return Told(orders=[(number, OrderStatus.CANCELED) for number in sorted(order.id for order in mine)])

    def place(self, command: PlaceOrder) -> Told | int:
        """Place an order; return what happened, or the number of the order that was placed before."""
        name = command.user, command.client_order_id
        if command.client_order_id and name in self.named:
            number, first = self.named[name]
            if _content(first) != _content(command):
                raise Refusal("client_order_id_reused")
            return number
        self.check_takes_orders(command.symbol)
        before = deepcopy((self.resting, self.money))
        taker = Resting(self.orders + 1, command.user, command.symbol, command.side, command.price, command.quantity)
        try:
            told = self.try_to_place(command, taker)
        except Refusal:
            self.resting, self.money = before
            raise
        if command.time_in_force is TimeInForce.FOK and told.orders[-1][1] is not OrderStatus.FILLED:
            self.resting, self.money = before
            told = Told(orders=[(taker.id, OrderStatus.EXPIRED)])
        self.orders += 1
        if command.client_order_id:
            self.named[name] = taker.id, command
        return told

    def check_takes_orders(self, symbol: Symbol) -> None:
        """Refuse what is new where a market does not trade."""
        if not self.is_in(symbol, MarketState.TRADING):
            raise Refusal("market_halted" if self.is_in(symbol, MarketState.HALTED) else "market_cancel_only")

    def try_to_place(self, command: PlaceOrder, taker: Resting) -> Told:
        """Trade and rest; the caller undoes it where it must not have happened."""
        market = self.markets[command.symbol]
        asset = market.quote if command.side is Side.BUY else market.base
        affordable = self.available(command.user, asset)
        already_open = len([o for o in self.resting if o.user == taker.user and o.symbol == taker.symbol])
        if command.type is OrderType.LIMIT_MAKER and self.reachable(taker, command.type):
            raise Refusal("would_take")

        told = Told()
        status = self.match(command, taker, told)
        paid = sum(
            lots * price * market.unit_atoms if command.side is Side.BUY else lots * market.lot_atoms
            for _, _, lots, price in told.trades
        )
        if status is OrderStatus.NEW and command.time_in_force is TimeInForce.GTC:
            if already_open >= market.max_open_orders:
                raise Refusal("too_many_open_orders")
            paid += self.need(taker)[1]
            self.rest(taker)
            status = OrderStatus.PARTIALLY_FILLED if taker.filled else OrderStatus.NEW
        elif status is OrderStatus.NEW:
            status = OrderStatus.EXPIRED
        if paid > affordable:
            raise Refusal("insufficient_funds")
        told.orders.append((taker.id, status))
        return told

    def reachable(self, taker: Resting, kind: OrderType) -> list[Resting]:
        """Return the orders that this one may trade with, first to trade first."""
        if taker.side is Side.BUY:
            asks = self.queue(taker.symbol, Side.SELL)
            return [order for order in asks if kind is OrderType.MARKET or order.price <= taker.price]
        bids = self.queue(taker.symbol, Side.BUY)
        return [order for order in bids if kind is OrderType.MARKET or order.price >= taker.price]

    def match(self, command: PlaceOrder, taker: Resting, told: Told) -> OrderStatus:
        """Trade with what is reachable. Return NEW where something is left that may rest."""
        unit = self.markets[taker.symbol].unit_atoms
        by_amount, budget, price = command.type is OrderType.MARKET and not command.quantity, command.quote_quantity, 0
        for maker in self.reachable(taker, command.type):
            if by_amount and budget < price * unit:
                break  # what is left pays for no lot at the price reached
            price = maker.price
            wanted = budget // (price * unit) if by_amount else taker.left
            if not wanted:
                break
            lots = min(maker.left, wanted)
            if maker.user != taker.user:
                self.trade(maker, taker, lots, told)
            elif command.self_trade_prevention is SelfTradePrevention.DECREMENT:
                self.decrement(maker, taker, lots, told)
            else:
                if command.self_trade_prevention is not SelfTradePrevention.EXPIRE_TAKER:
                    self.expire(maker, told)
                if command.self_trade_prevention is not SelfTradePrevention.EXPIRE_MAKER:
                    return OrderStatus.EXPIRED_IN_MATCH
                continue
            budget -= lots * price * unit
        done = not taker.left
        if by_amount:
            done = budget < price * unit
            if done and not told.trades and not told.orders:
                raise Refusal("invalid_quantity")
            done = done and (taker.filled or taker.prevented) > 0
        if done:
            return OrderStatus.EXPIRED_IN_MATCH if taker.prevented else OrderStatus.FILLED
        return OrderStatus.EXPIRED if command.type is OrderType.MARKET else OrderStatus.NEW

    def trade(self, maker: Resting, taker: Resting, lots: int, told: Told) -> None:
        """Let two orders trade at the maker's price. Each pays its fee from what it receives; the house pays none."""
        market = self.markets[maker.symbol]
        buyer, seller = (taker, maker) if taker.side is Side.BUY else (maker, taker)
        cost, amount = lots * maker.price * market.unit_atoms, lots * market.lot_atoms
        self.move(buyer.user, seller.user, market.quote, cost)
        self.move(seller.user, buyer.user, market.base, amount)
        for order, asset, received in ((buyer, market.base, amount), (seller, market.quote, cost)):
            ppm = market.taker_fee_ppm if order is taker else market.maker_fee_ppm
            if order.user != MARKET_MAKER:
                self.move(order.user, FEES, asset, -(-received * ppm // PPM))
        for order in (maker, taker):
            order.left -= lots
            order.filled += lots
        told.trades.append((maker.id, taker.id, lots, maker.price))
        self.tell_of_maker(maker, told)

    def decrement(self, maker: Resting, taker: Resting, lots: int, told: Told) -> None:
        """Let both shrink."""
        for order in (maker, taker):
            order.left -= lots
            order.prevented += lots
        self.tell_of_maker(maker, told)

    def expire(self, maker: Resting, told: Told) -> None:
        """Take a maker off that would have traded with itself."""
        self.resting.remove(maker)
        told.orders.append((maker.id, OrderStatus.EXPIRED_IN_MATCH))

    def tell_of_maker(self, maker: Resting, told: Told) -> None:
        """Say what became of a maker, which leaves when nothing is left of it."""
        if maker.left:
            status = OrderStatus.PARTIALLY_FILLED if maker.filled else OrderStatus.NEW
        else:
            status = OrderStatus.EXPIRED_IN_MATCH if maker.prevented else OrderStatus.FILLED
            self.resting.remove(maker)
        if maker.id != QUOTE:
            told.orders.append((maker.id, status))

    def rest(self, order: Resting) -> None:
        """Put an order behind all others."""
        self.places += 1
        order.place = self.places
        self.resting.append(order)

    # Quotes.

    def quote(self, symbol: Symbol, bids: Levels, asks: Levels) -> Told:
        """Replace a ladder. What did not grow keeps its place."""
        resting = {(o.side, o.price): o.left for o in self.resting if o.id == QUOTE and o.symbol == symbol}
        levels = [*((Side.BUY, *level) for level in bids), *((Side.SELL, *level) for level in asks)]
        if any(resting.get((side, price)) != lots for side, price, lots in levels):
            self.check_takes_orders(symbol)
        if bids and asks and bids[0][0] >= asks[0][0]:
            raise Refusal("invalid_quote")
        wanted = {(Side.BUY, price): lots for price, lots in bids} | {(Side.SELL, price): lots for price, lots in asks}
        before = deepcopy(self.resting)
        kept = []
        for order in self.resting:
            if order.id == QUOTE and order.symbol == symbol:
                lots = wanted.get((order.side, order.price), 0)
                if not 0 < lots <= order.left:
                    continue
                order.left = lots
                del wanted[order.side, order.price]
            kept.append(order)
        self.resting = kept
        new = [Resting(QUOTE, MARKET_MAKER, symbol, side, price, lots) for (side, price), lots in wanted.items()]
        for asset in (self.markets[symbol].base, self.markets[symbol].quote):
            needs = self.quoted(asset) + sum(amount for what, amount in map(self.need, new) if what == asset)
            if needs > self.available(MARKET_MAKER, asset):
                self.resting = before
                raise Refusal("insufficient_funds")
        told = Told()
        for level in new:
            for maker in self.reachable(level, OrderType.LIMIT):
                if level.left:
                    self.trade(maker, level, min(level.left, maker.left), told)
            if level.left:
                self.rest(level)
        return told

    def drop_quotes(self) -> None:
        """Take all ladders off."""
        self.resting = [order for order in self.resting if order.id != QUOTE]


def _content(command: PlaceOrder) -> tuple[object, ...]:
    return (
        command.symbol,
        command.side,
        command.type,
        command.quantity,
        command.quote_quantity,
        command.price,
        command.time_in_force,
        command.self_trade_prevention,
    )
