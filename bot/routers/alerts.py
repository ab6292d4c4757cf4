"""Price alerts: asked for, listed, armed again, deleted."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from msgspec.structs import replace

from bot import alert_wish
from bot.alert_wish import AlertWish, Direction
from bot.alerts import Alerts, around
from bot.plan import find_market
from bot.refusals import AlreadyThere, NoPriceNow, TooManyAlerts, UnknownAlert
from bot.texts import Say
from bot.trading import Trading
from data.store.price_alerts import PriceAlert, SqlPriceAlerts
from engine.core.decimals import MarketDecimals, show_plain
from engine.core.refusals import InvalidPrice
from engine.core.types import Micros, Symbol, Ticks, UserId

MOST: Final = 20  # of one person


def alerts_router() -> Router:
    """Return the router of /alert and /alerts and their buttons."""
    router = Router(name="alerts")
    router.message.register(alert, Command("alert"))
    router.message.register(alerts_list, Command("alerts"))
    router.callback_query.register(delete_alert, F.data.startswith("alert:drop:"))
    router.callback_query.register(arm_alert, F.data.startswith("alert:arm:"))
    return router


async def alert(
    message: Message,
    command: CommandObject,
    say: Say,
    user: UserId,
    trading: Trading,
    alerts: Alerts,
    alert_store: SqlPriceAlerts,
) -> None:
    """Set an alert; without words, list them."""
    if not command.args:
        await alerts_list(message, say, user, trading, alert_store)
        return
    wish = alert_wish.read(command.args)
    market = find_market(wish.market, trading.markets)
    wanted = _of_wish(wish, market, user, alerts.price(Symbol(market.market.symbol)), alerts.now())
    number = await alert_store.add(wanted, MOST)
    if number is None:
        raise TooManyAlerts(limit=MOST)
    if number:
        alerts.arm(replace(wanted, id=number))
    await message.answer(say("alert.set", alert=_shown(say, wanted, market)))


async def alerts_list(message: Message, say: Say, user: UserId, trading: Trading, alert_store: SqlPriceAlerts) -> None:
    """List the alerts, each with its buttons."""
    text, keyboard = await _list(say, user, trading, alert_store)
    await message.answer(text, reply_markup=keyboard)


async def delete_alert(
    query: CallbackQuery, say: Say, user: UserId, trading: Trading, alerts: Alerts, alert_store: SqlPriceAlerts
) -> None:
    """Delete an alert, and show what is left."""
    found = await _own(query, user, alert_store)
    await alert_store.delete(user, found.id)
    alerts.forget(found)
    await _show_list(query, say, user, trading, alert_store)


async def arm_alert(
    query: CallbackQuery, say: Say, user: UserId, trading: Trading, alerts: Alerts, alert_store: SqlPriceAlerts
) -> None:
    """Arm an alert again; a move is counted from the price of now."""
    found = await _own(query, user, alert_store)
    price = alerts.price(found.symbol)
    if found.move_ppm is not None:
        if price is None:
            raise NoPriceNow
        above, below = around(price, found.move_ppm)
        found = replace(found, above=above, below=below)
    _check(found, price)
    alerts.forget(found)
    armed = replace(found, armed=True, armed_at=alerts.now(), fired_at=None, fired_price=None)
    if await alert_store.arm(armed):
        alerts.arm(armed)
    market = trading.markets[found.symbol]
    if isinstance(query.message, Message) and query.message.text and _is_list(query.message):
        await _show_list(query, say, user, trading, alert_store)
    else:
        await query.answer(say("alert.set", alert=_shown(say, armed, market)))


def _of_wish(wish: AlertWish, market: MarketDecimals, user: UserId, price: Ticks | None, now: Micros) -> PriceAlert:
    """Return the alert that somebody wants. Raises what `market.price` raises, NoPriceNow or AlreadyThere."""
    symbol, above, below, move = Symbol(market.market.symbol), None, None, None
    if wish.direction is Direction.MOVE:
        move = wish.move_ppm
        if price is None:
            raise NoPriceNow
        above, below = around(price, move)
    else:
        wanted = market.price(wish.amount)
        if not 0 < wanted <= market.market.max_price:
            raise InvalidPrice
        above, below = (wanted, None) if wish.direction is Direction.ABOVE else (None, wanted)
    alert = PriceAlert(0, user, symbol, above, below, move, now)
    _check(alert, price)
    return alert


def _check(alert: PriceAlert, price: Ticks | None) -> None:
    """Raise AlreadyThere for an alert that would fire at once."""
    if price is not None and alert.move_ppm is None:
        is_above = alert.above is not None and price >= alert.above
        if is_above or (alert.below is not None and price <= alert.below):
            raise AlreadyThere


async def _own(query: CallbackQuery, user: UserId, alert_store: SqlPriceAlerts) -> PriceAlert:
    """Return a person's alert that a button names. Raises UnknownAlert."""
    number = (query.data or "").rpartition(":")[2]
    for each in await alert_store.of(user):
        if str(each.id) == number:
            return each
    raise UnknownAlert


async def _show_list(
    query: CallbackQuery, say: Say, user: UserId, trading: Trading, alert_store: SqlPriceAlerts
) -> None:
    await query.answer()
    if isinstance(query.message, Message):
        text, keyboard = await _list(say, user, trading, alert_store)
        await query.message.edit_text(text, reply_markup=keyboard)


def _is_list(message: Message) -> bool:
    """Say whether a message is a list: an alert's own message has one button."""
    keyboard = message.reply_markup
    return keyboard is not None and any(
        (each.callback_data or "").startswith("alert:drop:") for row in keyboard.inline_keyboard for each in row
    )


async def _list(
    say: Say, user: UserId, trading: Trading, alert_store: SqlPriceAlerts
) -> tuple[str, InlineKeyboardMarkup | None]:
    found = [each for each in await alert_store.of(user) if each.symbol in trading.markets]
    if not found:
        return say("alerts.none"), None
    lines, rows = [say("alerts")], []
    for number, each in enumerate(found, 1):
        market = trading.markets[each.symbol]
        line = _shown(say, each, market)
        if not each.armed and each.fired_price is not None:
            line = say("alerts.fired", alert=line, price=market.show_price(each.fired_price), quote=market.market.quote)
        lines.append(f"{number}. {line}")
        row = [InlineKeyboardButton(text=say("alerts.delete", number=number), callback_data=f"alert:drop:{each.id}")]
        if not each.armed:
            again = say("alerts.arm_number", number=number)
            row.append(InlineKeyboardButton(text=again, callback_data=f"alert:arm:{each.id}"))
        rows.append(row)
    return "\n".join(lines), InlineKeyboardMarkup(inline_keyboard=rows)


def _shown(say: Say, alert: PriceAlert, market: MarketDecimals) -> str:
    terms = market.market
    named = {"symbol": f"{terms.base}/{terms.quote}", "quote": terms.quote}
    above, below = (None if each is None else market.show_price(each) for each in (alert.above, alert.below))
    if alert.move_ppm is not None:
        return say("alert.move", percent=show_plain(alert.move_ppm, 4), above=above or "", below=below or "", **named)
    if above is not None:
        return say("alert.above", price=above, **named)
    return say("alert.below", price=below or "", **named)
