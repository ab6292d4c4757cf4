"""Orders, trades, prices and refusals in words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bot.plan import Estimate, Plan
from bot.texts import Say
from engine.core.decimals import MarketDecimals, show_details, show_plain
from engine.core.events import OrderChanged, Traded
from engine.core.market import Asset
from engine.core.refusals import Refused
from engine.core.types import BUY, SELL, Atoms, Lots, MarketState, Micros, UserId
from engine.market_data.market_data import Ticker

_AMOUNTS: Final = frozenset({"available", "needed", "offered"})


def plain(text: str | int) -> str:
    """Return a decimal without trailing zeros."""
    text = str(text)
    return text.rstrip("0").rstrip(".") if "." in text else text


def refusal(say: Say, refused: Refused, assets: Mapping[str, Asset]) -> str:
    """Return one sentence of a refusal; one without a text of its own is told in general."""
    key = f"refused.{refused.code}"
    if key not in say.texts:
        return say("refused")
    details = show_details(refused, assets)
    return say(key, **{name: plain(value) if name in _AMOUNTS else value for name, value in details.items()})


def price(say: Say, ticker: Ticker, market: MarketDecimals) -> str:
    """Return a market's prices."""
    terms, none = market.market, say("price.none")
    symbol, last = f"{terms.base}/{terms.quote}", _last(ticker, market)
    bid, ask = (market.show_price(side[0]) if side else none for side in (ticker.best_bid, ticker.best_ask))
    lines = [
        say("price.last", symbol=symbol, last=last, quote=terms.quote)
        if last
        else say("price.untraded", symbol=symbol),
        say("price.book", bid=bid, ask=ask),
    ]
    if ticker.state is not MarketState.TRADING:
        lines.append(say(f"price.{ticker.state.value}"))
    if ticker.change is not None and ticker.open:
        hundredths = ticker.change * 10_000 // ticker.open
        change = f"{'-' if hundredths < 0 else '+'}{show_plain(abs(hundredths), 2)}"
        volume = plain(market.show_quantity(ticker.volume))
        lines.append(say("price.day", change=change, volume=volume, base=terms.base))
    return "\n".join(lines)


def _last(ticker: Ticker, market: MarketDecimals) -> str | None:
    """Return the last price; before the first trade another venue's."""
    if ticker.last is not None:
        return market.show_price(ticker.last)
    return ticker.reference.last if ticker.reference is not None else None


def card(say: Say, plan: Plan, come_to: Estimate, *, more: str = "") -> str:
    """Return what a card asks."""
    market = plan.market
    terms = market.market
    how = "own" if plan.price else "best"
    average = market.show_price(plan.price) if plan.price else _average(market, come_to.notional, come_to.quantity)
    received = (market.show_base(come_to.fee), terms.base), (market.show_quote(come_to.fee), terms.quote)
    fee, fee_asset = received[plan.side is SELL]
    lines = [
        say(f"card.{plan.side.value}", quantity=plain(market.show_quantity(come_to.quantity)), base=terms.base),
        say(f"card.price.{how}", price=average, quote=terms.quote),
        say(f"card.total.{how}", total=plain(market.show_quote(come_to.notional)), quote=terms.quote),
        say("card.fee", fee=plain(fee), asset=fee_asset),
        "",
        more or say("card.seconds"),
    ]
    return "\n".join(lines)


def order(say: Say, changed: OrderChanged, market: MarketDecimals) -> str:
    """Return an order and what became of it."""
    terms = market.market
    named: dict[str, str | int] = {"id": changed.id, "base": terms.base, "quote": terms.quote}
    if changed.price:
        quantity, at = plain(market.show_quantity(changed.quantity)), market.show_price(changed.price)
        lines = [say(f"order.{changed.side.value}.limit", quantity=quantity, price=at, **named)]
    else:
        lines = [say(f"order.{changed.side.value}.market", **named)]
    if changed.filled:
        lines.append(
            say(
                "order.bought" if changed.side is BUY else "order.sold",
                filled=plain(market.show_quantity(changed.filled)),
                total=plain(market.show_quote(changed.notional)),
                average=_average(market, changed.notional, changed.filled),
                base=terms.base,
                quote=terms.quote,
            )
        )
    if not (changed.quote_quantity and changed.filled):  # what was left of the money is less than a lot costs
        lines.append(say(f"order.{changed.status.value}"))
    return "\n".join(lines)


def open_order(say: Say, changed: OrderChanged, market: MarketDecimals) -> str:
    """Return one line of an open order."""
    return say(
        "orders.line",
        id=changed.id,
        side=say(f"side.{changed.side.value}"),
        quantity=plain(market.show_quantity(changed.quantity)),
        price=market.show_price(changed.price),
        filled=plain(market.show_quantity(changed.filled)),
        base=market.market.base,
        quote=market.market.quote,
    )


def trade(say: Say, traded: Traded, user: UserId, market: MarketDecimals) -> str:
    """Return one line of an own trade."""
    side = traded.taker_side
    if traded.taker != user:
        side = SELL if side is BUY else BUY
    return say(
        f"trades.{side.value}",
        time=moment(traded.at),
        quantity=plain(market.show_quantity(traded.quantity)),
        price=market.show_price(traded.price),
        base=market.market.base,
        quote=market.market.quote,
    )


def moment(at: Micros) -> str:
    """Return a time as people read it, in UTC."""
    return f"{datetime.fromtimestamp(at / 1e6, UTC):%Y-%m-%d %H:%M}"


def _average(market: MarketDecimals, notional: Atoms, quantity: Lots) -> str:
    """Return an average price, cut to what a price has."""
    found = market.average_price(notional, quantity)
    assert found is not None
    return found[:-2]
