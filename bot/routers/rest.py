"""What no other router knows."""

from aiogram import F, Router
from aiogram.types import CallbackQuery, Message

from bot.refusals import UnknownButton
from bot.texts import Say


def rest_router() -> Router:
    """Return the router that comes last."""
    router = Router(name="rest")
    router.message.register(unknown, F.text)
    router.callback_query.register(unknown_button)
    return router


async def unknown(message: Message, say: Say) -> None:
    """Say where help is."""
    await message.answer(say("unknown"))


async def unknown_button(query: CallbackQuery) -> None:
    """Say that there is no such button."""
    raise UnknownButton
