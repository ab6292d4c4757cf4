"""What people are told without having asked, through one queue.

A card tells what became of its order at once. Fills that come later are told in one message an order: what happens
before it is sent is told with it, what happens after it changes it. Alarms and withdrawals come through the same
queue. It is in memory: what waits in it when the exchange stops is not told.
"""

import asyncio
import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping
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
from aiogram.types import InlineKeyboardMarkup
from msgspec import Struct
from msgspec.structs import replace

from bot import shown
from bot.languages import Languages
from bot.pace import Overrun, Pace
from bot.texts import Say
from engine.accounts.accounts import Accounts
from engine.core.decimals import MarketDecimals
from engine.core.events import OrderChanged
from engine.core.types import UserId
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

MOST_OF_ONE: Final = 100  # notices of a person that wait
MOST_PEOPLE: Final = 10_000
MOST_KNOWN: Final = 100_000  # messages that are changed when their order goes on
LONGEST_PAUSE_S: Final = 30.0

Topic = tuple[str, str]  # what a notice is about: ("order", "17")


class Place(Struct, frozen=True):
    """A message: where something is told."""

    chat: int
    message: int


class Notice(Struct, frozen=True):
    """How something is now. place is the card that asked for it, where that has not told of it yet.

    A notice that rings is told in a message of its own, and does not change the one that told of its topic before.
    Only such a one may have a keyboard.
    """

    text: Callable[[Say], str]
    place: Place | None = None
    rings: bool = False
    keyboard: Callable[[Say], InlineKeyboardMarkup] | None = None


class Notices:
    """The queue. `on_batch` is a listener of the sequencer and only enqueues; `run` sends."""

    def __init__(
        self, bot: Bot, pace: Pace, accounts: Accounts, languages: Languages, markets: Mapping[str, MarketDecimals]
    ) -> None:
        self._bot = bot
        self._pace = pace
        self._accounts = accounts
        self._languages = languages
        self._markets = markets
        self._waiting: dict[UserId, dict[Topic, Notice]] = {}
        self._left_out: Counter[UserId] = Counter()
        self._due: list[tuple[float, UserId]] = []  # a heap: each person who waits, once
        self._told: dict[tuple[UserId, Topic], Place] = {}
        self._cards: dict[str, Place] = {}
        self._deaf: dict[UserId, None] = {}  # who has blocked the bot, or never wrote to it
        self._wake = asyncio.Event()

    def expect(self, client_order_id: str, place: Place) -> None:
        """Tell of the order that is about to be placed under this name in the message that asked for it."""
        self._cards[client_order_id] = place

    def forget(self, client_order_id: str) -> bool:
        """Expect it no longer. Return whether it had not come."""
        return self._cards.pop(client_order_id, None) is not None

    def hears(self, user: UserId) -> None:
        """Note that somebody has written to the bot, and so may be written to."""
        self._deaf.pop(user, None)

    def on_batch(self, batch: Batch) -> None:
        """Take what a committed batch did to people's orders."""
        if not (batch.trades or self._cards):
            return
        try:
            traded = {order for trade in batch.trades for order in (trade.maker_order, trade.taker_order)}
            for order in batch.orders:
                card = self._cards.pop(order.client_order_id, None) if order.client_order_id else None
                if card is not None or order.id in traded:
                    self.tell(order, card)
        except Exception:
            log.exception("an order can't be told")  # trading goes on

    def tell(self, order: OrderChanged, place: Place | None = None) -> None:
        """Tell of an order as it is now, in a message that is there already where one is named."""

        def text(say: Say) -> str:
            return shown.order(say, order, self._markets[order.symbol])

        self.put(order.user, ("order", str(order.id)), Notice(text, place))

    def put(self, user: UserId, topic: Topic, notice: Notice) -> None:
        """Let a person be told how something is now, in place of what waits about the same."""
        if user in self._deaf:
            return
        mine = self._waiting.get(user)
        if mine is None:
            if len(self._waiting) >= MOST_PEOPLE:
                log.warning("too many people wait for notices", user=user, topic=topic)
                return
            mine = self._waiting[user] = {}
            heapq.heappush(self._due, (0.0, user))
            self._wake.set()
        if (before := mine.get(topic)) is not None:
            notice = replace(notice, place=notice.place or before.place, rings=notice.rings or before.rings)
        mine[topic] = notice
        if len(mine) > MOST_OF_ONE:
            del mine[next(iter(mine))]
            self._left_out[user] += 1

    async def run(self) -> None:
        """Send what waits, for ever. Telegram being down only makes it wait."""
        loop, failures = asyncio.get_running_loop(), 0
        while True:
            while not self._due:
                self._wake.clear()
                await self._wake.wait()
            at, user = heapq.heappop(self._due)
            if at > loop.time():
                heapq.heappush(self._due, (at, user))
                self._wake.clear()
                try:
                    async with asyncio.timeout(at - loop.time()):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                continue
            try:
                next_at = await self._send_one(user)
                failures = 0
            except (TelegramRetryAfter, Overrun, Busy):
                next_at = loop.time() + 1
            except (TelegramNetworkError, TelegramServerError):
                failures += 1
                pause = min(LONGEST_PAUSE_S, 2.0 ** min(failures, 10) / 4) * random.uniform(0.5, 1)  # noqa: S311
                self._pace.hold(pause)
                next_at = loop.time() + pause
            except Exception:
                log.exception("a notice can't be sent", user=user)
                for topic in list(self._waiting[user])[:1]:
                    del self._waiting[user][topic]
                next_at = loop.time()
            if self._waiting[user]:
                heapq.heappush(self._due, (next_at, user))
            else:
                del self._waiting[user]

    async def _send_one(self, user: UserId) -> float:
        """Send a person's oldest notice, where the chat is ready for it; return when the next one may be."""
        mine = self._waiting[user]
        account = await self._accounts.account(user)
        if account is None or account.telegram_id is None:
            mine.clear()
            self._left_out.pop(user, None)
            return 0.0
        chat = account.telegram_id
        ready = self._pace.ready_at(chat)
        if ready > asyncio.get_running_loop().time():
            return ready
        topic, notice = next(iter(mine.items()))
        say = self._languages.of(user, account.language_code)
        text, left_out = notice.text(say), self._left_out.get(user, 0)
        if left_out:
            text += "\n\n" + say("order.others", count=left_out)
        try:
            await self._show((user, topic), notice, chat, text, notice.keyboard and notice.keyboard(say))
        except TelegramForbiddenError:
            log.info("somebody does not hear the bot", user=user)
            mine.clear()
            self._left_out.pop(user, None)
            self._deaf[user] = None
            if len(self._deaf) > MOST_PEOPLE:
                del self._deaf[next(iter(self._deaf))]
        except TelegramBadRequest as error:
            log.warning("a notice was refused", user=user, topic=topic, why=error.message)
            _done(mine, topic, notice)
        else:
            _done(mine, topic, notice)
            if left_out == self._left_out.get(user):
                del self._left_out[user]
        return self._pace.ready_at(chat)

    async def _show(
        self, about: tuple[UserId, Topic], notice: Notice, chat: int, text: str, keyboard: InlineKeyboardMarkup | None
    ) -> None:
        """Tell it in its card, else in the message that told of this before, else in a new one, which rings."""
        place = notice.place or (None if notice.rings else self._told.get(about))
        if place is not None:
            try:
                await self._bot.edit_message_text(text=text, chat_id=place.chat, message_id=place.message)
            except TelegramBadRequest as error:
                if "not modified" in error.message:
                    return
            else:
                return
        sent = await self._bot.send_message(chat, text, reply_markup=keyboard)
        self._told[about] = Place(chat, sent.message_id)
        if len(self._told) > MOST_KNOWN:
            del self._told[next(iter(self._told))]


def _done(mine: dict[Topic, Notice], topic: Topic, notice: Notice) -> None:
    """Take a notice off the queue, unless its topic has gone on meanwhile."""
    if mine.get(topic) is notice:
        del mine[topic]
