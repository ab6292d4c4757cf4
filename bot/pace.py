"""Telegram's limits: about 30 messages a second, one a second in a chat, 20 a minute in a group, and its own "wait"."""

import asyncio
from collections import Counter
from typing import Any, Final

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from typing_extensions import override

ALL_S: Final = 1 / 28  # a little slower than the limit: what is sent evenly does not arrive evenly
CHAT_S: Final = 1.05
GROUP: Final = 3  # times as long in a group
BURST_S: Final = 2.0  # an answer may come so much early: Telegram bears short bursts, and people wait for it
PATIENCE_S: Final = 5.0  # an answer that would come later than this is not sent
TRIES: Final = 3
MOST_CHATS: Final = 10_000


class Overrun(Exception):  # noqa: N818  the chat gets what it asked for, later and less of it
    """So much was asked in this chat, or by everybody, that the answer would come too late."""


class Pace(BaseRequestMiddleware):
    """When messages may go. Answers pass through it as a middleware of their session; notices ask it for their turn.

    Times are the loop's, in seconds: all_s is between two messages, chat_s between two in a chat. counted says what
    became of answers, waits how often Telegram wanted us to wait.
    """

    def __init__(self, chat_s: float = CHAT_S, all_s: float = ALL_S) -> None:
        self.counted: Counter[str] = Counter()
        self.waits = 0
        self._chat_s = chat_s
        self._all_s = all_s
        self._all = 0.0  # when the next message may go
        self._held = 0.0  # until when Telegram wants nothing
        self._chats: dict[int, float] = {}  # when the next message may go to each

    @property
    def open_at(self) -> float:
        """When the next message may go, as far as that does not depend on its chat."""
        return max(self._all, self._held)

    def chat_at(self, chat: int) -> float:
        """Return when the next message to a chat may go that nobody waits for."""
        return self._chats.get(chat, 0.0)

    def hold(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._held = max(self._held, asyncio.get_running_loop().time() + seconds)

    def obey(self, told: TelegramRetryAfter) -> None:
        """Send nothing for as long as Telegram says. It does not say whether it means one chat or all."""
        self.waits += 1
        self.hold(told.retry_after)

    async def turn(self, chat: int, early_s: float = 0.0) -> None:
        """Wait until a message may go to a chat, or so much earlier, and count it."""
        loop, at = asyncio.get_running_loop(), 0.0
        while at < (ready := max(self.open_at, self.chat_at(chat) - early_s)):  # which may move while one waits
            await asyncio.sleep(ready - loop.time())
            at = ready
        self._count(chat, loop.time(), self._chats.pop(chat, 0.0))

    @override
    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        chat: Any = getattr(method, "chat_id", None)
        if not isinstance(chat, int):  # no message
            return await make_request(bot, method)
        for left in reversed(range(TRIES)):
            await self._answer_turn(chat)
            try:
                response = await make_request(bot, method)
            except TelegramRetryAfter as told:
                self.obey(told)
                if not left:
                    self.counted["refused"] += 1
                    raise
            except Exception:
                self.counted["failed"] += 1
                raise
            else:
                self.counted["answered"] += 1
                return response
        raise AssertionError

    async def _answer_turn(self, chat: int) -> None:
        """Wait until an answer may go to a chat, and count it. Raises Overrun."""
        now = asyncio.get_running_loop().time()
        in_chat = self._chats.pop(chat, 0.0)
        at = max(now, self._all, self._held, in_chat - BURST_S)
        if at - now > PATIENCE_S:
            self._chats[chat] = in_chat
            self.counted["overrun"] += 1
            raise Overrun
        self._count(chat, at, in_chat)
        await asyncio.sleep(at - now)

    def _count(self, chat: int, at: float, in_chat: float) -> None:
        self._all = max(asyncio.get_running_loop().time(), self._all) + self._all_s
        self._chats[chat] = max(at, in_chat) + (self._chat_s if chat > 0 else self._chat_s * GROUP)
        if len(self._chats) > MOST_CHATS:
            del self._chats[next(iter(self._chats))]
