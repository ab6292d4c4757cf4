"""What the bot answers everywhere, in groups too."""

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, Message

from bot import shown
from bot.plan import find_market
from bot.refusals import UnknownButton
from bot.texts import Say
from bot.trading import Trading


def public_router() -> Router:
    """Return the router of /price and /help."""
    router = Router(name="public")
    router.message.register(price, Command("price"))
    router.message.register(help_here, Command("help"))
    return router


def silent_router() -> Router:
    """Return the router that keeps everything else that is not private from those behind it."""
    router = Router(name="silent")
    router.message.register(nothing, F.chat.type != ChatType.PRIVATE)
    router.callback_query.register(no_button, _is_elsewhere)
    return router


async def price(message: Message, command: CommandObject, say: Say, trading: Trading) -> None:
    """Say what a market's prices are, or all markets'."""
    wanted = find_market(command.args.strip(), trading.markets).market.symbol if command.args else None
    tickers = [each for each in trading.tickers() if wanted in (None, each.symbol)]
    await message.answer("\n\n".join(shown.price(say, each, trading.markets[each.symbol]) for each in tickers))


async def help_here(message: Message, say: Say) -> None:
    """Say what the bot understands."""
    await message.answer(say("help" if message.chat.type == ChatType.PRIVATE else "help.group"))


def _is_elsewhere(query: CallbackQuery) -> bool:
    return query.message is None or query.message.chat.type != ChatType.PRIVATE


async def nothing(message: Message) -> None:
    """Say nothing: the rest is between each person and the bot."""


async def no_button(query: CallbackQuery) -> None:
    """Say that nothing was done: buttons are good where the bot has put them."""
    raise UnknownButton
