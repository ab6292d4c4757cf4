"""The book against a list that is sorted whenever somebody asks."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from engine.core.book import BookSide, Order
from engine.core.types import Lots, OrderId, Side, Symbol, Ticks, UserId

PRICES = st.integers(1, 8).map(Ticks)
SIDES = st.sampled_from(Side)


class BookAgainstList(RuleBasedStateMachine):
    """Both sides at once; the model is all orders in the order in which they came."""

    def __init__(self) -> None:
        super().__init__()
        self.sides = {side: BookSide(side) for side in Side}
        self.orders: list[Order] = []
        self.count = 0
        self.told: dict[tuple[Side, Ticks], Lots] = {}

    def model(self, side: Side) -> list[tuple[Ticks, list[tuple[OrderId, Lots]]]]:
        """Return price, (order, lots)... of a side, best price first, oldest order first."""
        mine = [order for order in self.orders if order.side is side]
        prices = sorted({order.price for order in mine}, reverse=side is Side.BUY)
        return [(price, [(o.id, o.remaining) for o in mine if o.price == price]) for price in prices]

    @rule(side=SIDES, price=PRICES, lots=st.integers(1, 5).map(Lots))
    def rest(self, side: Side, price: Ticks, lots: Lots) -> None:
        self.count += 1
        order = Order(OrderId(self.count), UserId(1000), side, price, lots)
        self.orders.append(order)
        self.sides[side].rest(order)

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        left = order.remaining
        self.orders.remove(order)
        self.sides[order.side].remove(order)
        assert order.remaining == left
        assert order.level is None

    @precondition(lambda self: self.orders)
    @rule(data=st.data())
    def take(self, data: st.DataObject) -> None:
        order = data.draw(st.sampled_from(self.orders))
        lots = data.draw(st.integers(1, order.remaining).map(Lots))
        if lots == order.remaining:
            self.orders.remove(order)
        self.sides[order.side].take(order, lots)

    @rule()
    def drain(self) -> None:
        for side, found in self.sides.items():
            changed = found.drain(Symbol("X"))
            assert len({level.price for level in changed}) == len(changed)
            for level in changed:
                assert level.side is side
                self.told[side, level.price] = level.quantity
            assert not found.drain(Symbol("X"))
            totals = {price: sum(lots for _, lots in queue) for price, queue in self.model(side)}
            assert {price: lots for (where, price), lots in self.told.items() if where is side and lots} == totals

    @rule(side=SIDES, limit=PRICES)
    def walk(self, side: Side, limit: Ticks) -> None:
        wanted = [price for price, _ in self.model(side) if (price >= limit if side is Side.BUY else price <= limit)]
        assert [level.price for level in self.sides[side].walk(limit)] == wanted
        assert self.sides[side].reaches(limit) == bool(wanted)

    @invariant()
    def same(self) -> None:
        for side, found in self.sides.items():
            wanted = self.model(side)
            assert [(level.price, [(o.id, o.remaining) for o in level]) for level in found] == wanted
            assert [level.quantity for level in found] == [sum(lots for _, lots in queue) for _, queue in wanted]
            assert found.best() == (wanted[0][0] if wanted else None)


TestBook = BookAgainstList.TestCase
TestBook.settings = settings(max_examples=60, stateful_step_count=50, deadline=None)
