"""What an account has, what it is worth, and how it came and went."""

from collections.abc import Mapping
from typing import Final

from data.store.queries import LedgerEntry, Queries
from engine.core.decimals import MarketDecimals, show
from engine.core.events import BalanceChanged
from engine.core.market import Asset
from engine.core.types import AssetCode, Kind, Micros, UserId
from engine.market_data.market_data import MarketData
from engine.market_data.valuation import Valuation
from webapp_api import portfolio_wire
from webapp_api.explorer import Explorer

CURRENCY: Final = AssetCode("USDT")  # what portfolios are valued in


class Portfolio:
    """An account's money, read from the database and valued at the markets' last prices."""

    def __init__(
        self,
        queries: Queries,
        history: Queries,
        market_data: MarketData,
        assets: Mapping[str, Asset],
        markets: Mapping[str, MarketDecimals],
        explorer: Explorer,
    ) -> None:
        self._queries = queries
        self._history = history
        self._assets = assets
        self._explorer = explorer
        self._valuation = Valuation(market_data, assets, (each.market for each in markets.values()), CURRENCY)

    async def balances(self, user: UserId) -> list[portfolio_wire.Balance]:
        """Return what the account has, by asset."""
        found = await self._queries.balances(user)
        return [portfolio_wire.Balance(each.asset, *self._amounts(each)) for each in found]

    async def valued(self, user: UserId) -> portfolio_wire.PortfolioView:
        """Return what the account has and what it is worth, cut to the currency's atoms."""
        holdings, total, decimals = [], 0, self._valuation.currency.decimals
        for each in await self._queries.balances(user):
            value = self._valuation.value(each)
            total += value or 0
            shown = None if value is None else show(value, decimals)
            holdings.append(portfolio_wire.Holding(each.asset, *self._amounts(each), shown))
        return portfolio_wire.PortfolioView(holdings, show(total, decimals), CURRENCY)

    async def ledger(
        self,
        user: UserId,
        *,
        asset: AssetCode | None,
        start: Micros | None,
        end: Micros | None,
        limit: int,
        cursor: int | None,
    ) -> tuple[list[portfolio_wire.LedgerEntry], int | None]:
        """Return some movements of the account's money, newest first, and the cursor of the next page."""
        page = await self._history.ledger(user, asset=asset, start=start, end=end, limit=limit, cursor=cursor)
        return [self._entry(entry, user) for entry in page.items], page.next_cursor

    async def deposits(self, user: UserId, *, limit: int) -> list[portfolio_wire.Deposit]:
        """Return the account's latest deposits, newest first."""
        return [
            portfolio_wire.Deposit(
                each.asset,
                show(each.amount, self._decimals(each.asset)),
                each.reference,
                each.at // 1000,
                *self._explorer.deposit(each.reference),
            )
            for each in await self._queries.deposits(user, limit=limit)
        ]

    def _amounts(self, balance: BalanceChanged) -> tuple[str, str, str]:
        decimals = self._decimals(balance.asset)
        available, held = balance.available, balance.held
        return show(available, decimals), show(held, decimals), show(available + held, decimals)

    def _entry(self, entry: LedgerEntry, user: UserId) -> portfolio_wire.LedgerEntry:
        posting = entry.posting
        change = {Kind.AVAILABLE: 0, Kind.HELD: 0}
        if posting.debit_owner == user:
            change[posting.debit_kind] -= posting.amount
        if posting.credit_owner == user:
            change[posting.credit_kind] += posting.amount
        decimals = self._decimals(posting.asset)
        return portfolio_wire.LedgerEntry(
            id=entry.id,
            asset=posting.asset,
            reason=posting.reason.value,
            available=show(change[Kind.AVAILABLE], decimals),
            held=show(change[Kind.HELD], decimals),
            cause=posting.cause or None,
            created_at=posting.at // 1000,
        )

    def _decimals(self, asset: AssetCode) -> int:
        return self._assets[asset].decimals
