"""What a picture shows. Prices are in quote atoms for a whole base unit, so that axes do not depend on a market's tick.

Every number is whole: the bigger it is, the more exact is what is drawn of it.
"""

from typing import Final

from msgspec import Struct

from engine.core.types import Micros, Side
from engine.market_data.intervals import Interval

MOST_BARS: Final = 80  # of a picture: on a phone each is four points wide
MOST_LINES: Final = 20  # orders that are drawn, the newest
MOST_FILLS: Final = 100


class Bar(Struct, frozen=True):
    """What traded in an interval. volume is in base atoms."""

    begin: Micros
    open: int
    high: int
    low: int
    close: int
    volume: int


class Line(Struct, frozen=True):
    """An own open order."""

    side: Side
    price: int


class Fill(Struct, frozen=True):
    """An own trade, from one's own side."""

    side: Side
    price: int
    at: Micros


class Scene(Struct, frozen=True):
    """A market over some time. bars are oldest first and without gaps; tick is the least step of a price.

    decimals are those of prices as integers, places those with which a price is shown. empty is what is said where
    there are no bars, volume what the last bar's volume is called.
    """

    title: str
    interval: Interval
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    fills: tuple[Fill, ...]
    tick: int
    decimals: int
    places: int
    volume: str
    empty: str
