"""`Quote` and `ChangeQuote`: the market maker's ladders."""

from collections.abc import Mapping
from itertools import chain, pairwise

from engine.core.book import Order
from engine.core.commands import ChangeQuote, Levels, Quote
from engine.core.events import Event, Quoted
from engine.core.matching import plan
from engine.core.refusals import InsufficientFunds, InvalidQuote
from engine.core.settling import settle
from engine.core.state import State, Venue
from engine.core.types import (
    BUY,
    MARKET_MAKER,
    MAX_ATOMS,
    SELL,
    TRADING,
    AssetCode,
    Lots,
    OrderId,
    SelfTradePrevention,
    Side,
    Ticks,
)


def narrow(state: State, command: Quote) -> ChangeQuote:
    """Return a quote as only what it changes. Raises UnknownSymbol or InvalidQuote."""
    venue = state.venue(command.symbol)
    bids = _differences(venue.bid_quotes, command.bids, sign=1)
    asks = _differences(venue.ask_quotes, command.asks, sign=-1)
    return ChangeQuote(command.at, command.symbol, bids, asks, command.reference)


def _differences(resting: Mapping[Ticks, Order], wanted: Levels, *, sign: int) -> Levels:
    """Return removals first, then what is new or other than what rests, best first."""
    if any(worse[0] * sign >= better[0] * sign for better, worse in pairwise(wanted)):
        raise InvalidQuote
    if any(lots <= 0 for _, lots in wanted):
        raise InvalidQuote("A quote's levels have quantities above zero.")
    kept = dict(wanted)
    changes = [(price, Lots(0)) for price in resting if price not in kept]
    for price, lots in wanted:
        order = resting.get(price)
        if order is None or order.remaining != lots:
            changes.append((price, lots))
    return tuple(changes)


def change_quote(state: State, command: ChangeQuote) -> list[Event]:
    """Set levels of a ladder. One that crosses customers' orders trades with them first and rests with what is left.

    It trades at the customers' prices, which are the level's own or better for the house, and the house pays no fee: so
    a crossing never costs the house more than the same level resting would have.
    """
    venue = state.venue(command.symbol)
    if not command.bids and not command.asks:
        return []
    if venue.market.state is not TRADING and any(lots for _, lots in chain(command.bids, command.asks)):
        raise venue.closed()  # but a ladder may be withdrawn in any state
    needs = _check(state, venue, command)
    state.quoted.update(needs)
    growing: list[tuple[Side, Ticks, Lots]] = []
    for side, changes in ((BUY, command.bids), (SELL, command.asks)):
        ladder = venue.quotes(side)
        for price, lots in changes:
            order = ladder.get(price)
            if order is not None and 0 < lots < order.remaining:
                venue.book.side(side).take(order, Lots(order.remaining - lots))
                order.reference = command.reference
                continue
            if order is not None:
                venue.book.side(side).remove(order)
                del ladder[price]
            if lots:
                growing.append((side, price, lots))
    # Only now is nothing of the old ladder in the way of the new one.
    events: list[Event] = []
    for side, price, lots in growing:
        events += _quote_level(state, venue, side, price, lots, command)
    events.append(Quoted(command.symbol, command.reference))
    return events


def _quote_level(state: State, venue: Venue, side: Side, price: Ticks, lots: Lots, command: ChangeQuote) -> list[Event]:
    order = Order(OrderId(0), MARKET_MAKER, side, price, lots, reference=command.reference)
    events: list[Event] = []
    facing = venue.book.facing(side)
    if facing.reaches(price):
        unit = venue.market.unit_atoms
        planned = plan(facing, price, lots, unit, MARKET_MAKER, SelfTradePrevention.EXPIRE_TAKER)
        asset, before = venue.need(order)
        events = settle(state, venue, order, planned, command.at)
        state.quoted[asset] -= before - venue.need(order)[1]
    if order.remaining:
        venue.book.side(side).rest(order)
        venue.quotes(side)[price] = order
    return events


def _check(state: State, venue: Venue, command: ChangeQuote) -> dict[AssetCode, int]:
    """Return what all ladders will need of this market's assets, or refuse."""
    market = venue.market
    prices: dict[Side, list[Ticks]] = {}
    needs = {market.base: state.quoted[market.base], market.quote: state.quoted[market.quote]}
    for side, changes in ((BUY, command.bids), (SELL, command.asks)):
        ladder = venue.quotes(side)
        after = dict.fromkeys(ladder)
        for price, lots in changes:
            if not 0 < price <= market.max_price or not 0 <= lots <= market.max_quantity:
                raise InvalidQuote("A quote's price or quantity is outside the market's limits.")
            if price * lots * market.unit_atoms >= MAX_ATOMS:
                raise InvalidQuote("A quote's level is larger than anything that can be traded.")
            order = ladder.get(price)
            more = lots - (order.remaining if order is not None else 0)
            if side is BUY:
                needs[market.quote] += price * more * market.unit_atoms
            else:
                needs[market.base] += more * market.lot_atoms
            if lots:
                after[price] = None
            else:
                after.pop(price, None)
        if len({price for price, _ in changes}) != len(changes):
            raise InvalidQuote
        prices[side] = list(after)
    bids, asks = prices[BUY], prices[SELL]
    if bids and asks and max(bids) >= min(asks):
        raise InvalidQuote
    for asset, need in needs.items():
        if need > state.ledger.available(MARKET_MAKER, asset):
            raise InsufficientFunds("The market maker does not have what its quotes would need.", asset=asset)
    return needs


def drop_quotes(state: State) -> None:
    """Take every ladder off its book: a new writer begins without any."""
    for venue in state.venues.values():
        for ladder, side in ((venue.bid_quotes, venue.book.bids), (venue.ask_quotes, venue.book.asks)):
            for order in ladder.values():
                side.remove(order)
            ladder.clear()
    state.quoted = dict.fromkeys(state.quoted, 0)
