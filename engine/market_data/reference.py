"""Candles of another venue: what charts show of the time before a market's first trade here."""

from msgspec import Struct

from engine.core.types import Atoms, Micros, Ticks


class ReferenceCandle(Struct, frozen=True, gc=False):
    """What traded at another venue in an interval. No money depends on it, and none of it is our own volume.

    Prices are that venue's, rounded to our ticks; volume is that venue's, in base atoms.
    """

    begin: Micros
    open: Ticks
    high: Ticks
    low: Ticks
    close: Ticks
    volume: Atoms


def reference_flat(begin: Micros, price: Ticks) -> ReferenceCandle:
    """Return the candle of an interval of which that venue tells nothing, at the last price before it."""
    return ReferenceCandle(begin, price, price, price, price, Atoms(0))
