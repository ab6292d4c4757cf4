"""Coming in, and the language."""

import re
from typing import Final

from aiogram import F, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message, WebAppInfo
from msgspec import Struct

from bot.people import People
from bot.refusals import UnknownButton
from bot.texts import LANGUAGES, Say
from engine.core.types import UserId

_PAYLOAD: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


class Links(Struct, frozen=True):
    """Where the page is. Telegram opens it inside itself where it is https; mini_app_url takes a payload along."""

    public_url: str
    mini_app_url: str | None

    @property
    def operators(self) -> str | None:
        """The operators' page, where Telegram opens it inside itself."""
        return f"{self.public_url.rstrip('/')}/admin" if self.public_url.startswith("https://") else None


def start_router() -> Router:
    """Return the router of /start and /lang."""
    router = Router(name="start")
    router.message.register(start, CommandStart())
    router.message.register(lang, Command("lang"))
    router.callback_query.register(choose, F.data.startswith("lang:"))
    return router


async def start(message: Message, command: CommandObject, say: Say, links: Links) -> None:
    """Greet somebody, whose account is there now, and show the way in."""
    assert message.from_user is not None
    button = way_in(say, links, command.args or "")
    keyboard = None if button is None else InlineKeyboardMarkup(inline_keyboard=[[button]])
    await message.answer(say("start", name=message.from_user.first_name), reply_markup=keyboard)


def way_in(say: Say, links: Links, payload: str) -> InlineKeyboardButton | None:
    """Return the button that opens the page with a payload, as far as there is a way; None where there is no page."""
    text = say("start.open")
    if links.mini_app_url and _PAYLOAD.fullmatch(payload):
        return InlineKeyboardButton(text=text, url=f"{links.mini_app_url}?startapp={payload}")
    if links.public_url.startswith("https://"):
        return InlineKeyboardButton(text=text, web_app=WebAppInfo(url=links.public_url))
    return InlineKeyboardButton(text=text, url=links.mini_app_url) if links.mini_app_url else None


async def lang(message: Message, say: Say) -> None:
    """Ask for the language."""
    row = [InlineKeyboardButton(text=name, callback_data=f"lang:{code}") for code, name in LANGUAGES.items()]
    await message.answer(say("lang"), reply_markup=InlineKeyboardMarkup(inline_keyboard=[row]))


async def choose(query: CallbackQuery, user: UserId, people: People) -> None:
    """Speak the language that was tapped."""
    language = (query.data or "").removeprefix("lang:")
    if language not in LANGUAGES or not isinstance(query.message, Message):
        raise UnknownButton
    await query.message.edit_text((await people.choose(user, language))("lang.done"))
    await query.answer()
