"""What everybody may see of a market, as it is answered over HTTP and over the WebSocket alike. All pure."""

from collections.abc import Iterable

from engine.core.decimals import MarketDecimals, show, show_plain
from engine.core.events import Traded
from engine.core.types import Atoms, Lots, MarketState, Ticks
from engine.market_data.candles import Candle, flat
from engine.market_data.depth import Level
from engine.market_data.market_data import Ticker
from engine.market_data.reference import ReferenceCandle
from engine.market_data.reference_price import ReferencePrice
from webapp_api import market_wire, wire

_PPM_DECIMALS = 6


def market(decimals: MarketDecimals, state: MarketState) -> wire.Market:
    """Return a market's rules and whether it takes orders."""
    rules = decimals.market
    return wire.Market(
        symbol=rules.symbol,
        base=rules.base,
        quote=rules.quote,
        status=state,
        tick_size=decimals.show_price(Ticks(1)),
        lot_size=decimals.show_quantity(Lots(1)),
        price_decimals=decimals.price_places,
        quantity_decimals=decimals.quantity_places,
        max_price=decimals.show_price(rules.max_price),
        max_quantity=decimals.show_quantity(rules.max_quantity),
        maker_fee=show_plain(rules.maker_fee_ppm, _PPM_DECIMALS),
        taker_fee=show_plain(rules.taker_fee_ppm, _PPM_DECIMALS),
    )


def levels(of: Iterable[Level], decimals: MarketDecimals) -> list[tuple[str, str]]:
    """Return levels as [price, quantity]."""
    return [(decimals.show_price(price), decimals.show_quantity(quantity)) for price, quantity in of]


def public_trade(trade: Traded, decimals: MarketDecimals) -> wire.PublicTrade:
    """Return a trade as everybody may see it."""
    return wire.PublicTrade(
        trade.id,
        decimals.show_price(trade.price),
        decimals.show_quantity(trade.quantity),
        trade.taker_side,
        trade.at // 1000,
    )


def candle(of: Candle | ReferenceCandle, decimals: MarketDecimals) -> market_wire.Candle:
    """Return a candle. All that traded here in a reference candle is nothing."""
    shown, quantity, quote = decimals.show_price, decimals.show_quantity, decimals.show_quote
    own, reference = (of, None) if isinstance(of, Candle) else (flat(of.begin, of.close), of)
    return market_wire.Candle(
        of.begin // 1000,
        shown(of.open),
        shown(of.high),
        shown(of.low),
        shown(of.close),
        quantity(Lots(own.volume)),
        quote(Atoms(own.notional)),
        own.trades,
        quantity(Lots(own.taker_buy_volume)),
        quote(Atoms(own.taker_buy_notional)),
        reference is not None,
        None if reference is None else decimals.show_base(reference.volume),
    )


def price(value: Ticks | None, decimals: MarketDecimals) -> str | None:
    """Return a price, or null where there is none."""
    return None if value is None else decimals.show_price(value)


def ticker(now: Ticker, decimals: MarketDecimals) -> wire.Ticker:
    """Return a market's ticker."""
    bid, ask = now.best_bid, now.best_ask
    return wire.Ticker(
        symbol=now.symbol,
        last=price(now.last, decimals),
        bid=price(bid[0], decimals) if bid else None,
        bid_quantity=decimals.show_quantity(bid[1]) if bid else None,
        ask=price(ask[0], decimals) if ask else None,
        ask_quantity=decimals.show_quantity(ask[1]) if ask else None,
        open=price(now.open, decimals),
        high=price(now.high, decimals),
        low=price(now.low, decimals),
        change=price(now.change, decimals),
        volume=decimals.show_quantity(now.volume),
        quote_volume=decimals.show_quote(now.quote_volume),
        trades=now.trades,
        at=now.at // 1000,
        spread=price(now.spread, decimals),
        weighted_average=decimals.average_price(now.quote_volume, now.volume),
        previous_close=price(now.previous_close, decimals),
        change_percent=_percent(now),
        reference=None if now.reference is None else _reference(now.reference, decimals),
        status=now.state,
    )


def _reference(of: ReferencePrice, decimals: MarketDecimals) -> wire.Reference:
    places = decimals.price_places
    last, bid, ask = (None if text is None else _tidy(text, places) for text in (of.last, of.bid, of.ask))
    return wire.Reference(last, bid, ask, of.at // 1000)


def _tidy(text: str, places: int) -> str:
    """Return another venue's decimal number with no zeros that say nothing, but with as many places as our prices."""
    whole, _, part = text.partition(".")
    part = part.rstrip("0").ljust(places, "0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{part}" if part else whole


def _percent(now: Ticker) -> str | None:
    """Return the change in percent of the first price, cut (not rounded) to two decimals."""
    if now.change is None or now.open is None:
        return None
    hundredths = abs(now.change) * 10_000 // now.open
    return show(hundredths if now.change > 0 else -hundredths, 2)
