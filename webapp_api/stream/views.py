"""What an account's private channels tell: of a committed batch, and of rows read for a snapshot."""

from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from typing import Final

from engine.core.decimals import MarketDecimals, show
from engine.core.events import BalanceChanged, OrderChanged, Traded
from engine.core.market import Asset
from engine.core.types import OrderId, UserId
from engine.sequencer.batch import Batch
from engine.settlement.fills import Fill
from engine.settlement.types import SettlementState
from webapp_api import orders, portfolio_wire, wire

ORDERS: Final = "user:orders"
TRADES: Final = "user:trades"
BALANCES: Final = "user:balances"
ACCOUNT: Final = "user:account"
WITHDRAWALS: Final = "user:withdrawals"

_OWED: Final = wire.Settlement(SettlementState.OWED.value, None, None)


class AccountViews:
    """Makes the data of private channels."""

    def __init__(self, markets: Mapping[str, MarketDecimals], assets: Mapping[str, Asset]) -> None:
        self._markets = markets
        self._assets = assets

    def of_batch(self, batch: Batch, accounts: Container[UserId]) -> dict[tuple[UserId, str], list[object]]:
        """Return, by account and channel, what a batch did to those of these accounts that it concerns.

        Each change of an order is told, oldest first, with the fills that made it. A balance stands once: what it was
        between two commands of one commit, nobody ever had.
        """
        told: defaultdict[tuple[UserId, str], list[object]] = defaultdict(list)
        fills: defaultdict[OrderId, list[Traded]] = defaultdict(list)
        for event in batch.events:
            if type(event) is Traded:
                if event.maker in accounts:
                    fills[event.maker_order].append(event)
                    told[event.maker, TRADES].append(self._trade(event, maker=True))
                if event.taker in accounts:
                    fills[event.taker_order].append(event)
                    told[event.taker, TRADES].append(self._trade(event, maker=False))
            elif type(event) is OrderChanged and event.user in accounts:
                view = orders.order(event, fills.pop(event.id, ()), self._markets[event.symbol])
                told[event.user, ORDERS].append(view)
        for balance in batch.balances:
            if balance.owner in accounts:
                told[balance.owner, BALANCES].append(self.balance(balance))
        return told

    def of_fills(
        self, fills: Sequence[Fill], settlement: wire.Settlement, accounts: Container[UserId]
    ) -> dict[tuple[UserId, str], list[object]]:
        """Return, by account and channel, the trades of these accounts, all of which have come as far as this."""
        told: defaultdict[tuple[UserId, str], list[object]] = defaultdict(list)
        for fill in fills:
            for party, maker in ((fill.trade.maker, True), (fill.trade.taker, False)):
                if party in accounts:
                    view = orders.own_trade(fill.trade, maker, settlement, self._markets[fill.trade.symbol])
                    told[party, TRADES].append(view)
        return told

    def balance(self, changed: BalanceChanged) -> portfolio_wire.Balance:
        """Return what an account has of an asset."""
        decimals = self._assets[changed.asset].decimals
        return portfolio_wire.Balance(
            changed.asset,
            show(changed.available, decimals),
            show(changed.held, decimals),
            show(changed.available + changed.held, decimals),
        )

    def _trade(self, trade: Traded, *, maker: bool) -> wire.OwnTrade:
        return orders.own_trade(trade, maker, _OWED, self._markets[trade.symbol])
