"""What money is worth in one currency: at the markets' last prices, and where it guards something, at cautious ones."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.core.decimals import parse
from engine.core.events import BalanceChanged
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import AssetCode, Atoms
from engine.market_data.intervals import MINUTE
from engine.market_data.market_data import MarketData, Ticker

FRESH: Final = 10 * MINUTE  # so old may another venue's price be
_DECIMALS: Final = 8  # what other venues write at most


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

    def at_most(self, asset: AssetCode, atoms: Atoms) -> Atoms | None:
        """Return what an amount may be worth, rounded up, or None where nothing says.

        For limits, which somebody who trades with himself must not get past: so the highest of our last trade and of
        another venue's prices counts, and without any of the last minutes the highest of our 24 hours, with the last
        trade before them.
        """
        if asset == self.currency.code:
            return atoms
        market = self._priced.get(asset)
        if market is None:
            return None
        ticker = self._market_data.ticker(market.symbol)
        reference = self._reference(ticker)
        own = (ticker.last,) if reference is not None else (ticker.last, ticker.high, ticker.previous_close)
        prices = [price * market.tick_atoms for price in own if price is not None]
        if reference is not None:
            prices.append(reference)
        return Atoms(-(-atoms * max(prices) // 10 ** self._assets[asset].decimals)) if prices else None

    def _reference(self, ticker: Ticker) -> int | None:
        """Return another venue's highest price for one whole unit, rounded up to atoms, where there is a fresh one."""
        reference = ticker.reference
        if reference is None or reference.at < ticker.at - FRESH:
            return None
        units = [_units(text) for text in (reference.last, reference.bid, reference.ask) if text is not None]
        return -(-max(units, default=0) * 10**self.currency.decimals // 10**_DECIMALS) or None


def _units(text: str) -> int:
    """Return another venue's price in 10**-8, nothing where it can't be read."""
    try:
        return parse(text, _DECIMALS) or 0
    except Refused:
        return 0
