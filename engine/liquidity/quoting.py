"""From another venue's book to the ladder that the market maker shows. Pure, and integers only.

The first level stands where the other venue's best price is, deeper ones on a coarse grid, with sizes of one leading
digit: what does not matter to a trader then does not change either, and a ladder costs little to keep in the log.
Everything is rounded away from the market: a bid never stands above the level that it came from, nor is it larger.
"""

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from engine.core.commands import Levels
from engine.core.decimals import parse
from engine.core.market import PPM, Asset, Market
from engine.core.refusals import Refused
from engine.core.types import AssetCode, Atoms, Lots, Side, Ticks
from engine.ports import ExternalBook

_DECIMALS = 8  # what other venues write at most; a book with more is not understood
_UNIT = 10**_DECIMALS


class LadderSettings(Struct, frozen=True):
    """What a ladder looks like, in any market."""

    levels: int = 15  # a side, at most
    markup_ppm: int = 0  # how much further from the market than the other venue, in millionths of the price
    size_ppm: int = 1_000_000  # how much of the other venue's quantity
    grid_ppm: int = 150  # distance between deeper levels, in millionths of the price; cut to 1, 2 or 5 x 10^n ticks
    level_value: int = 100_000  # most that a level may be worth, in whole units of the quote asset


class Pair(Struct, frozen=True):
    """A market with its two assets."""

    market: Market
    base: Asset
    quote: Asset


class Inventory(Struct, frozen=True):
    """What the ladder of one market may give away at most, and what it may take in."""

    base: Atoms
    quote: Atoms
    base_room: Atoms
    quote_room: Atoms


class Ladder(Struct, frozen=True):
    """Bids and asks, best first."""

    bids: Levels = ()
    asks: Levels = ()

    @property
    def touch(self) -> tuple[Ticks | None, Ticks | None]:
        """The best bid and ask."""
        return self.bids[0][0] if self.bids else None, self.asks[0][0] if self.asks else None

    def needs(self, market: Market) -> dict[AssetCode, int]:
        """Return what is given away if all of it trades, in atoms."""
        return {
            market.base: sum(lots for _, lots in self.asks) * market.lot_atoms,
            market.quote: sum(market.notional(price, lots) for price, lots in self.bids),
        }


NOTHING = Ladder()


def ladder(book: ExternalBook, pair: Pair, settings: LadderSettings, inventory: Inventory) -> Ladder:
    """Return what to quote against a book; `NOTHING` where it is lost, one-sided, crossed or not understood."""
    if not (book.in_sync and book.bids and book.asks):
        return NOTHING
    try:
        if _units(book.bids[0][0]) >= _units(book.asks[0][0]):
            return NOTHING
        bids = _funded(_gathered(book.bids, Side.BUY, pair, settings), Side.BUY, pair, settings, inventory)
        asks = _funded(_gathered(book.asks, Side.SELL, pair, settings), Side.SELL, pair, settings, inventory)
    except (Refused, ValueError):
        return NOTHING
    return Ladder(bids, asks)


def _gathered(
    levels: tuple[tuple[str, str], ...], side: Side, pair: Pair, settings: LadderSettings
) -> Iterator[tuple[Ticks, Lots]]:
    """Yield the venue's levels on our prices. What is too little for a lot goes on to the next worse price."""
    sign = 1 if side is Side.BUY else -1  # prices times sign: larger is better, and away from the market is down
    numerator = 10**pair.quote.decimals * (PPM - sign * settings.markup_ppm) * sign
    denominator = _UNIT * PPM * pair.market.tick_atoms
    lots_numerator, lots_denominator = (
        10**pair.base.decimals * settings.size_ppm,
        _UNIT * PPM * pair.market.lot_atoms,
    )
    grid = 0
    before = at = gathered = lots = 0
    shown = False
    for price_text, quantity_text in levels:
        exact = _units(price_text) * numerator // denominator
        if not grid:
            grid = _one_two_five(abs(exact) * settings.grid_ppm // PPM)
        elif exact > before:
            raise ValueError("a book's levels are best first")
        before = exact
        rests_at = exact if exact == at or not (shown or lots) else exact // grid * grid
        if rests_at != at and lots:
            yield Ticks(at * sign), Lots(lots)
            shown, gathered = True, 0
        at = rests_at
        gathered += _units(quantity_text)
        lots = gathered * lots_numerator // lots_denominator
    if lots:
        yield Ticks(at * sign), Lots(lots)


def _funded(
    levels: Iterator[tuple[Ticks, Lots]], side: Side, pair: Pair, settings: LadderSettings, inventory: Inventory
) -> Levels:
    """Cut levels to their limits and to what there is to give and room to take, best first."""
    market = pair.market
    most_worth = settings.level_value * 10**pair.quote.decimals
    buying = side is Side.BUY
    giving, taking = (inventory.quote, inventory.base_room) if buying else (inventory.base, inventory.quote_room)
    funded: list[tuple[Ticks, Lots]] = []
    for price, lots in levels:
        if len(funded) == settings.levels or not 0 < price <= market.max_price:
            break
        base, quote = market.lot_atoms, market.notional(price, Lots(1))
        give, take = (quote, base) if buying else (base, quote)
        size = min(lots, market.max_quantity, most_worth // quote, giving // give, taking // take)
        if size <= 0:
            break
        size = _leading_digit(size)
        giving = Atoms(giving - size * give)
        taking = Atoms(taking - size * take)
        funded.append((price, Lots(size)))
    return tuple(funded)


@lru_cache(maxsize=8_192)  # from one book to the next nearly all levels are the same
def _units(text: str) -> int:
    value = parse(text, _DECIMALS)
    if value is None:
        raise ValueError(f"{text} has more than {_DECIMALS} decimals")
    return value


def _leading_digit(value: int) -> int:
    """Return a number above zero with all digits but the first as zeros: 378 -> 300."""
    power: int = 10 ** (len(str(value)) - 1)
    return value // power * power


def _one_two_five(value: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20, ... that is not above the value, at least 1."""
    power: int = 10 ** (len(str(value)) - 1)
    leading = value // power
    return power * (5 if leading >= 5 else 2 if leading >= 2 else 1)
