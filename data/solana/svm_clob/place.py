"""Where the program is, what of ours is there, and which fills it can take."""

from collections.abc import Callable, Mapping

from msgspec import Struct
from solders.pubkey import Pubkey

from data.solana.svm_clob import addresses
from data.solana.svm_clob.layouts import MOST_U64, Trade
from data.solana.svm_clob.trades import Owner, trades_of
from engine.core.market import Market
from engine.core.types import AssetCode, Atoms, Symbol, UserId
from engine.settlement.fills import Fill


class Minted(Struct, frozen=True):
    """An asset on chain."""

    mint: Pubkey
    decimals: int


class Place(Struct, frozen=True):
    """The program on one chain, for our markets.

    most is what may be in the program while a transaction runs, by asset: a fill of more is refused.
    """

    program: Pubkey
    authority: Pubkey
    markets: Mapping[Symbol, Market]
    assets: Mapping[AssetCode, Minted]
    most: Mapping[AssetCode, Atoms]
    owner: Owner
    vault_account: Callable[[UserId, AssetCode], Pubkey]

    def book(self, symbol: Symbol) -> Pubkey:
        """Return the order book of a market."""
        market = self.markets[symbol]
        base, quote = (self.assets[code].mint for code in (market.base, market.quote))
        return addresses.order_book(self.program, base, quote)

    def trades(self, fill: Fill) -> list[Trade]:
        """Return what a fill is there."""
        return trades_of(fill, self.owner)

    def refusal(self, fill: Fill) -> str | None:
        """Return why a fill can never settle there, None where it can."""
        trade = fill.trade
        if trade.symbol not in self.markets:
            return f"{trade.symbol} has no order book in svm_clob"
        if trade.maker == trade.taker:
            return "svm_clob can't trade an account with itself"
        for asset, atoms in ((fill.base, fill.base_atoms), (fill.quote, trade.notional)):
            if not 0 < atoms <= MOST_U64:
                return f"svm_clob can't move {atoms} atoms of {asset}"
            if atoms > (most := self.most.get(asset, 0)):
                return f"it takes {atoms} atoms of {asset} through svm_clob, and CLOBSTER_SVM_CLOB_MOST allows {most}"
        return None
