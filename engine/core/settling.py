"""Carry out a plan: each trade moves both sides' money at once, fees on their own."""

from typing import Final

from engine.core.book import Order
from engine.core.events import Event, OrderChanged, Traded
from engine.core.fees import fee
from engine.core.matching import TRADE, Plan, Step
from engine.core.state import State, Venue
from engine.core.types import (
    AVAILABLE,
    BUY,
    EXPIRED_IN_MATCH,
    FEES,
    FILLED,
    HELD,
    MARKET_MAKER,
    NEW,
    PARTIALLY_FILLED,
    Atoms,
    Kind,
    Lots,
    Micros,
    Reason,
    TradeId,
)

PAYMENT: Final = Reason.TRADE
FEE: Final = Reason.FEE


def settle(state: State, venue: Venue, taker: Order, planned: Plan, at: Micros) -> list[Event]:
    """Do what was planned for `taker` and return the events. What it has left is up to the caller."""
    events: list[Event] = []
    for maker, quantity, step in planned.steps:
        if step is TRADE:
            events.append(_trade(state, venue, taker, maker, quantity, at))
            if maker.placed is not None:
                events.append(_after_fill(state, maker, at))
            elif not maker.remaining:
                del venue.quotes(maker.side)[maker.price]
        elif step is Step.EXPIRE:
            events.append(state.close(venue, maker, EXPIRED_IN_MATCH, at))
        else:
            events.append(_decrement(state, venue, taker, maker, quantity, at))
    return events


def _after_fill(state: State, maker: Order, at: Micros) -> OrderChanged:
    if maker.remaining:
        return maker.state(PARTIALLY_FILLED, at)
    state.forget_order(maker)
    return maker.state(FILLED if not maker.prevented else EXPIRED_IN_MATCH, at)


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

    maker_kind: Kind = HELD
    if maker.placed is None:  # a quote's money is not held but kept by `State.quoted`
        maker_kind = AVAILABLE
        if maker.side is BUY:
            state.quoted[market.quote] -= notional
        else:
            state.quoted[market.base] -= base_atoms
    if taker.side is BUY:
        buyer, buyer_kind, buyer_ppm = taker.user, AVAILABLE, market.taker_fee_ppm
        seller, seller_kind, seller_ppm = maker.user, maker_kind, market.maker_fee_ppm
    else:
        buyer, buyer_kind, buyer_ppm = maker.user, maker_kind, market.maker_fee_ppm
        seller, seller_kind, seller_ppm = taker.user, AVAILABLE, market.taker_fee_ppm
    # The house would pay its fees to itself.
    buyer_fee = Atoms(0) if buyer == MARKET_MAKER else fee(base_atoms, buyer_ppm)
    seller_fee = Atoms(0) if seller == MARKET_MAKER else fee(notional, seller_ppm)

    pay = state.ledger.pay
    pay(market.quote, buyer, buyer_kind, seller, notional, PAYMENT, trade, at)
    pay(market.base, seller, seller_kind, buyer, base_atoms, PAYMENT, trade, at)
    pay(market.base, buyer, AVAILABLE, FEES, buyer_fee, FEE, trade, at)
    pay(market.quote, seller, AVAILABLE, FEES, seller_fee, FEE, trade, at)

    maker_fee, taker_fee = (seller_fee, buyer_fee) if taker.side is BUY else (buyer_fee, seller_fee)
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
        return maker.state(PARTIALLY_FILLED if maker.filled else NEW, at)
    state.forget_order(maker)
    return maker.state(EXPIRED_IN_MATCH, at)
