"""What one has, and what one has done."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import shown
from bot.texts import Say
from bot.trading import Trading
from engine.core.decimals import show_plain
from engine.core.events import OrderChanged
from engine.core.refusals import UnknownOrder
from engine.core.types import OrderId, UserId


def account_router() -> Router:
    """Return the router of /balance, /portfolio, /orders, /cancel and /trades."""
    router = Router(name="account")
    router.message.register(balance, Command("balance"))
    router.message.register(portfolio, Command("portfolio"))
    router.message.register(orders, Command("orders"))
    router.message.register(cancel, Command("cancel"))
    router.message.register(trades, Command("trades"))
    router.callback_query.register(cancel_tapped, F.data.startswith("cancel:"))
    return router


async def balance(message: Message, say: Say, user: UserId, trading: Trading) -> None:
    """Say what the account has."""
    lines = []
    for each in await trading.balances(user):
        decimals = trading.assets[each.asset].decimals
        amounts = {"available": show_plain(each.available, decimals), "held": show_plain(each.held, decimals)}
        lines.append(say("balance.held" if each.held else "balance.line", asset=each.asset, **amounts))
    await message.answer("\n".join([say("balance"), *lines]) if lines else say("balance.none"))


async def portfolio(message: Message, say: Say, user: UserId, trading: Trading) -> None:
    """Say what it is worth."""
    currency, lines, total = trading.valuation.currency, [], 0
    for each in await trading.balances(user):
        amount = show_plain(each.available + each.held, trading.assets[each.asset].decimals)
        worth = trading.valuation.value(each)
        if worth is None:
            lines.append(say("portfolio.unpriced", asset=each.asset, amount=amount))
        else:
            total += worth
            value = show_plain(worth, currency.decimals)
            lines.append(say("portfolio.line", asset=each.asset, amount=amount, value=value, currency=currency.code))
    if not lines:
        await message.answer(say("balance.none"))
        return
    shown_total = show_plain(total, currency.decimals)
    await message.answer("\n".join([say("portfolio", total=shown_total, currency=currency.code), *lines]))


async def orders(message: Message, say: Say, user: UserId, trading: Trading) -> None:
    """List the open orders, each with a button that cancels it."""
    text, keyboard = await _open_orders(say, user, trading)
    await message.answer(text, reply_markup=keyboard)


async def _open_orders(say: Say, user: UserId, trading: Trading) -> tuple[str, InlineKeyboardMarkup | None]:
    found, more = await trading.open_orders(user)
    if not found:
        return say("orders.none"), None
    lines = [shown.open_order(say, each, trading.markets[each.symbol]) for each in found]
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[_cancel_button(say, each)] for each in found])
    return "\n".join([say("orders"), *lines, *([say("orders.more")] if more else [])]), keyboard


def _cancel_button(say: Say, order: OrderChanged) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=say("orders.cancel", id=order.id), callback_data=f"cancel:{order.id}")


async def cancel(message: Message, command: CommandObject, say: Say, user: UserId, trading: Trading) -> None:
    """Cancel an order by its number."""
    if not command.args:
        await message.answer(say("cancel.which"))
        return
    order = await trading.cancel(user, _order_id(command.args.strip()))
    await message.answer(say("cancel.done", id=order.id))


async def cancel_tapped(query: CallbackQuery, say: Say, user: UserId, trading: Trading) -> None:
    """Cancel an order by its button, and show what is left."""
    order = await trading.cancel(user, _order_id((query.data or "").removeprefix("cancel:")))
    await query.answer(say("cancel.done", id=order.id))
    if isinstance(query.message, Message):
        text, keyboard = await _open_orders(say, user, trading)
        await query.message.edit_text(text, reply_markup=keyboard)


def _order_id(text: str) -> OrderId:
    """Return an order's id. Raises UnknownOrder where it can't be one."""
    digits = text.removeprefix("#")
    if not (digits.isascii() and digits.isdecimal() and len(digits) <= 18 and int(digits)):
        raise UnknownOrder
    return OrderId(int(digits))


async def trades(message: Message, say: Say, user: UserId, trading: Trading) -> None:
    """List the latest trades."""
    found = [each.trade for each in await trading.trades(user)]
    lines = [shown.trade(say, each, user, trading.markets[each.symbol]) for each in found]
    await message.answer("\n".join([say("trades"), *lines]) if lines else say("trades.none"))
