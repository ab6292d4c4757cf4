"""What everybody may see of a market, as it is answered over HTTP and over the WebSocket alike. All pure."""

from collections.abc import Iterable

from engine.core.decimals import MarketDecimals, show_plain
from engine.core.events import Traded
from engine.core.types import Lots, Ticks
from engine.market_data.depth import Level
from engine.market_data.market_data import Ticker
from webapp_api import wire

_PPM_DECIMALS = 6


def market(decimals: MarketDecimals) -> wire.Market:
    """Return a market's rules."""
    rules = decimals.market
    return wire.Market(
        symbol=rules.symbol,
        base=rules.base,
        quote=rules.quote,
        status="trading",
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


def ticker(now: Ticker, decimals: MarketDecimals) -> wire.Ticker:
    """Return a market's ticker."""
    bid, ask = now.best_bid, now.best_ask

    def price(value: Ticks | None) -> str | None:
        return None if value is None else decimals.show_price(value)

    return wire.Ticker(
        symbol=now.symbol,
        last=price(now.last),
        bid=price(bid[0]) if bid else None,
        bid_quantity=decimals.show_quantity(bid[1]) if bid else None,
        ask=price(ask[0]) if ask else None,
        ask_quantity=decimals.show_quantity(ask[1]) if ask else None,
        open=price(now.open),
        high=price(now.high),
        low=price(now.low),
        change=price(now.change),
        volume=decimals.show_quantity(now.volume),
        quote_volume=decimals.show_quote(now.quote_volume),
        trades=now.trades,
        at=now.at // 1000,
    )
