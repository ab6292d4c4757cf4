"""What administrators ask. Everybody else is answered as to any unknown command."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiogram import BaseMiddleware, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message, TelegramObject, WebAppInfo
from typing_extensions import override

from bot.house import ALL, House
from bot.plan import find_market
from bot.routers.rest import unknown
from bot.routers.start import Links
from bot.texts import Say
from bot.trading import Trading
from engine.accounts.administration import Administration, NotAnAdmin
from engine.core.types import UserId

QUOTES: Final = "quotes"  # after a market's name: only what the house offers there


class ForAdmins(BaseMiddleware):
    """Lets administrators through. It stands behind what gives handlers their user."""

    def __init__(self, administration: Administration) -> None:
        self._administration = administration

    @override
    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        assert isinstance(event, Message)
        try:
            await self._administration.check(data["user"])
        except NotAnAdmin:
            return await unknown(event, data["say"])
        return await handler(event, data)


def house_router(administration: Administration) -> Router:
    """Return the router of /status, /pause, /halt and /resume."""
    router = Router(name="house")
    router.message.middleware(ForAdmins(administration))
    router.message.register(status, Command("status"))
    router.message.register(pause, Command("pause"))
    router.message.register(halt, Command("halt"))
    router.message.register(resume, Command("resume"))
    return router


async def status(message: Message, say: Say, house: House, links: Links) -> None:
    """Say how every part of the exchange is doing, and show the way to the operators' page."""
    lines = [f"{'✓' if each.is_well else '✗'} {name}: {each.text}" for name, each in await house.status()]
    await message.answer("\n".join(lines), reply_markup=_to_page(say, links))


async def pause(
    message: Message, command: CommandObject, say: Say, user: UserId, house: House, trading: Trading
) -> None:
    """Let a market, or all, take no new orders; or only stop quoting it."""
    market, quotes = _asked(command, trading)
    if market is None:
        await message.answer(say("pause.which"))
    elif quotes:
        await house.pause_quotes(user, market)
        await message.answer(say("pause.quotes_all") if market == ALL else say("pause.quotes", symbol=market))
    else:
        await house.pause(user, market)
        await message.answer(say("pause.all") if market == ALL else say("pause.done", symbol=market))


async def halt(
    message: Message, command: CommandObject, say: Say, user: UserId, house: House, trading: Trading
) -> None:
    """Let nothing be done with the orders of a market, or of all."""
    market, quotes = _asked(command, trading)
    if market is None or quotes:
        await message.answer(say("halt.which"))
    else:
        await house.halt(user, market)
        await message.answer(say("halt.all") if market == ALL else say("halt.done", symbol=market))


async def resume(
    message: Message, command: CommandObject, say: Say, user: UserId, house: House, trading: Trading
) -> None:
    """Let a market, or all, take orders again; or only be quoted again."""
    market, quotes = _asked(command, trading)
    if market is None:
        await message.answer(say("pause.which"))
    elif quotes:
        await house.resume_quotes(user, market)
        await message.answer(say("resume.quotes_all") if market == ALL else say("resume.quotes", symbol=market))
    else:
        await house.resume(user, market)
        await message.answer(say("resume.all") if market == ALL else say("resume.done", symbol=market))


def _to_page(say: Say, links: Links) -> InlineKeyboardMarkup | None:
    if links.operators is None:
        return None
    button = InlineKeyboardButton(text=say("status.open"), web_app=WebAppInfo(url=links.operators))
    return InlineKeyboardMarkup(inline_keyboard=[[button]])


def _asked(command: CommandObject, trading: Trading) -> tuple[str | None, bool]:
    """Return which market is named, ALL, or None where none is, and whether only its quotes. Raises UnknownSymbol."""
    words = (command.args or "").lower().split()
    quotes = words[-1:] == [QUOTES]
    name = " ".join(words[:-1] if quotes else words)
    if not name or name == ALL:
        return ALL if name else None, quotes
    return find_market(name, trading.markets).market.symbol, quotes
