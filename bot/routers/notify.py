"""What somebody wants to hear of, and how loudly."""

from typing import Final

from aiogram import F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot.house import House
from bot.refusals import UnknownButton
from bot.texts import Say
from data.store.notifications import SqlNotifications
from engine.accounts.notifications import Kind, Level, kinds
from engine.core.types import UserId

_NEXT: Final = {Level.ON: Level.SILENT, Level.SILENT: Level.OFF, Level.OFF: Level.ON}


def notify_router() -> Router:
    """Return the router of /notify and its buttons."""
    router = Router(name="notify")
    router.message.register(notify, Command("notify"))
    router.callback_query.register(choose_level, F.data.startswith("notify:"))
    return router


async def notify(message: Message, say: Say, user: UserId, notifications: SqlNotifications, house: House) -> None:
    """Show what somebody hears of."""
    levels = await notifications.levels(user)
    await message.answer(say("notify"), reply_markup=await _keyboard(say, user, levels, house))


async def choose_level(
    query: CallbackQuery, say: Say, user: UserId, notifications: SqlNotifications, house: House
) -> None:
    """Change one of it, as its button says."""
    _, _, wanted = (query.data or "").partition(":")
    kind, _, level = wanted.partition(":")
    if kind not in {each.value for each in Kind} or level not in {each.value for each in Level}:
        raise UnknownButton
    levels = await notifications.choose(user, {Kind(kind): Level(level)})
    await query.answer()
    if isinstance(query.message, Message):
        await query.message.edit_reply_markup(reply_markup=await _keyboard(say, user, levels, house))


async def _keyboard(say: Say, user: UserId, levels: dict[Kind, Level], house: House) -> InlineKeyboardMarkup:
    """Return a button for each kind, which says how it is and changes it to the next level."""
    shown = kinds(is_admin=await house.administration.includes(user))
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [
                InlineKeyboardButton(
                    text=say("notify.line", kind=say(f"notify.{kind.value}"), level=say(f"level.{levels[kind].value}")),
                    callback_data=f"notify:{kind.value}:{_NEXT[levels[kind]].value}",
                )
            ]
            for kind in shown
        ]
    )
