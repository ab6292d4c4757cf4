"""What every update passes: once only, by whom, in which language, and what is said to a refusal."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.types import CallbackQuery, Message, TelegramObject, Update
from typing_extensions import override

from bot import shown
from bot.languages import Languages
from bot.notices import Notices
from bot.pace import Overrun
from bot.trading import Trading
from engine.accounts.accounts import Accounts
from engine.accounts.types import TelegramUser
from engine.core.refusals import Refused

log = structlog.get_logger()

MOST: Final = 10_000  # updates that are remembered
LONGEST_ANSWER: Final = 200  # characters that a tap may be answered with

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]


class OnlyOnce(BaseMiddleware):
    """Drops what came before: the same update, and the same message or tap under a new update's number."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, object], None] = {}

    @override
    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Update)
        names: list[tuple[str, object]] = [("update", event.update_id)]
        if event.message is not None:
            names.append(("message", (event.message.chat.id, event.message.message_id)))
        elif event.callback_query is not None:
            names.append(("tap", event.callback_query.id))
        if any(name in self._seen for name in names):
            log.info("an update came twice", update=event.update_id)
            return None
        for name in names:
            self._seen[name] = None
        while len(self._seen) > MOST:
            del self._seen[next(iter(self._seen))]
        return await handler(event, data)


class Answering(BaseMiddleware):
    """Gives the handler its language, and whom it serves in a private chat; says what was refused.

    The account is the one that the page signs in with the same Telegram person.
    """

    def __init__(self, accounts: Accounts, trading: Trading, languages: Languages, notices: Notices) -> None:
        self._accounts = accounts
        self._trading = trading
        self._languages = languages
        self._notices = notices

    @override
    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        assert isinstance(event, Message | CallbackQuery)
        sender = event.from_user
        if sender is None or sender.is_bot:
            return None
        data["say"] = self._languages.of(None, sender.language_code)
        user = None
        try:
            if _is_private(event):
                known = TelegramUser(
                    sender.id, sender.first_name, sender.last_name, sender.username, sender.language_code
                )
                user = data["user"] = (await self._accounts.person(known)).id
                data["say"] = self._languages.of(user, sender.language_code)
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
