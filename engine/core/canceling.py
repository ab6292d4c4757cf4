"""`CancelOrder` and `CancelAll`."""

from engine.core.book import Order
from engine.core.commands import CancelAll, CancelOrder
from engine.core.events import Event
from engine.core.refusals import MarketHalted, OrderNotOpen, UnknownOrder
from engine.core.state import State, Venue
from engine.core.types import CANCELED, HALTED


def cancel(state: State, command: CancelOrder) -> list[Event]:
    """Take one order off the book. Somebody else's order is as unknown as one that never was.

    An order of one's own that is over is OrderNotOpen by its name; of ids only the store knows whose they were.
    """
    wanted = command.order
    if not wanted:
        known = state.names.find(command.user, command.client_order_id, command.at)
        if known is None:
            raise UnknownOrder
        wanted = known[0]
        if wanted not in state.orders:
            raise OrderNotOpen
    order = state.orders.get(wanted)
    if order is None or order.user != command.user:
        raise UnknownOrder
    venue = _venue(state, order)
    if venue.market.state is HALTED:
        raise MarketHalted
    return [state.close(venue, order, CANCELED, command.at)]


def cancel_all(state: State, command: CancelAll) -> list[Event]:
    """Take all of an account's orders off one book or all, oldest first; a halted market's stay.

    Raises MarketHalted where there are no others.
    """
    venues = [state.venue(command.symbol)] if command.symbol else list(state.venues.values())
    mine: list[Order] = []
    kept = False
    for venue in venues:
        found = state.open_orders.get((command.user, venue.market.symbol), {})
        if venue.market.state is HALTED:
            kept = kept or bool(found)
        else:
            mine += found.values()
    if kept and not mine:
        raise MarketHalted
    mine.sort(key=lambda order: order.id)
    return [state.close(_venue(state, order), order, CANCELED, command.at) for order in mine]


def _venue(state: State, order: Order) -> Venue:
    assert order.placed is not None
    return state.venues[order.placed.symbol]
