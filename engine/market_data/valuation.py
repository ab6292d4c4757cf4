"""What money is worth in one currency, at the markets' last prices."""

from collections.abc import Iterable, Mapping

from engine.core.events import BalanceChanged
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms
from engine.market_data.market_data import MarketData


class Valuation:
    """Values balances, cut to the currency's atoms."""

    def __init__(
        self, market_data: MarketData, assets: Mapping[str, Asset], markets: Iterable[Market], currency: AssetCode
    ) -> None:
        self._market_data = market_data
        self._assets = assets
        self._priced = {each.base: each for each in markets if each.quote == currency}
        self.currency = assets[currency]

    def value(self, balance: BalanceChanged) -> Atoms | None:
        """Return what a balance is worth, held and available together, or None where nothing says."""
        total = balance.available + balance.held
        if balance.asset == self.currency.code:
            return Atoms(total)
        market = self._priced.get(balance.asset)
        if market is None:
            return None
        ticker = self._market_data.ticker(market.symbol)
        price = ticker.best_bid[0] if ticker.last is None and ticker.best_bid else ticker.last
        if price is None:
            return None
        return Atoms(total * price * market.tick_atoms // 10 ** self._assets[balance.asset].decimals)
