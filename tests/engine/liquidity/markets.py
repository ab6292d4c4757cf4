"""Markets, funds and books that the market maker's tests use."""

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
