"""The last 24 hours of one market, exact to the minute, in at most 1,440 buckets."""

from collections import deque
from collections.abc import Iterable
from copy import copy

from engine.core.types import Micros, Ticks
from engine.market_data.candles import Candle
from engine.market_data.intervals import DAY, MINUTE

MINUTES_A_DAY = DAY // MINUTE


class Day:
    """The minutes with trades among the current one and the 1,439 before it, and their sums.

    Volume is in base lots, notional in quote atoms. previous_close is the last price before the window; None where
    nothing traded before it.
    """

    __slots__ = ("_minutes", "high", "low", "notional", "previous_close", "trades", "volume")

    def __init__(self) -> None:
        self._minutes: deque[Candle] = deque(maxlen=MINUTES_A_DAY)
        self.high: Ticks | None = None
        self.low: Ticks | None = None
        self.previous_close: Ticks | None = None
        self.volume = 0
        self.notional = 0
        self.trades = 0

    @property
    def open(self) -> Ticks | None:
        """The first price of the window."""
        return self._minutes[0].open if self._minutes else None

    def restore(self, minutes: Iterable[Candle], previous_close: Ticks | None) -> None:
        """Start from the minutes that the store knows, oldest first, and the last price before them."""
        self.previous_close = previous_close
        for minute in minutes:
            self.add(minute)

    def add(self, minute: Candle) -> None:
        """Count what traded in a minute that is not older than the newest."""
        minutes = self._minutes
        if minutes and minutes[-1].begin == minute.begin:
            minutes[-1].merge(minute)
        else:
            self._expire(minute.begin)
            minutes.append(copy(minute))
        if self.high is None or minute.high > self.high:
            self.high = minute.high
        if self.low is None or minute.low < self.low:
            self.low = minute.low
        self.volume += minute.volume
        self.notional += minute.notional
        self.trades += minute.trades

    def advance(self, now: Micros) -> None:
        """Forget the minutes that are older than a day."""
        self._expire(Micros(now // MINUTE * MINUTE))

    def _expire(self, minute: Micros) -> None:
        minutes, last_before = self._minutes, minute - DAY
        if not minutes or minutes[0].begin > last_before:
            return
        while minutes and minutes[0].begin <= last_before:
            gone = minutes.popleft()
            self.previous_close = gone.close
            self.volume -= gone.volume
            self.notional -= gone.notional
            self.trades -= gone.trades
        self.high = max((kept.high for kept in minutes), default=None)
        self.low = min((kept.low for kept in minutes), default=None)
