"""From an order as it is asked for to the engine's command, and from the engine's events to the answer. All pure."""

from collections.abc import Iterable, Mapping
from typing import Final

from engine.core.commands import PlaceOrder
from engine.core.decimals import MarketDecimals
from engine.core.events import Event, OrderChanged, Traded
from engine.core.refusals import InvalidOrder, InvalidQuantity, UnknownSymbol
from engine.core.types import Atoms, Lots, Micros, OrderType, Side, Ticks, TimeInForce, UserId
from webapp_api import wire
from webapp_api.refusals import NotSupported

Markets = Mapping[str, MarketDecimals]  # by symbol

BUY: Final = Side.BUY
MARKET: Final = OrderType.MARKET
GTC: Final = TimeInForce.GTC
IOC: Final = TimeInForce.IOC

_TYPES: Final[Mapping[str, OrderType]] = {each.value: each for each in OrderType}
_TIMES: Final[Mapping[str | None, TimeInForce]] = {None: GTC, **{each.value: each for each in TimeInForce}}


def to_command(body: wire.PlaceOrder, user: UserId, now: Micros, markets: Markets) -> PlaceOrder:
    """Return the command that the body asks for, in ticks and lots.

    Raises UnknownSymbol, NotSupported, InvalidOrder, InvalidQuantity and what `MarketDecimals` refuses.
    """
    market = markets.get(body.symbol)
    if market is None:
        raise UnknownSymbol(symbol=body.symbol)
    order_type = _TYPES.get(body.type)
    if order_type is None:
        raise NotSupported(f"Orders of type {body.type} are not offered yet.", type=body.type)
    time_in_force = _TIMES.get(body.time_in_force)
    if time_in_force is None:
        raise NotSupported("Time in force gtt is not offered yet.", time_in_force="gtt")
    if order_type is MARKET and time_in_force is GTC:
        if body.time_in_force is not None:
            raise InvalidOrder("A market order never rests: its time in force is ioc or fok.")
        time_in_force = IOC
    if body.stop_price is not None:
        raise InvalidOrder(f"A {body.type} order has no stop_price.")
    price = quantity = quote_quantity = 0
    if body.price is not None:
        if order_type is MARKET:
            raise InvalidOrder("A market order has no price.")
        price = market.price(body.price)
    if body.quantity is not None:
        quantity = market.quantity(body.quantity)
        if not quantity:
            raise InvalidQuantity
    if body.quote_quantity is not None:
        quote_quantity = market.quote_amount(body.quote_quantity)
        if not quote_quantity:
            raise InvalidQuantity("The quote_quantity must be above zero.")
    if order_type is not MARKET and body.price is None:
        raise InvalidOrder(f"A {body.type} order names a price.")
    if not (quantity or quote_quantity):
        raise InvalidOrder("An order names a quantity; a market order may name a quote_quantity instead.")
    return PlaceOrder(
        now,
        user,
        market.market.symbol,
        body.side,
        order_type,
        Lots(quantity),
        Atoms(quote_quantity),
        Ticks(price),
        time_in_force,
        body.self_trade_prevention,
        body.client_order_id or "",
    )


def order(changed: OrderChanged, trades: Iterable[Traded], market: MarketDecimals) -> wire.Order:
    """Return an order as it is answered; trades are its own."""
    filled, prevented = changed.filled, changed.prevented
    quantity, nothing = market.show_quantity, market.no_quantity
    # By position: the cheapest way to make a struct, and this is on the way of every order.
    return wire.Order(
        changed.id,
        changed.client_order_id or None,
        changed.symbol,
        changed.side,
        changed.type,
        changed.time_in_force,
        changed.self_trade_prevention,
        changed.status,
        market.show_price(changed.price) if changed.price else None,
        quantity(changed.quantity) if changed.quantity else None,
        market.show_quote(changed.quote_quantity) if changed.quote_quantity else None,
        quantity(filled) if filled else nothing,
        market.show_quote(changed.notional),
        quantity(prevented) if prevented else nothing,
        market.average_price(changed.notional, filled) if filled else None,
        changed.created_at // 1000,
        changed.updated_at // 1000,
        [fill(trade, changed, market) for trade in trades] if trades else [],
    )


def order_reply(events: list[Event], market: MarketDecimals) -> wire.Order:
    """Return the order that a PlaceOrder made, from that command's own events: no reading back."""
    changed = events[-1]
    assert type(changed) is OrderChanged
    if not changed.filled:
        return order(changed, (), market)
    mine = changed.id
    return order(changed, (e for e in events if type(e) is Traded and e.taker_order == mine), market)


def fill(trade: Traded, changed: OrderChanged, market: MarketDecimals) -> wire.Fill:
    """Return a trade as one of the order's fills."""
    maker = trade.maker_order == changed.id
    fee, fee_asset = _fee(trade, maker, changed.side, market)
    return wire.Fill(
        trade.id, market.show_price(trade.price), market.show_quantity(trade.quantity), fee, fee_asset, maker
    )


def own_trade(trade: Traded, maker: bool, settlement: wire.Settlement, market: MarketDecimals) -> wire.OwnTrade:
    """Return a trade as its maker, or its taker, is told of it."""
    side = trade.taker_side if not maker else _opposite(trade.taker_side)
    fee, fee_asset = _fee(trade, maker, side, market)
    return wire.OwnTrade(
        trade_id=trade.id,
        order_id=trade.maker_order if maker else trade.taker_order,
        symbol=trade.symbol,
        side=side,
        price=market.show_price(trade.price),
        quantity=market.show_quantity(trade.quantity),
        quote_quantity=market.show_quote(trade.notional),
        fee=fee,
        fee_asset=fee_asset,
        maker=maker,
        reference=trade.reference or None,
        created_at=trade.at // 1000,
        settlement=settlement,
    )


def _opposite(side: Side) -> Side:
    return Side.SELL if side is BUY else BUY


def _fee(trade: Traded, maker: bool, side: Side, market: MarketDecimals) -> tuple[str, str]:
    """Return what this party paid: the buyer of what it received in base, the seller in quote."""
    fee = trade.maker_fee if maker else trade.taker_fee
    if side is BUY:
        return market.show_base(fee), market.market.base
    return market.show_quote(fee), market.market.quote
