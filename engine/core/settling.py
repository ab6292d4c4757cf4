"""Carry out a plan: each trade moves both sides' money at once, fees on their own."""

from engine.core.book import Order
from engine.core.events import Event, OrderChanged, Traded
from engine.core.fees import fee
from engine.core.matching import Plan, Step
from engine.core.state import State, Venue
from engine.core.types import (
    FEES,
    MARKET_MAKER,
    Atoms,
    Kind,
    Lots,
    Micros,
    OrderStatus,
    Reason,
    Side,
    TradeId,
)


def settle(state: State, venue: Venue, taker: Order, planned: Plan, at: Micros) -> list[Event]:
    """Do what was planned for `taker` and return the events. What it has left is up to the caller."""
    events: list[Event] = []
    for maker, quantity, step in planned.steps:
        match step:
            case Step.TRADE:
                events.append(_trade(state, venue, taker, maker, quantity, at))
                if maker.placed is not None:
                    events.append(_after_fill(state, maker, at))
                elif not maker.remaining:
                    del venue.quotes(maker.side)[maker.price]
            case Step.EXPIRE:
                events.append(state.close(venue, maker, OrderStatus.EXPIRED_IN_MATCH, at))
            case Step.DECREMENT:
                events.append(_decrement(state, venue, taker, maker, quantity, at))
    return events


def _after_fill(state: State, maker: Order, at: Micros) -> OrderChanged:
    if maker.remaining:
        return maker.state(OrderStatus.PARTIALLY_FILLED, at)
    state.forget_order(maker)
    return maker.state(OrderStatus.FILLED if not maker.prevented else OrderStatus.EXPIRED_IN_MATCH, at)


def _trade(state: State, venue: Venue, taker: Order, maker: Order, quantity: Lots, at: Micros) -> Traded:
    market = venue.market
    price = maker.price
    notional = Atoms(price * quantity * market.unit_atoms)
    base_atoms = Atoms(quantity * market.lot_atoms)
    trade = state.next_trade
    state.next_trade = TradeId(trade + 1)

    venue.book.side(maker.side).take(maker, quantity)
    for order in (maker, taker):
        order.filled = Lots(order.filled + quantity)
        order.notional = Atoms(order.notional + notional)
    taker.remaining = Lots(taker.remaining - quantity)

    maker_kind = Kind.HELD
    if maker.placed is None:  # a quote's money is not held but kept by `State.quoted`
        maker_kind = Kind.AVAILABLE
        if maker.side is Side.BUY:
            state.quoted[market.quote] -= notional
        else:
            state.quoted[market.base] -= base_atoms
    if taker.side is Side.BUY:
        buyer, buyer_kind, buyer_ppm = taker.user, Kind.AVAILABLE, market.taker_fee_ppm
        seller, seller_kind, seller_ppm = maker.user, maker_kind, market.maker_fee_ppm
    else:
        buyer, buyer_kind, buyer_ppm = maker.user, maker_kind, market.maker_fee_ppm
        seller, seller_kind, seller_ppm = taker.user, Kind.AVAILABLE, market.taker_fee_ppm
    # The house would pay its fees to itself.
    buyer_fee = Atoms(0) if buyer == MARKET_MAKER else fee(base_atoms, buyer_ppm)
    seller_fee = Atoms(0) if seller == MARKET_MAKER else fee(notional, seller_ppm)

    pay = state.ledger.pay
    pay(market.quote, buyer, buyer_kind, seller, notional, Reason.TRADE, trade, at)
    pay(market.base, seller, seller_kind, buyer, base_atoms, Reason.TRADE, trade, at)
    pay(market.base, buyer, Kind.AVAILABLE, FEES, buyer_fee, Reason.FEE, trade, at)
    pay(market.quote, seller, Kind.AVAILABLE, FEES, seller_fee, Reason.FEE, trade, at)

    maker_fee, taker_fee = (seller_fee, buyer_fee) if taker.side is Side.BUY else (buyer_fee, seller_fee)
    return Traded(
        trade,
        market.symbol,
        at,
        price,
        quantity,
        notional,
        taker.side,
        maker.id,
        maker.user,
        maker_fee,
        taker.id,
        taker.user,
        taker_fee,
        maker.reference or taker.reference,
    )


def _decrement(state: State, venue: Venue, taker: Order, maker: Order, quantity: Lots, at: Micros) -> OrderChanged:
    for order in (maker, taker):
        order.prevented = Lots(order.prevented + quantity)
    taker.remaining = Lots(taker.remaining - quantity)
    before = venue.need(maker)[1]
    venue.book.side(maker.side).take(maker, quantity)
    asset, after = venue.need(maker)
    state.ledger.release(maker.user, asset, Atoms(before - after), maker.id, at)
    if maker.remaining:
        return maker.state(OrderStatus.PARTIALLY_FILLED if maker.filled else OrderStatus.NEW, at)
    state.forget_order(maker)
    return maker.state(OrderStatus.EXPIRED_IN_MATCH, at)
