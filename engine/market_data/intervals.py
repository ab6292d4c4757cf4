"""How long a candle lasts, and where in time candles begin. All in UTC, as Binance cuts them."""

import enum
from datetime import date
from typing import Final

from engine.core.types import Micros

MINUTE: Final = 60_000_000  # Micros
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

_EPOCH: Final = date(1970, 1, 1).toordinal()
_MONDAY: Final = 4 * DAY  # the first after the epoch, which was a Thursday


class Interval(enum.Enum):
    """The intervals that candles are made for."""

    ONE_MINUTE = "1m"
    THREE_MINUTES = "3m"
    FIVE_MINUTES = "5m"
    FIFTEEN_MINUTES = "15m"
    HALF_AN_HOUR = "30m"
    ONE_HOUR = "1h"
    TWO_HOURS = "2h"
    FOUR_HOURS = "4h"
    SIX_HOURS = "6h"
    EIGHT_HOURS = "8h"
    TWELVE_HOURS = "12h"
    ONE_DAY = "1d"
    THREE_DAYS = "3d"
    ONE_WEEK = "1w"
    ONE_MONTH = "1M"

    @property
    def size(self) -> int | None:
        """How long it is, in Micros; None for a month, which has no one length."""
        return _SIZES[self]

    @property
    def offset(self) -> int:
        """How long after the epoch one of them begins: weeks begin on Mondays, the others with the epoch."""
        return _MONDAY if self is Interval.ONE_WEEK else 0

    def begin(self, at: Micros) -> Micros:
        """Return when the candle begins that contains a moment."""
        size = _SIZES[self]
        if size is None:
            return _midnight(date.fromordinal(_EPOCH + at // DAY).replace(day=1))
        offset = self.offset
        return Micros((at - offset) // size * size + offset)

    def step(self, begin: Micros, count: int) -> Micros:
        """Return when the candle begins that is `count` after (before, if negative) the one that begins at `begin`.

        Nothing is before January of the year 1.
        """
        size = _SIZES[self]
        if size is not None:
            return Micros(begin + count * size)
        first = date.fromordinal(_EPOCH + begin // DAY)
        year, month = divmod(max(first.year * 12 + first.month - 1 + count, 12), 12)
        return _midnight(date(year, month + 1, 1))


_SIZES: Final[dict[Interval, int | None]] = {
    Interval.ONE_MINUTE: MINUTE,
    Interval.THREE_MINUTES: 3 * MINUTE,
    Interval.FIVE_MINUTES: 5 * MINUTE,
    Interval.FIFTEEN_MINUTES: 15 * MINUTE,
    Interval.HALF_AN_HOUR: 30 * MINUTE,
    Interval.ONE_HOUR: HOUR,
    Interval.TWO_HOURS: 2 * HOUR,
    Interval.FOUR_HOURS: 4 * HOUR,
    Interval.SIX_HOURS: 6 * HOUR,
    Interval.EIGHT_HOURS: 8 * HOUR,
    Interval.TWELVE_HOURS: 12 * HOUR,
    Interval.ONE_DAY: DAY,
    Interval.THREE_DAYS: 3 * DAY,
    Interval.ONE_WEEK: 7 * DAY,
    Interval.ONE_MONTH: None,
}


def _midnight(day: date) -> Micros:
    return Micros((day.toordinal() - _EPOCH) * DAY)
