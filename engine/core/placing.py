"""`PlaceOrder`: check, plan, pay, rest."""

from typing import Final

from engine.core.book import Order
from engine.core.commands import PlaceOrder
from engine.core.events import AlreadyPlaced, Event
from engine.core.matching import Plan, plan, plan_by_quote
from engine.core.refusals import (
    ClientOrderIdReused,
    InsufficientFunds,
    InvalidOrder,
    InvalidPrice,
    InvalidQuantity,
    TooManyFills,
    TooManyOpenOrders,
    WouldTake,
)
from engine.core.settling import settle
from engine.core.state import State, Venue
from engine.core.types import (
    BUY,
    EXPIRED,
    EXPIRED_IN_MATCH,
    FILLED,
    FIRST_PERSON,
    MAX_ATOMS,
    NEW,
    PARTIALLY_FILLED,
    TRADING,
    Atoms,
    Lots,
    OrderId,
    OrderStatus,
    OrderType,
    Ticks,
    TimeInForce,
)

MOST_FILLS: Final = 2_000  # of one order
LIMIT: Final = OrderType.LIMIT
MARKET: Final = OrderType.MARKET
LIMIT_MAKER: Final = OrderType.LIMIT_MAKER
GTC: Final = TimeInForce.GTC
FOK: Final = TimeInForce.FOK


def place(state: State, command: PlaceOrder) -> list[Event]:
    """Trade what trades now and rest what may rest; the last event is the placed order's own."""
    venue = state.venue(command.symbol)
    if command.client_order_id:
        repeated = _repeated(state, command)
        if repeated is not None:
            return [repeated]
    if venue.market.state is not TRADING:
        raise venue.closed()
    _check_shape(venue, command)

    facing = venue.book.facing(command.side)
    price = command.price
    rests = command.time_in_force is GTC
    if rests and not facing.reaches(price):  # most orders: nothing to trade with
        _check_room(state, venue, command)
        _check_funds(state, venue, command, None, command.quantity)
        order = _new_order(state, command)
        return [_rest(state, venue, order, NEW)]
    if command.type is LIMIT_MAKER:
        raise WouldTake

    planned = _plan(venue, command)
    if len(planned.steps) > MOST_FILLS:  # the loop stands still meanwhile, for everybody
        raise TooManyFills(limit=MOST_FILLS)
    left = Lots(0) if command.quote_quantity or planned.stopped else planned.left
    if rests and left:
        _check_room(state, venue, command)
    _check_funds(state, venue, command, planned, left if rests else Lots(0))

    order = _new_order(state, command)
    if command.time_in_force is FOK and (planned.left or planned.prevented):
        return [order.state(EXPIRED, command.at)]
    if command.quote_quantity:
        order.remaining = Lots(planned.filled + planned.prevented)
    events = settle(state, venue, order, planned, command.at)
    if planned.stopped or (planned.prevented and not planned.left):
        status = EXPIRED_IN_MATCH
    elif not planned.left:
        status = FILLED
    elif rests:
        events.append(_rest(state, venue, order, PARTIALLY_FILLED if order.filled else NEW))
        return events
    else:
        status = EXPIRED
    events.append(order.state(status, command.at))
    return events


def _repeated(state: State, command: PlaceOrder) -> AlreadyPlaced | None:
    known = state.names.find(command.user, command.client_order_id, command.at)
    if known is None:
        state.names.check_room(command.user, command.at)
        return None
    order, first = known
    same = (
        command.symbol == first.symbol
        and command.side is first.side
        and command.type is first.type
        and command.quantity == first.quantity
        and command.quote_quantity == first.quote_quantity
        and command.price == first.price
        and command.time_in_force is first.time_in_force
        and command.self_trade_prevention is first.self_trade_prevention
    )
    if not same:
        raise ClientOrderIdReused(order_id=order)
    return AlreadyPlaced(order)


def _check_shape(venue: Venue, command: PlaceOrder) -> None:
    market = venue.market
    if command.user < FIRST_PERSON:
        raise InvalidOrder("The house does not place orders; its market maker quotes.")
    if command.type is MARKET:
        if command.price:
            raise InvalidOrder("A market order has no price.")
        if command.time_in_force is GTC:
            raise InvalidOrder("A market order never rests: its time in force is ioc or fok.")
        if command.quote_quantity:
            if command.quantity:
                raise InvalidOrder("A market order names either quantity or quote_quantity, not both.")
            if not 0 < command.quote_quantity < MAX_ATOMS:
                raise InvalidQuantity("The quote_quantity must be above zero.")
            return
    else:
        if command.quote_quantity:
            raise InvalidOrder("Only a market order can name a quote_quantity.")
        if not 0 < command.price <= market.max_price:
            raise InvalidPrice
        if command.type is LIMIT_MAKER and command.time_in_force is not GTC:
            raise InvalidOrder("A limit_maker order rests: its time in force is gtc.")
    if not 0 < command.quantity <= market.max_quantity:
        raise InvalidQuantity
    if command.price * command.quantity * market.unit_atoms >= MAX_ATOMS:
        raise InvalidQuantity("Price times quantity is larger than anything that can be traded.")


def _check_room(state: State, venue: Venue, command: PlaceOrder) -> None:
    mine = state.open_orders.get((command.user, command.symbol))
    if mine is not None and len(mine) >= venue.market.max_open_orders:
        raise TooManyOpenOrders(limit=venue.market.max_open_orders)


def _check_funds(state: State, venue: Venue, command: PlaceOrder, planned: Plan | None, rest: Lots) -> None:
    """Refuse what the account can't pay: what trades now at its exact cost, what rests at the order's own price."""
    market = venue.market
    if command.side is BUY:
        asset = market.quote
        need = command.price * rest * market.unit_atoms
        if planned is not None:
            need += planned.notional
    else:
        asset = market.base
        need = rest * market.lot_atoms
        if planned is not None:
            need += planned.filled * market.lot_atoms
    available = state.ledger.available(command.user, asset)
    if need > available:
        raise InsufficientFunds(asset=asset, needed_atoms=need, available_atoms=available)


def _plan(venue: Venue, command: PlaceOrder) -> Plan:
    market = venue.market
    facing = venue.book.facing(command.side)
    limit = command.price
    if command.type is MARKET:
        limit = Ticks(MAX_ATOMS if command.side is BUY else 0)
    unit, prevention = market.unit_atoms, command.self_trade_prevention
    if not command.quote_quantity:
        return plan(facing, limit, command.quantity, unit, command.user, prevention)
    planned = plan_by_quote(facing, limit, command.quote_quantity, unit, command.user, prevention)
    if not planned.steps and not planned.out_of_book and not planned.stopped:
        raise InvalidQuantity("This quote_quantity is less than one lot costs now.")
    return planned


def _new_order(state: State, command: PlaceOrder) -> Order:
    order = Order(state.next_order, command.user, command.side, command.price, command.quantity, command)
    state.next_order = OrderId(order.id + 1)
    if command.client_order_id:
        state.names.add(order.id, command, command.at)
    return order


def _rest(state: State, venue: Venue, order: Order, status: OrderStatus) -> Event:
    placed = order.placed
    assert placed is not None
    asset, amount = venue.need(order)
    state.ledger.hold(order.user, asset, Atoms(amount), order.id, placed.at)
    venue.book.side(order.side).rest(order)
    state.add_order(order)
    return order.state(status, placed.at)
