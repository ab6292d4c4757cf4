"""Markets, funds and books that the market maker's tests use."""

from fractions import Fraction

from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms, Micros, Symbol
from engine.liquidity.external import Pair
from engine.liquidity.quoting import Inventory, Ladder
from engine.ports import ExternalBook

USDT, BTC, ETH = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8), Asset(AssetCode("ETH"), 8)
ASSETS = [USDT, BTC, ETH]
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)
ETHUSDT = Market.of("ETHUSDT", ETH, USDT, tick_atoms=10**4, lot_atoms=10**4)
PAIRS = {"BTCUSDT": Pair(BTCUSDT, BTC, USDT), "ETHUSDT": Pair(ETHUSDT, ETH, USDT)}

TICK, LOT = Fraction(1, 100), Fraction(1, 10_000)  # of both

PLENTY = Inventory(*[Atoms(10**17)] * 4)


def external(
    bids: str, asks: str, *, symbol: str = "BTCUSDT", update_id: int = 0, in_sync: bool = True
) -> ExternalBook:
    """Read a book from "1.5@100.01 2@99", best first."""

    def side(text: str) -> tuple[tuple[str, str], ...]:
        return tuple((price, quantity) for quantity, _, price in (level.partition("@") for level in text.split()))

    return ExternalBook(Symbol(symbol), update_id, Micros(0), side(bids), side(asks), in_sync)


def shown(ladder: Ladder) -> str:
    """Write a ladder in ticks and lots: "15000@10001 | ..."."""

    def side(levels: tuple[tuple[int, int], ...]) -> str:
        return " ".join(f"{lots}@{price}" for price, lots in levels)

    return f"{side(ladder.bids)} | {side(ladder.asks)}"


def is_near(ladder: Ladder, book: ExternalBook, markup_ppm: int) -> bool:
    """Tell whether a ladder's best prices are a book's and the mark-up, less a tick at most.

    A book's best prices are those up to which at least a lot is there: less than that is no level here.
    """
    (bid, _), (ask, _) = ladder.bids[0], ladder.asks[0]
    assert bid < ask
    down, up = 1 - Fraction(markup_ppm, 10**6), 1 + Fraction(markup_ppm, 10**6)
    near_bid = _at_least_a_lot(book.bids) * down - TICK < bid * TICK <= Fraction(book.bids[0][0]) * down
    return near_bid and Fraction(book.asks[0][0]) * up <= ask * TICK < _at_least_a_lot(book.asks) * up + TICK


def _at_least_a_lot(side: tuple[tuple[str, str], ...]) -> Fraction:
    there = Fraction(0)
    for price, size in side:
        there += Fraction(size)
        if there >= LOT:
            return Fraction(price)
    raise AssertionError("a book with less than a lot")
