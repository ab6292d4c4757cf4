"""What must always be true of an exchange's state. Slow and obvious: for tests, the audit and a periodic check."""

from collections import defaultdict

from engine.core.state import State
from engine.core.types import MARKET_MAKER, VAULT, AssetCode, UserId


def findings(state: State) -> list[str]:
    """Return a sentence for everything that is wrong; an empty list is a healthy exchange."""
    wrong: list[str] = []
    sums: dict[AssetCode, int] = defaultdict(int)
    needs: dict[tuple[UserId, AssetCode], int] = defaultdict(int)
    for order in state.orders.values():
        assert order.placed is not None
        asset, amount = state.venues[order.placed.symbol].need(order)
        needs[order.user, asset] += amount
    for withdrawal in state.withdrawals.values():
        needs[withdrawal.user, withdrawal.asset] += withdrawal.amount
    for balance in state.ledger:
        sums[balance.asset] += balance.available + balance.held
        if balance.held != needs.pop((balance.owner, balance.asset), 0):
            wrong.append(f"{balance.owner} holds {balance.held} {balance.asset}: not what its orders need")
        if balance.available < 0 and balance.owner != VAULT:
            wrong.append(f"{balance.owner} has {balance.available} {balance.asset}")
    wrong += [f"{owner} needs {need} {asset} and holds none" for (owner, asset), need in needs.items()]
    wrong += [f"all accounts of {asset} sum to {total}, not to zero" for asset, total in sums.items() if total]
    quoted: dict[AssetCode, int] = dict.fromkeys(state.assets, 0)
    for symbol, venue in state.venues.items():
        for ladder in (venue.bid_quotes, venue.ask_quotes):
            for quote in ladder.values():
                asset, amount = venue.need(quote)
                quoted[asset] += amount
        best_bid, best_ask = venue.book.bids.best(), venue.book.asks.best()
        if best_bid is not None and best_ask is not None and best_bid >= best_ask:
            wrong.append(f"{symbol}: the book is crossed, {best_bid} >= {best_ask}")
        for side in (venue.book.bids, venue.book.asks):
            wrong += [
                f"{symbol}: the level at {level.price} says {level.quantity}"
                for level in side
                if level.quantity != sum(order.remaining for order in level)
            ]
    if quoted != state.quoted:
        wrong.append(f"the quotes need {quoted}, not {state.quoted}")
    wrong += [
        f"the market maker's quotes need more {asset} than it has"
        for asset, need in quoted.items()
        if need > state.ledger.available(MARKET_MAKER, asset)
    ]
    return wrong
