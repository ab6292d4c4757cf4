"""Telegram's limits: 30 messages a second, one a second in a chat, 20 a minute in a group, and its own "wait"."""

import asyncio
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from typing_extensions import override

ALL_S: Final = 1 / 30
CHAT_S: Final = 1.0
GROUP: Final = 3  # times as long in a group
BURST_S: Final = 2.0  # an answer may come so much early: Telegram bears short bursts, and people wait for it
PATIENCE_S: Final = 5.0  # an answer that would come later than this is not sent
TRIES: Final = 3
MOST_CHATS: Final = 10_000


class Overrun(Exception):  # noqa: N818  the chat gets what it asked for, later and less of it
    """So much was asked in this chat, or by everybody, that the answer would come too late."""


class Pace(BaseRequestMiddleware):
    """Every message goes through here. Times are the loop's, in seconds; chat_s is between two messages in a chat."""

    def __init__(self, chat_s: float = CHAT_S) -> None:
        self._chat_s = chat_s
        self._all = 0.0  # when the next message may go
        self._held = 0.0  # until when Telegram wants nothing
        self._chats: dict[int, float] = {}  # when the next message may go to each

    def ready_at(self, chat: int) -> float:
        """Return when the next message to a chat may go that nobody waits for."""
        return max(self._all, self._held, self._chats.get(chat, 0.0))

    def hold(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._held = max(self._held, asyncio.get_running_loop().time() + seconds)

    @override
    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        chat: Any = getattr(method, "chat_id", None)
        if not isinstance(chat, int):  # no message
            return await make_request(bot, method)
        for left in reversed(range(TRIES)):
            await self._turn(chat)
            try:
                return await make_request(bot, method)
            except TelegramRetryAfter as told:
                self.hold(told.retry_after)
                if not left:
                    raise
        raise AssertionError

    async def _turn(self, chat: int) -> None:
        """Wait until a message may go to a chat, and count it. Raises Overrun."""
        now = asyncio.get_running_loop().time()
        in_chat = self._chats.pop(chat, 0.0)
        at = max(now, self._all, self._held, in_chat - BURST_S)
        if at - now > PATIENCE_S:
            self._chats[chat] = in_chat
            raise Overrun
        self._all = max(now, self._all) + ALL_S
        self._chats[chat] = max(at, in_chat) + (self._chat_s if chat > 0 else self._chat_s * GROUP)
        if len(self._chats) > MOST_CHATS:
            del self._chats[next(iter(self._chats))]
        await asyncio.sleep(at - now)
