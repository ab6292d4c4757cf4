"""Another venue's book, read: its best prices as integers, and whether it makes sense. Pure.

Prices are in 10**-8 of a quote unit for one base unit. A middle is told as `Mid`, the sum of both best prices, so that
it is exact.
"""

from functools import lru_cache
from typing import Final, NewType

from msgspec import Struct

from engine.core.decimals import parse
from engine.core.market import PPM, Asset, Market
from engine.core.refusals import Refused
from engine.core.types import Atoms
from engine.ports import ExternalBook

DECIMALS: Final = 8  # what other venues write at most; a book with more is not understood
UNIT: Final = 10**DECIMALS

Mid = NewType("Mid", int)  # best bid + best ask: twice the price in the middle


class Insane(ValueError):  # noqa: N818  the book is at fault, not the program
    """A book that can't be: one-sided, crossed, without sizes, too wide or outside our market's limits."""


class Pair(Struct, frozen=True):
    """A market with its two assets."""

    market: Market
    base: Asset
    quote: Asset

    def value(self, amount: int, mid: Mid) -> int:
        """Return what `amount` base atoms, which may be below zero, are worth at a middle, in quote atoms."""
        worth: int = amount * mid * 10**self.quote.decimals // (2 * UNIT * 10**self.base.decimals)
        return worth


class Touch(Struct, frozen=True, gc=False):
    """A venue's best prices."""

    bid: int
    ask: int

    @property
    def mid(self) -> Mid:
        """What lies in the middle."""
        return Mid(self.bid + self.ask)


@lru_cache(maxsize=8_192)  # from one book to the next nearly all levels are the same
def units(text: str) -> int:
    """Return a venue's decimal in 10**-8. Raises Insane where it is none."""
    try:
        value = parse(text, DECIMALS)
    except Refused:
        value = None
    if value is None:
        raise Insane(f"{text[:40]!r} is no number of at most {DECIMALS} decimals")
    return value


def read_touch(book: ExternalBook, pair: Pair, widest_ppm: int) -> Touch:
    """Return a book's best prices. Raises Insane where nobody should quote from it.

    widest_ppm is the most that the ask may be above the bid, in millionths of the bid.
    """
    if not (book.bids and book.asks):
        raise Insane("one side is empty")
    (bid_text, bid_size), (ask_text, ask_size) = book.bids[0], book.asks[0]
    touch = Touch(units(bid_text), units(ask_text))
    if not (units(bid_size) and units(ask_size)):
        raise Insane("a best price without a size")
    if touch.bid >= touch.ask:
        raise Insane(f"crossed: {bid_text} is bid and {ask_text} asked")
    tick = pair.market.tick_atoms * UNIT
    if touch.bid * 10**pair.quote.decimals < tick or touch.ask * 10**pair.quote.decimals > pair.market.max_price * tick:
        raise Insane(f"{bid_text} to {ask_text} is outside the market's limits")
    if (touch.ask - touch.bid) * PPM > touch.bid * widest_ppm:
        raise Insane(f"{bid_text} to {ask_text} is too wide")
    return touch


def atoms(value: int, asset: Asset) -> Atoms:
    """Return whole units of an asset in atoms."""
    return Atoms(value * 10**asset.decimals)
