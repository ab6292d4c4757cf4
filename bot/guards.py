"""What every update passes: by whom, in which language, and what is said to a refusal."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, TelegramObject
from typing_extensions import override

from bot import shown
from bot.notices import Notices
from bot.pace import Overrun
from bot.people import People
from bot.trading import Trading
from engine.accounts.accounts import Accounts
from engine.accounts.types import TelegramUser
from engine.core.refusals import Refused

log = structlog.get_logger()

LONGEST_ANSWER: Final = 200  # characters that a tap may be answered with

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class Answering(BaseMiddleware):
    """Gives the handler its language, and whom it serves in a private chat; says what was refused.

    The account is the one that the page signs in with the same Telegram person.
    """

    def __init__(self, accounts: Accounts, trading: Trading, people: People, notices: Notices) -> None:
        self._accounts = accounts
        self._trading = trading
        self._people = people
        self._notices = notices

    @override
    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Message | CallbackQuery)
        sender = event.from_user
        if sender is None or sender.is_bot:
            return None
        data["say"] = self._people.stranger(sender.language_code)
        user = None
        try:
            if _is_private(event):
                known = TelegramUser(
                    sender.id, sender.first_name, sender.last_name, sender.username, sender.language_code
                )
                user = data["user"] = (await self._accounts.person(known)).id
                data["say"] = await self._people.say(user, sender.language_code)
                self._notices.hears(user)
                self._trading.count_read(user)
            return await handler(event, data)
        except Refused as refused:
            log.info("refused by chat", user=user, code=refused.code)
            await answer(event, shown.refusal(data["say"], refused, self._trading.assets))
        except Overrun:
            log.info("too much in one chat", user=user)
        return None


async def answer(event: Message | CallbackQuery, text: str) -> None:
    """Say something to a message or to a tap."""
    if isinstance(event, Message):
        await event.answer(text)
    else:
        await event.answer(text[:LONGEST_ANSWER], show_alert=True)


def _is_private(event: Message | CallbackQuery) -> bool:
    message = event if isinstance(event, Message) else event.message
    return message is not None and message.chat.type == ChatType.PRIVATE
