"""A market's book as everybody may see it: the quantity that rests at each price."""

from bisect import bisect_left, insort

from msgspec import Struct

from engine.core.events import LevelChanged
from engine.core.types import Lots, Side, Symbol, Ticks

Level = tuple[Ticks, Lots]


class DepthDiff(Struct, frozen=True, gc=False):
    """What changed between two versions of a market's depth: seq - 1 and seq. Quantity 0 means nothing rests there."""

    symbol: Symbol
    seq: int
    bids: list[Level]
    asks: list[Level]


class _Half:
    """One side: prices ascend. They are kept sorted, since a level changes far more often than it comes or goes."""

    __slots__ = ("changed", "prices", "quantities")

    def __init__(self) -> None:
        self.quantities: dict[Ticks, Lots] = {}
        self.prices: list[Ticks] = []
        self.changed: set[Ticks] = set()

    def put(self, price: Ticks, quantity: Lots) -> None:
        if quantity:
            if price not in self.quantities:
                insort(self.prices, price)
            self.quantities[price] = quantity
        elif self.quantities.pop(price, None) is not None:
            del self.prices[bisect_left(self.prices, price)]
        self.changed.add(price)

    def take_changes(self) -> list[Level]:
        changes = [(price, self.quantities.get(price, Lots(0))) for price in sorted(self.changed)]
        self.changed.clear()
        return changes


class Depth:
    """Totals per price of one market, and a version that rises by one with each diff that is cut.

    Changes collect until somebody cuts: the state that belongs to `seq` is read only when nothing is pending.
    """

    __slots__ = ("_asks", "_bids", "seq", "symbol")

    def __init__(self, symbol: Symbol, seq: int = 0) -> None:
        self.symbol = symbol
        self.seq = seq
        self._bids = _Half()
        self._asks = _Half()

    def change(self, level: LevelChanged) -> None:
        """Take over what rests at a price now."""
        (self._bids if level.side is Side.BUY else self._asks).put(level.price, level.quantity)

    @property
    def uncut(self) -> int:
        """How many prices have changed since the last cut."""
        return len(self._bids.changed) + len(self._asks.changed)

    def cut(self) -> DepthDiff | None:
        """Make everything that has changed since the last cut one diff; None where nothing has."""
        if not (self._bids.changed or self._asks.changed):
            return None
        self.seq += 1
        return DepthDiff(self.symbol, self.seq, self._bids.take_changes(), self._asks.take_changes())

    def best(self, limit: int) -> tuple[list[Level], list[Level]]:
        """Return the best `limit` bids and asks as they are right now, best first."""
        bids, asks = self._bids, self._asks
        return (
            [(price, bids.quantities[price]) for price in bids.prices[: -limit - 1 : -1]],
            [(price, asks.quantities[price]) for price in asks.prices[:limit]],
        )

    @property
    def best_bid(self) -> Level | None:
        """The highest price that somebody would pay."""
        if not self._bids.prices:
            return None
        price = self._bids.prices[-1]
        return price, self._bids.quantities[price]

    @property
    def best_ask(self) -> Level | None:
        """The lowest price that somebody would sell at."""
        if not self._asks.prices:
            return None
        price = self._asks.prices[0]
        return price, self._asks.quantities[price]
