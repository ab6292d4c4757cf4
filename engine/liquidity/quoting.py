"""From another venue's book to the ladder that the market maker shows. Pure, and integers only.

The first level stands where the other venue's best price is, deeper ones on a coarse grid, with sizes of one leading
digit: what does not matter to a trader then does not change either, and a ladder costs little to keep in the log.
Everything is rounded away from the market: a bid never stands above the level that it came from, nor is it larger.

Customers' orders on our own book are not looked at. A level that reaches some takes them at their prices, which are as
good for the house as the level's own or better (`engine.core.quotes`), and rests with what is left.
"""

from collections.abc import Iterator

from msgspec import Struct

from engine.core.commands import Levels
from engine.core.market import PPM, Market
from engine.core.types import MAX_ATOMS, AssetCode, Atoms, Lots, Side, Ticks
from engine.liquidity.external import UNIT, Insane, Pair, units
from engine.ports import ExternalBook


class LadderSettings(Struct, frozen=True):
    """What a ladder looks like, in any market. No price is better than the other venue's, less the least edge."""

    levels: int = 15  # a side, at most
    markup_ppm: int = 0  # how much further from the market than the other venue, in millionths of the price
    least_edge_ppm: int = 0  # what must be left against the other venue's price after fee_ppm; below 0 allows a loss
    fee_ppm: int = 0  # what a trade costs the house: nothing here, where it pays itself, but hedging does
    size_ppm: int = 1_000_000  # how much of the other venue's quantity
    grid_ppm: int = 150  # distance between deeper levels, in millionths of the price; cut to 1, 2 or 5 x 10^n ticks
    level_value: int = 100_000  # most that a level may be worth, in whole units of the quote asset
    side_value: int = 1_500_000  # and all levels of a side
    level_size: Atoms = Atoms(MAX_ATOMS)  # most of the base asset in a level
    side_size: Atoms = Atoms(MAX_ATOMS)  # and in all levels of a side

    def factor_ppm(self, side: Side, lean_ppm: int) -> int:
        """Return what a venue's price is multiplied by. Both sides lean together, and neither beyond its edge."""
        edge_ppm = self.least_edge_ppm + self.fee_ppm
        if side is Side.BUY:
            return PPM + min(lean_ppm - self.markup_ppm, -edge_ppm)
        return PPM + max(lean_ppm + self.markup_ppm, edge_ppm)


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


def ladder(book: ExternalBook, pair: Pair, settings: LadderSettings, inventory: Inventory, lean_ppm: int = 0) -> Ladder:
    """Return what to quote against a book in sync whose best prices `read_touch` has found sane.

    lean_ppm moves both sides up, or down where it is below zero. Raises Insane where a deeper level makes no sense.
    """
    bids, asks = (
        _funded(_gathered(levels, side, pair, settings, lean_ppm), side, pair, settings, inventory)
        for levels, side in ((book.bids, Side.BUY), (book.asks, Side.SELL))
    )
    assert not (bids and asks) or bids[0][0] < asks[0][0]
    return Ladder(bids, asks)


def _gathered(
    levels: tuple[tuple[str, str], ...], side: Side, pair: Pair, settings: LadderSettings, lean_ppm: int
) -> Iterator[tuple[Ticks, Lots]]:
    """Yield the venue's levels on our prices. What is too little for a lot goes on to the next worse price."""
    sign = 1 if side is Side.BUY else -1  # prices times sign: larger is better, and away from the market is down
    numerator = 10**pair.quote.decimals * settings.factor_ppm(side, lean_ppm) * sign
    denominator = UNIT * PPM * pair.market.tick_atoms
    lots_numerator, lots_denominator = 10**pair.base.decimals * settings.size_ppm, UNIT * PPM * pair.market.lot_atoms
    grid = 0
    before = at = gathered = lots = 0
    shown = False
    for price_text, quantity_text in levels:
        exact = units(price_text) * numerator // denominator
        if not grid:
            grid = _one_two_five(abs(exact) * settings.grid_ppm // PPM)
        elif exact > before:
            raise Insane("levels are not best first")
        before = exact
        rests_at = exact if exact == at or not (shown or lots) else exact // grid * grid
        if rests_at != at and lots:
            yield Ticks(at * sign), Lots(lots)
            shown, gathered = True, 0
        at = rests_at
        quantity = units(quantity_text)
        if not quantity:
            raise Insane("a level without a size")
        gathered += quantity
        lots = gathered * lots_numerator // lots_denominator
    if lots:
        yield Ticks(at * sign), Lots(lots)


def _funded(
    levels: Iterator[tuple[Ticks, Lots]], side: Side, pair: Pair, settings: LadderSettings, inventory: Inventory
) -> Levels:
    """Cut levels to their limits and to what there is to give and room to take, best first."""
    market = pair.market
    buying = side is Side.BUY
    giving, taking = (inventory.quote, inventory.base_room) if buying else (inventory.base, inventory.quote_room)
    whole = 10**pair.quote.decimals
    level_value, value_left = settings.level_value * whole, settings.side_value * whole
    level_lots, lots_left = settings.level_size // market.lot_atoms, settings.side_size // market.lot_atoms
    funded: list[tuple[Ticks, Lots]] = []
    for price, lots in levels:
        if len(funded) == settings.levels or not 0 < price <= market.max_price:
            break
        base, quote = market.lot_atoms, market.notional(price, Lots(1))
        give, take = (quote, base) if buying else (base, quote)
        most = min(level_lots, lots_left, level_value // quote, value_left // quote, giving // give, taking // take)
        size = min(lots, market.max_quantity, most)
        if size <= 0:
            break
        size = _leading_digit(size)
        lots_left -= size
        value_left -= size * quote
        giving = Atoms(giving - size * give)
        taking = Atoms(taking - size * take)
        funded.append((price, Lots(size)))
    return tuple(funded)


def _leading_digit(value: int) -> int:
    """Return a number above zero with all digits but the first as zeros: 378 -> 300."""
    power: int = 10 ** (len(str(value)) - 1)
    return value // power * power


def _one_two_five(value: int) -> int:
    """Return the largest of 1, 2, 5, 10, 20, ... that is not above the value, at least 1."""
    power: int = 10 ** (len(str(value)) - 1)
    leading = value // power
    return power * (5 if leading >= 5 else 2 if leading >= 2 else 1)
