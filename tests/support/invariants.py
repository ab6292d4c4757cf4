"""What must hold of an exchange after every command."""

from collections import defaultdict

from engine.core.exchange import Exchange
from engine.core.types import MARKET_MAKER, VAULT, AssetCode, Side, UserId


def check(exchange: Exchange) -> None:
    """Assert that no money is made or lost, that held is what is needed, and that the books are sound."""
    state = exchange.state
    needed: dict[tuple[UserId, AssetCode], int] = defaultdict(int)
    quoted: dict[AssetCode, int] = dict.fromkeys(state.assets, 0)
    resting = set()
    for venue in state.venues.values():
        best = venue.book.bids.best(), venue.book.asks.best()
        assert None in best or best[0] < best[1], "the book is crossed"
        ladders = {Side.BUY: {}, Side.SELL: {}}
        for side in (venue.book.bids, venue.book.asks):
            prices = [level.price for level in side]
            assert prices == sorted(set(prices), reverse=side.side is Side.BUY)
            for level in side:
                orders = list(level)
                assert orders, "an empty level stays"
                assert level.quantity == sum(order.remaining for order in orders)
                for order in orders:
                    assert order.remaining > 0
                    asset, amount = venue.need(order)
                    if order.placed is None:
                        quoted[asset] += amount
                        ladders[side.side][order.price] = order
                    else:
                        needed[order.user, asset] += amount
                        resting.add(order.id)
            assert venue.quotes(side.side) == ladders[side.side]
    assert set(state.orders) == resting
    assert {(order.user, order.placed.symbol, order.id) for order in state.orders.values()} == {
        (user, symbol, order) for (user, symbol), mine in state.open_orders.items() for order in mine
    }
    for withdrawal in state.withdrawals.values():
        needed[withdrawal.user, withdrawal.asset] += withdrawal.amount

    sums: dict[AssetCode, int] = defaultdict(int)
    for balance in state.ledger:
        sums[balance.asset] += balance.available + balance.held
        assert balance.held == needed.pop((balance.owner, balance.asset), 0), "held is not what is needed"
        assert balance.available >= 0 or balance.owner == VAULT
    assert not needed
    assert not any(sums.values()), "an asset does not sum to zero"
    assert state.quoted == quoted
    for asset, amount in quoted.items():
        assert amount <= state.ledger.available(MARKET_MAKER, asset)
