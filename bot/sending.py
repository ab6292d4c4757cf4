"""Telling what waits in the outbox, at Telegram's pace, each thing once.

One notice at a time is made ready, noted as being sent, and sent in its turn; some may wait for Telegram's answer
beside it. A change of a message that is there may be made twice without harm, so only new messages are noted before.
What Telegram refused for its pace or an error of its own was not told, and is told later. Where no answer came, or a
kill came before it, nobody knows: then it is told again, and says so.
"""

import asyncio
import heapq
import random
from collections import Counter
from contextlib import suppress
from typing import Final

import structlog
from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiohttp import ClientConnectorError
from msgspec.structs import replace

from bot.outbox import MOST_PEOPLE, Notice, Outbox
from bot.pace import BURST_S, Pace
from bot.people import People
from bot.telling import Message, Teller
from data.store.notices import Place
from data.store.notifications import SqlNotifications
from engine.accounts.accounts import Accounts
from engine.accounts.notifications import Level
from engine.core.types import UserId
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

AT_ONCE: Final = 16  # messages that wait for Telegram's answer
LONGEST_PAUSE_S: Final = 30.0
AGAIN_S: Final = 1.0


class Sender:
    """Sends for as long as `run` runs. counted says what became of messages; bot's session keeps no pace of its own."""

    def __init__(
        self,
        bot: Bot,
        outbox: Outbox,
        pace: Pace,
        accounts: Accounts,
        people: People,
        notifications: SqlNotifications,
        teller: Teller,
    ) -> None:
        self.counted: Counter[str] = Counter()
        self.deaf: dict[UserId, None] = {}  # who has blocked the bot, or never wrote to it, or wants to hear nothing
        self._bot = bot
        self._outbox = outbox
        self._pace = pace
        self._accounts = accounts
        self._people = people
        self._notifications = notifications
        self._teller = teller
        self._due: list[tuple[float, UserId]] = []  # a heap; of a person, only the entry that is in _at counts
        self._at: dict[UserId, float] = {}  # when each person is due who waits, but for those in _busy
        self._busy: set[UserId] = set()  # who is sent something now
        self._under_way: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._wake = asyncio.Event()
        self._failures = 0

    def wake(self, user: UserId, *, at_once: bool = False) -> None:
        """Note that something waits for somebody; at_once says that they wait for it too."""
        if user not in self._busy and (at_once or user not in self._at):
            self._push(user, 0.0)

    async def run(self) -> None:
        """Send what waits, for ever."""
        while True:
            user = await self._next()
            mine = self._outbox.waiting.get(user, {}).values()
            notice = next((each for each in mine if each.body.card), next(iter(mine), None))
            if notice is None:
                self._done(user)
                continue
            try:
                await self._send(user, notice)
            except Busy:
                self._done(user, AGAIN_S)
            except Exception:
                log.exception("a notice can't be told", user=user, topic=notice.topic)
                self.counted["failed"] += 1
                self._outbox.drop(notice)
                self._done(user)

    async def finish(self, patience_s: float) -> None:
        """Wait for the answers to what is under way, for so long at most."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=patience_s)
        left = list(self._under_way)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _next(self) -> UserId:
        """Return who is to be told something next, as soon as that may be."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            if not self._due:
                await self._wake.wait()
                continue
            due, user = self._due[0]
            if self._at.get(user) != due:
                heapq.heappop(self._due)
                continue
            at = max(due, self._pace.open_at)
            if at <= loop.time():
                heapq.heappop(self._due)
                del self._at[user]
                self._busy.add(user)
                return user
            with suppress(TimeoutError):
                async with asyncio.timeout(at - loop.time()):
                    await self._wake.wait()

    def _done(self, user: UserId, pause_s: float = 0.0) -> None:
        """Let a person's next notice be due, if there is one."""
        self._busy.discard(user)
        if self._outbox.waiting.get(user):
            self._push(user, asyncio.get_running_loop().time() + pause_s)
        else:
            self._outbox.waiting.pop(user, None)

    def _push(self, user: UserId, at: float) -> None:
        self._at[user] = at
        heapq.heappush(self._due, (at, user))
        self._wake.set()

    async def _send(self, user: UserId, notice: Notice) -> None:
        """Tell a person something, as far as that can be done before Telegram answers."""
        account = await self._accounts.account(user)
        chat = None if account is None else account.telegram_id
        if chat is None:
            self._hears_nothing(user)
            return
        assert account is not None
        early_s = BURST_S if notice.body.card else 0.0  # it is an answer to a tap
        wait_s = self._pace.chat_at(chat) - early_s - asyncio.get_running_loop().time()
        if wait_s > 0:  # others go first
            self._done(user, wait_s)
            return
        level = (await self._notifications.levels(user))[notice.body.kind]
        say = await self._people.say(user, account.language_code)
        message = None if level is Level.OFF else await self._teller.message(notice, say)
        if message is None:
            self.counted["unwanted"] += 1
            self._outbox.drop(notice)
            self._done(user)
            return
        place = None if notice.rings else await self._outbox.place(notice)
        await self._room.acquire()
        if place is None:
            if notice.again:
                message = replace(message, text=f"{message.text}\n\n{say('notice.again')}")
            await self._outbox.mark(notice)
        await self._pace.turn(chat, early_s)
        task = asyncio.create_task(self._tell(notice, chat, message, place, silent=level is Level.SILENT))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(lambda _: self._room.release())

    async def _tell(self, notice: Notice, chat: int, message: Message, place: Place | None, *, silent: bool) -> None:
        """Send a message or change one, and note what became of it."""
        user, pause_s = notice.user, 0.0
        try:
            if place is not None:
                told = await self._change(notice, message, place)
            else:
                sent = await self._bot.send_message(
                    chat, message.text, reply_markup=message.keyboard, disable_notification=silent
                )
                told = Place(chat, sent.message_id)
                self.counted["sent"] += 1
            if told is not None:
                self._outbox.told(notice, told)
            self._failures = 0
        except TelegramRetryAfter as wait:
            self._pace.obey(wait)
            self._outbox.back(notice, again=False)
        except (TelegramNetworkError, TelegramServerError) as error:
            refused = isinstance(error, TelegramServerError) or isinstance(error.__cause__, ClientConnectorError)
            self._outbox.back(notice, again=place is None and not refused)
            self.counted["undelivered"] += 1
            self._failures += 1
            longest = min(LONGEST_PAUSE_S, 2.0 ** min(self._failures, 10) / 4)
            pause_s = longest * random.uniform(0.5, 1)  # noqa: S311
            self._pace.hold(pause_s)
        except TelegramForbiddenError:
            log.info("somebody does not hear the bot", user=user)
            self._hears_nothing(user)
            return
        except TelegramBadRequest as error:
            self.counted["refused"] += 1
            if "chat not found" in error.message:
                self._hears_nothing(user)
                return
            log.warning("a notice was refused", user=user, topic=notice.topic, why=error.message)
            self._outbox.drop(notice)
        except Exception:
            log.exception("a notice can't be told", user=user, topic=notice.topic)
            self.counted["failed"] += 1
            self._outbox.drop(notice)
        self._done(user, pause_s)

    async def _change(self, notice: Notice, message: Message, place: Place) -> Place | None:
        """Change a message; return it. Where it is gone, return None, and the notice wants a new one."""
        try:
            await self._bot.edit_message_text(
                message.text, chat_id=place.chat, message_id=place.message, reply_markup=message.keyboard
            )
        except TelegramBadRequest as error:
            if "not modified" not in error.message:
                notice.place, notice.rings, notice.body = None, True, replace(notice.body, card=False)
                self._outbox.back(notice, again=False)
                return None
        self.counted["changed"] += 1
        return place

    def _hears_nothing(self, user: UserId) -> None:
        """Forget what waits for somebody, and all that comes, until they write to the bot."""
        for notice in list(self._outbox.waiting.get(user, {}).values()):
            self._outbox.drop(notice)
        self.counted["unheard"] += 1
        self.deaf[user] = None
        if len(self.deaf) > MOST_PEOPLE:
            del self.deaf[next(iter(self.deaf))]
        self._done(user)
