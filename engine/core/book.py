"""The central limit order book of one market: price-time priority, nothing else.

Each price is a level, a queue of linked orders; a side keeps its prices sorted with the best one last, so that the best
is found, and removed, at the cheap end of a list. Levels know their total, and prices that changed are remembered until
they are drained, so that depth is told from here without a second count.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator

from engine.core.commands import PlaceOrder
from engine.core.events import LevelChanged, OrderChanged
from engine.core.types import BUY, SELL, Atoms, Lots, Micros, OrderId, OrderStatus, Side, Symbol, Ticks, UserId


class Order:
    """An order that may rest. `placed` is what was asked for; None for a level of the market maker's quote."""

    __slots__ = (
        "after",
        "before",
        "filled",
        "id",
        "level",
        "notional",
        "placed",
        "prevented",
        "price",
        "quantity",
        "reference",
        "remaining",
        "side",
        "user",
    )

    def __init__(
        self,
        id: OrderId,
        user: UserId,
        side: Side,
        price: Ticks,
        remaining: Lots,
        placed: PlaceOrder | None = None,
        reference: int = 0,
    ) -> None:
        self.id = id
        self.user = user
        self.side = side
        self.price = price
        self.quantity = remaining if placed is None else placed.quantity  # its owner may want less than was placed
        self.remaining = remaining
        self.placed = placed
        self.reference = reference
        self.filled = Lots(0)
        self.notional = Atoms(0)
        self.prevented = Lots(0)
        self.level: Level | None = None
        self.before: Order | None = None
        self.after: Order | None = None

    def state(self, status: OrderStatus, at: Micros) -> OrderChanged:
        """Return the whole state as an event."""
        placed = self.placed
        assert placed is not None, "a quote's level has no order to tell of"
        return OrderChanged(
            self.id,
            self.user,
            placed.symbol,
            self.side,
            placed.type,
            placed.time_in_force,
            placed.self_trade_prevention,
            placed.price,
            self.quantity,
            placed.quote_quantity,
            placed.client_order_id,
            status,
            self.filled,
            self.notional,
            self.prevented,
            placed.at,
            at,
        )


class Level:
    """All that rests at one price, oldest first."""

    __slots__ = ("head", "price", "quantity", "tail")

    def __init__(self, price: Ticks) -> None:
        self.price = price
        self.quantity = 0  # lots; a plain int like all running totals here, since this is where every order passes
        self.head: Order | None = None
        self.tail: Order | None = None

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.after


class BookSide:
    """One side of a book."""

    __slots__ = ("_keys", "_levels", "_sign", "_touched", "side")

    def __init__(self, side: Side) -> None:
        self.side = side
        self._sign = 1 if side is BUY else -1  # a key is the price so signed that the best price has the largest key
        self._keys: list[int] = []
        self._levels: dict[int, Level] = {}
        self._touched: set[int] = set()

    def best(self) -> Ticks | None:
        """Return the best price, or None where nothing rests."""
        return Ticks(self._keys[-1] * self._sign) if self._keys else None

    def reaches(self, price: Ticks) -> bool:
        """Tell whether something here would trade with an order of the other side at `price`."""
        keys = self._keys
        return bool(keys) and keys[-1] >= price * self._sign

    def walk(self, limit: Ticks) -> Iterator[Level]:
        """Yield levels from the best to `limit`, included. The side must not change meanwhile."""
        sign, levels = self._sign, self._levels
        last = limit * sign
        for key in reversed(self._keys):
            if key < last:
                return
            yield levels[key]

    def __iter__(self) -> Iterator[Level]:
        for key in reversed(self._keys):
            yield self._levels[key]

    def rest(self, order: Order) -> None:
        """Put an order at the end of its price's queue."""
        key = order.price * self._sign
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = Level(order.price)
            insort(self._keys, key)
        tail = level.tail
        if tail is None:
            level.head = order
        else:
            tail.after = order
            order.before = tail
        level.tail = order
        order.level = level
        level.quantity += order.remaining
        self._touched.add(key)

    def take(self, order: Order, quantity: Lots) -> None:
        """Take some of what an order has left; an order with nothing left leaves the book."""
        level = order.level
        assert level is not None
        assert quantity <= order.remaining
        left = order.remaining - quantity
        order.remaining = Lots(left)
        level.quantity -= quantity
        self._touched.add(level.price * self._sign)
        if not left:
            self._unlink(order, level)

    def remove(self, order: Order) -> None:
        """Take an order off the book; what it has left stays written on it."""
        level = order.level
        assert level is not None
        level.quantity -= order.remaining
        self._touched.add(level.price * self._sign)
        self._unlink(order, level)

    def _unlink(self, order: Order, level: Level) -> None:
        before, after = order.before, order.after
        if before is None:
            level.head = after
        else:
            before.after = after
        if after is None:
            level.tail = before
        else:
            after.before = before
        order.level = order.before = order.after = None
        if level.head is None:
            key = level.price * self._sign
            del self._levels[key]
            keys = self._keys
            if keys[-1] == key:
                keys.pop()
            else:
                del keys[bisect_left(keys, key)]

    def drain(self, symbol: Symbol) -> list[LevelChanged]:
        """Return the levels that changed since the last drain, as they are now."""
        levels = self._levels
        changed = []
        for key in self._touched:
            level = levels.get(key)
            quantity = Lots(0 if level is None else level.quantity)
            changed.append(LevelChanged(symbol, self.side, Ticks(key * self._sign), quantity))
        self._touched.clear()
        return changed


class Book:
    """Both sides of one market."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = BookSide(BUY)
        self.asks = BookSide(SELL)

    def side(self, side: Side) -> BookSide:
        """Return the side on which orders of `side` rest."""
        return self.bids if side is BUY else self.asks

    def facing(self, side: Side) -> BookSide:
        """Return the side that orders of `side` trade with."""
        return self.asks if side is BUY else self.bids

    def drain(self, symbol: Symbol) -> list[LevelChanged]:
        """Return all levels that changed since the last drain."""
        return self.bids.drain(symbol) + self.asks.drain(symbol)
