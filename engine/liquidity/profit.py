"""What quoting one market has earned or lost. Pure, and integers only.

Inventory is what trades have added up to since the account was opened, at its average cost: what the house was given
to begin with is capital and not counted. Trades on the other venue that hedge it count like those here, so that
`realised` is what both together came to. Money is in quote atoms, inventory in base atoms.
"""

from msgspec import Struct

from engine.core.events import Traded
from engine.core.types import MARKET_MAKER, Side, Symbol, TradeId
from engine.liquidity.external import Mid, Pair
from engine.liquidity.hedging import Hedge


class Profit(Struct):
    """A market's account. `realised - cost` is exactly the money that came in less the money that went out."""

    symbol: Symbol
    is_paper: bool = False  # what hedging on paper would have come to: an account of its own, never mixed with money
    last_trade: TradeId = TradeId(0)  # everybody's; those up to here are in the figures
    last_hedge: int = 0
    trades: int = 0
    volume: int = 0  # quote atoms traded here
    position: int = 0  # base atoms, below zero where more was sold than bought; with hedges
    cost: int = 0  # what the position has cost; below zero like it
    realised: int = 0
    spread: int = 0  # by how much prices were better for the house than the other venue's middle at that time
    unpriced: int = 0  # trades of which that middle is not known; they are not in `spread`
    fees: int = 0  # what the other side paid in these trades, at their prices; it is not in `realised`
    hedged: int = 0  # base atoms bought on the other venue less those sold there
    hedge_cost: int = 0  # fees paid there, and by how much prices were worse than its middle
    day: int = 0  # days since 1970, UTC
    day_realised: int = 0  # when the day began, or the loss was forgiven
    day_total: int = 0

    def trade(self, traded: Traded, pair: Pair, mid: Mid | None) -> None:
        """Count one of the house's trades; mid is the other venue's middle at that time, None where it is not known."""
        buys = (traded.taker_side is Side.BUY) == (traded.taker == MARKET_MAKER)
        base = traded.quantity * pair.market.lot_atoms
        self._exchange(base if buys else -base, -traded.notional if buys else traded.notional)
        self.trades += 1
        self.volume += traded.notional
        self.last_trade = max(self.last_trade, traded.id)
        paid = traded.maker_fee if traded.taker == MARKET_MAKER else traded.taker_fee
        self.fees += paid if buys else paid * traded.notional // base  # a seller pays in quote, a buyer in base
        if mid is None:
            self.unpriced += 1
        else:
            worth = pair.value(base, mid)
            self.spread += worth - traded.notional if buys else traded.notional - worth

    def hedge(self, hedge: Hedge, pair: Pair, mid: Mid | None) -> None:
        """Count a hedge of which nothing more will come; mid as in `trade`."""
        buys = hedge.side is Side.BUY
        base = hedge.base if buys else -hedge.base
        if base:
            self._exchange(base, -hedge.quote if buys else hedge.quote)
        self.realised -= hedge.fee
        self.hedged += base
        self.hedge_cost += hedge.fee
        if mid is not None:
            worth = pair.value(hedge.base, mid)
            self.hedge_cost += hedge.quote - worth if buys else worth - hedge.quote
        self.last_hedge = max(self.last_hedge, hedge.id)

    def total(self, pair: Pair, mid: Mid) -> int:
        """Return what all came to if the position were sold at a middle."""
        return self.realised - self.cost + pair.value(self.position, mid)

    def begin_day(self, day: int, pair: Pair, mid: Mid) -> None:
        """Let today's loss count from here."""
        self.day = day
        self.day_realised, self.day_total = self.realised, self.total(pair, mid)

    def lost(self, pair: Pair, mid: Mid) -> int:
        """Return what was lost today, realised or with the position at a middle, whichever is more; 0 at least."""
        return max(0, self.day_realised - self.realised, self.day_total - self.total(pair, mid))

    def _exchange(self, base: int, quote: int) -> None:
        """Take in base and give quote, or the other way round: one of them is below zero."""
        if base * self.position < 0:
            closed = min(abs(base), abs(self.position))
            cost = self.cost * closed // abs(self.position)
            received = quote * closed // abs(base)
            self.realised += received - cost
            self.cost -= cost
            self.position += closed if base > 0 else -closed
            base, quote = base - (closed if base > 0 else -closed), quote - received
        self.position += base
        self.cost -= quote
