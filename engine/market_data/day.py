"""The last 24 hours of one market, exact to the minute, in at most 1,440 buckets."""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from engine.core.events import Traded
from engine.core.types import Atoms, Lots, Micros, Ticks

MINUTE = 60_000_000  # Micros
MINUTES_A_DAY = 1440


class Minute(Struct, gc=False):
    """What traded in one minute, counted since 1970. Volume is in base lots, notional in quote atoms."""

    minute: int
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Lots
    notional: Atoms
    trades: int


class Day:
    """The minutes with trades among the current one and the 1,439 before it, and their sums."""

    __slots__ = ("_minutes", "high", "low", "notional", "trades", "volume")

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque(maxlen=MINUTES_A_DAY)
        self.high: Ticks | None = None
        self.low: Ticks | None = None
        self.volume = Lots(0)
        self.notional = Atoms(0)
        self.trades = 0

    @property
    def open(self) -> Ticks | None:
        """The first price of the window."""
        return self._minutes[0].open if self._minutes else None

    def restore(self, minutes: Iterable[Minute]) -> None:
        """Start from what the store knows of the last day, oldest minute first."""
        for minute in minutes:
            self._expire(minute.minute)
            self._minutes.append(minute)
            self._count(minute.high, minute.low, minute.volume, minute.notional, minute.trades)

    def add(self, trade: Traded) -> None:
        """Count a trade."""
        minute, price = trade.at // MINUTE, trade.price
        last = self._minutes[-1] if self._minutes else None
        if last is None or last.minute < minute:
            self._expire(minute)
            self._minutes.append(Minute(minute, price, price, price, price, trade.quantity, trade.notional, 1))
        else:
            last.high = max(last.high, price)
            last.low = min(last.low, price)
            last.close = price
            last.volume = Lots(last.volume + trade.quantity)
            last.notional = Atoms(last.notional + trade.notional)
            last.trades += 1
        self._count(price, price, trade.quantity, trade.notional, 1)

    def advance(self, now: Micros) -> None:
        """Forget the minutes that are older than a day."""
        self._expire(now // MINUTE)

    def _count(self, high: Ticks, low: Ticks, volume: Lots, notional: Atoms, trades: int) -> None:
        self.high = high if self.high is None else max(self.high, high)
        self.low = low if self.low is None else min(self.low, low)
        self.volume = Lots(self.volume + volume)
        self.notional = Atoms(self.notional + notional)
        self.trades += trades

    def _expire(self, minute: int) -> None:
        minutes = self._minutes
        if not minutes or minutes[0].minute > minute - MINUTES_A_DAY:
            return
        while minutes and minutes[0].minute <= minute - MINUTES_A_DAY:
            gone = minutes.popleft()
            self.volume = Lots(self.volume - gone.volume)
            self.notional = Atoms(self.notional - gone.notional)
            self.trades -= gone.trades
        self.high = max((kept.high for kept in minutes), default=None)
        self.low = min((kept.low for kept in minutes), default=None)
