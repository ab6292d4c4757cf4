"""Assets and markets: what money and prices are counted in."""

from msgspec import Struct

from engine.core.types import MAX_ATOMS, TRADING, AssetCode, Atoms, Lots, MarketState, Symbol, Ticks

PPM = 1_000_000


class Asset(Struct, frozen=True):
    """A kind of money. One unit is 10**decimals atoms, the smallest unit on chain."""

    code: AssetCode
    decimals: int


class Market(Struct, frozen=True, omit_defaults=True):  # a log from before there were states reads and digests alike
    """A pair that trades.

    tick_atoms is the price of one whole base unit, in quote atoms, at one tick; lot_atoms is one lot in base atoms;
    unit_atoms is what one lot costs at one tick, in quote atoms: whole by construction, so every trade is exact.
    Fees are in millionths of what is received.
    """

    symbol: Symbol
    base: AssetCode
    quote: AssetCode
    tick_atoms: Atoms
    lot_atoms: Atoms
    unit_atoms: Atoms
    max_price: Ticks
    max_quantity: Lots
    max_open_orders: int
    maker_fee_ppm: int
    taker_fee_ppm: int
    state: MarketState = TRADING

    @classmethod
    def of(
        cls,
        symbol: str,
        base: Asset,
        quote: Asset,
        *,
        tick_atoms: int,
        lot_atoms: int,
        max_price: int = 10**10,
        max_quantity: int = 10**10,
        max_open_orders: int = 20_000,  # cancelling all of them holds everybody up for about half a second
        maker_fee_ppm: int = 500,
        taker_fee_ppm: int = 1000,
    ) -> "Market":
        """Build a market and check that it is exact. Raises ValueError when it is not."""
        unit_atoms, rest = divmod(tick_atoms * lot_atoms, 10**base.decimals)
        if rest or unit_atoms <= 0:
            raise ValueError(f"{symbol}: tick x lot is not a whole number of {quote.code} atoms")
        if max_quantity * lot_atoms >= MAX_ATOMS:
            raise ValueError(f"{symbol}: max_quantity does not fit the ledger")
        if not (0 <= maker_fee_ppm < PPM and 0 <= taker_fee_ppm < PPM):
            raise ValueError(f"{symbol}: fees are in millionths, from 0 to 999,999")
        return cls(
            symbol=Symbol(symbol),
            base=base.code,
            quote=quote.code,
            tick_atoms=Atoms(tick_atoms),
            lot_atoms=Atoms(lot_atoms),
            unit_atoms=Atoms(unit_atoms),
            max_price=Ticks(max_price),
            max_quantity=Lots(max_quantity),
            max_open_orders=max_open_orders,
            maker_fee_ppm=maker_fee_ppm,
            taker_fee_ppm=taker_fee_ppm,
        )

    def notional(self, price: Ticks, quantity: Lots) -> Atoms:
        """Return what `quantity` costs at `price`, in quote atoms. Exact."""
        return Atoms(price * quantity * self.unit_atoms)
