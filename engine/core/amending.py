"""`AmendOrder`: less of an order, which keeps its place in the queue."""

from engine.core.commands import AmendOrder
from engine.core.events import Event, Reduced
from engine.core.refusals import InvalidQuantity, MarketHalted, UnknownOrder
from engine.core.state import State
from engine.core.types import HALTED, NEW, PARTIALLY_FILLED, Atoms, Lots


def amend(state: State, command: AmendOrder) -> list[Event]:
    """Reduce an order and give back what it holds for the difference. Nothing else of an order can change.

    More of it, or another price, would be another place in the queue: that is another order.
    """
    order = state.orders.get(command.order)
    if order is None or order.user != command.user:
        raise UnknownOrder
    assert order.placed is not None
    venue = state.venues[order.placed.symbol]
    if venue.market.state is HALTED:
        raise MarketHalted
    by = order.quantity - command.quantity
    if not by:
        return []
    if by < 0:
        raise InvalidQuantity("An order can only be made smaller. For more, place another one beside it.")
    if by >= order.remaining:
        raise InvalidQuantity("As much of this order has traded already. To end it, cancel it.")
    asset, before = venue.need(order)
    venue.book.side(order.side).take(order, Lots(by))
    order.quantity = command.quantity
    state.ledger.release(order.user, asset, Atoms(before - venue.need(order)[1]), order.id, command.at)
    return [order.state(PARTIALLY_FILLED if order.filled else NEW, command.at), Reduced(order.id, Lots(by))]
