"""Whether to offset inventory on another venue, and with what order. Pure.

A hedge is an order that trades at once or not at all (immediate or cancel) at a limited price, so that nothing of ours
rests elsewhere. A market has one under way at most.
"""

import enum
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from engine.core.market import PPM
from engine.core.types import AssetCode, Atoms, Lots, Micros, Side, Symbol, Ticks
from engine.liquidity.external import UNIT, Pair, Touch
from engine.ports import HedgeOrder

Mode = Literal["off", "paper", "live"]


class HedgeState(enum.Enum):
    """What is known of a hedge."""

    SENT = "sent"  # or about to be: the venue may have it or not
    DONE = "done"  # nothing more comes of it; it may have traded in part or not at all
    REFUSED = "refused"  # the venue did not take it


class Hedge(Struct, frozen=True):
    """An order on the other venue and what came of it: base and quote exchanged, and the fee's worth in quote."""

    id: int  # rises; 0 before it is kept
    symbol: Symbol
    side: Side
    quantity: Lots
    price: Ticks  # the worst that is accepted
    at: Micros
    is_paper: bool
    state: HedgeState = HedgeState.SENT
    base: Atoms = Atoms(0)
    quote: Atoms = Atoms(0)
    fee: Atoms = Atoms(0)
    name: str = ""  # at the venue, and nobody else's; none before it is kept

    @property
    def order(self) -> HedgeOrder:
        """What the venue is told. It is kept before it is sent."""
        assert self.name
        return HedgeOrder(self.name, self.symbol, self.side, self.quantity, self.price)

    def ended(self, base: int, quote: int, fee: int) -> "Hedge":
        """Return the hedge as it is when this much of it has traded and nothing more will."""
        return replace(self, state=HedgeState.DONE, base=base, quote=quote, fee=fee)

    def refused(self) -> "Hedge":
        """Return the hedge as one that the venue did not take."""
        return replace(self, state=HedgeState.REFUSED)


class HedgeSettings(Struct, frozen=True):
    """What is hedged and how much at most."""

    mode: Mode = "off"
    thresholds: Mapping[AssetCode, Atoms] = field(default_factory=dict)  # away from the target that are left alone
    order_value: int = 10_000  # most that one order may be worth, in whole units of the quote asset
    minute_value: int = 50_000  # and all orders of a market in a minute
    slippage_ppm: int = 1_000  # how much worse than the best price an order may trade
    fee_ppm: int = 1_000  # on paper: what the venue takes


def decide(pair: Pair, settings: HedgeSettings, *, away: int, touch: Touch, spent: int, at: Micros) -> Hedge | None:
    """Return the order that brings inventory back to its target as far as limits allow, or None.

    away is how many base atoms more than the target are owned, with what was hedged; touch is the venue's; spent is
    what the last minute's orders of this market were worth, in quote atoms.
    """
    market = pair.market
    threshold = settings.thresholds.get(market.base)
    if settings.mode == "off" or threshold is None or abs(away) <= threshold:
        return None
    side = Side.SELL if away > 0 else Side.BUY
    if side is Side.SELL:
        price = -_ticks(-touch.bid * (PPM - settings.slippage_ppm), pair)
    else:
        price = _ticks(touch.ask * (PPM + settings.slippage_ppm), pair)
    if not 0 < price <= market.max_price:
        return None
    whole = 10**pair.quote.decimals
    left = min(settings.order_value * whole, settings.minute_value * whole - spent)
    lots = min(abs(away) // market.lot_atoms, left // worth(pair, touch, Ticks(price), Lots(1)), market.max_quantity)
    if lots <= 0:
        return None
    return Hedge(0, market.symbol, side, Lots(lots), Ticks(price), at, settings.mode == "paper")


def worth(pair: Pair, touch: Touch, price: Ticks, quantity: Lots) -> Atoms:
    """Return what an order may come to: at its own price or at the venue's highest best price, whichever is more."""
    return pair.market.notional(Ticks(max(price, -_ticks(-touch.ask * PPM, pair))), quantity)


def _ticks(price: int, pair: Pair) -> int:
    """Return a venue's price, times PPM, in our ticks, rounded down."""
    ticks: int = price * 10**pair.quote.decimals // (UNIT * PPM * pair.market.tick_atoms)
    return ticks


def on_paper(hedge: Hedge, pair: Pair, touch: Touch, fee_ppm: int) -> Hedge:
    """Return what would have become of an order: all of it traded at the best price, or none where that is too bad."""
    price = touch.bid if hedge.side is Side.SELL else touch.ask
    base = hedge.quantity * pair.market.lot_atoms
    numerator, denominator = base * price * 10**pair.quote.decimals, UNIT * 10**pair.base.decimals
    quote = numerator // denominator if hedge.side is Side.SELL else -(-numerator // denominator)
    limit = pair.market.notional(hedge.price, hedge.quantity)
    if quote < limit if hedge.side is Side.SELL else quote > limit:
        return hedge.ended(0, 0, 0)
    return hedge.ended(base, quote, -(-quote * fee_ppm // PPM))
