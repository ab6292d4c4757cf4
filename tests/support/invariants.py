"""What must hold of an exchange after every command: `findings`, and that its indexes say the same as its books."""

from engine.core.checks import findings
from engine.core.exchange import Exchange
from engine.core.types import Side


def check(exchange: Exchange) -> None:
    """Assert that no money is made or lost, that held is what is needed, and that the books are sound."""
    state = exchange.state
    assert findings(state) == []
    resting = {}
    for symbol, venue in state.venues.items():
        for side in (venue.book.bids, venue.book.asks):
            prices = [level.price for level in side]
            assert prices == sorted(set(prices), reverse=side.side is Side.BUY)
            ladder = {}
            for level in side:
                orders = list(level)
                assert orders, "an empty level stays"
                for order in orders:
                    assert order.remaining > 0
                    if order.placed is None:
                        ladder[order.price] = order
                    else:
                        assert order.placed.symbol == symbol
                        resting[order.id] = order
            assert venue.quotes(side.side) == ladder
    assert state.orders == resting
    assert state.open_orders == {
        key: {order.id: order for order in resting.values() if (order.user, order.placed.symbol) == key}
        for key in {(order.user, order.placed.symbol) for order in resting.values()}
    }
