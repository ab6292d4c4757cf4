"""What waits to be told, in memory and on disk.

Memory is what the queue works with; disk follows within KEEP_S, together with the cursor up to which what happened is
in it. What a kill takes in between is found again behind the cursor. A notice is on disk as "sending" before Telegram
is asked to send it, so that after a kill it is known which ones may have been told already.
"""

import asyncio
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import replace

from bot.bodies import Body, decode, encode
from data.store.notices import Cursor, NoticeRow, Place, SqlNotices
from data.store.schema import NoticeState
from engine.accounts.notifications import Kind
from engine.core.types import Micros, UserId
from engine.ports import Clock
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

KEEP_S: Final = 0.25  # what is new is on disk after that
TOLD_S: Final = 0.02  # and what was told after that: the less is uncertain after a kill
AGAIN_S: Final = 0.1
MOST_OF_ONE: Final = 100  # notices of a person that wait
MOST_PEOPLE: Final = 10_000  # who have some that wait
MOST_TOLD: Final = 10_000  # more than is told between two writes
MOST: Final = 200_000  # that are taken from disk at the start
TOLD_LIFE: Final = Micros(2 * 86_400 * 1_000_000)  # so long a message is changed when its topic goes on
PRUNE_S: Final = 60.0
LEFT_OUT: Final = "left_out"  # the topic that says how many were


class Notice:
    """Something to be told to somebody. place is the message to change, where that is known."""

    __slots__ = ("again", "at", "body", "place", "rings", "sending", "topic", "user")

    def __init__(self, user: UserId, topic: str, body: Body, at: Micros, *, rings: bool, place: Place | None) -> None:
        self.user = user
        self.topic = topic
        self.body = body
        self.at = at
        self.rings = rings  # it wants a message of its own
        self.place = place
        self.sending = False
        self.again = False  # it may have been told already


class Outbox:
    """Notices by person and topic. A notice about a topic takes the place of the one that waits about it."""

    def __init__(self, store: SqlNotices, clock: Clock) -> None:
        self.waiting: dict[UserId, dict[str, Notice]] = {}
        self._store = store
        self._clock = clock
        self._changed: dict[tuple[UserId, str], NoticeRow | None] = {}  # as it is to be on disk; None is gone
        self._told: dict[tuple[UserId, str], Place | None] = {}  # lately, and where; disk knows them all
        self._cursor: Cursor | None = None
        self._writing = asyncio.Lock()
        self._news = asyncio.Event()
        self._told_news = asyncio.Event()
        self._pruned = 0.0

    @property
    def count(self) -> int:
        """How many notices wait."""
        return sum(len(mine) for mine in self.waiting.values())

    async def load(self) -> None:
        """Take what was not told yet from disk."""
        for row in await self._store.left(MOST):
            self.take(row)
            await asyncio.sleep(0)

    def take(self, row: NoticeRow) -> None:
        """Let a notice wait that is on disk already."""
        notice = Notice(row.user, row.topic, decode(row.body), row.at, rings=row.rings, place=row.place)
        notice = self.waiting.setdefault(row.user, {}).setdefault(row.topic, notice)
        if row.state is NoticeState.SENDING:
            notice.again = True

    def put(self, user: UserId, topic: str, body: Body, *, rings: bool = False, place: Place | None = None) -> None:
        """Let somebody be told of a topic as it is now, in the card where that is named.

        Of too much, it is only said how much was left out.
        """
        mine = self.waiting.get(user)
        if mine is None:
            if len(self.waiting) >= MOST_PEOPLE:
                log.warning("too many people wait for notices", user=user, topic=topic)
                return
            mine = self.waiting[user] = {}
        if len(mine) >= MOST_OF_ONE and topic not in mine:
            count = int(mine[LEFT_OUT].body.params["count"]) if LEFT_OUT in mine else 0
            topic, body = LEFT_OUT, Body(Kind.FILLS, "notice.left_out", {"count": str(count + 1)})
            rings, place = True, None
        if place is not None:
            body = replace(body, card=True)
        notice = Notice(user, topic, body, self._clock(), rings=rings, place=place or self._told.get((user, topic)))
        if (before := mine.get(topic)) is not None:
            notice.again = before.sending or before.again
            if not before.sending:
                notice.rings = rings or before.rings
                if place is None and before.place is not None:
                    notice.place, notice.body = before.place, replace(body, card=before.body.card)
        mine[topic] = notice
        self._change(notice)

    def move(self, cursor: Cursor) -> None:
        """Note that what happened up to here is in the queue. It is written down with the queue's next change."""
        self._cursor = cursor

    async def place(self, notice: Notice) -> Place | None:
        """Return the message that told of this topic before."""
        if notice.place is not None:
            return notice.place
        if (notice.user, notice.topic) in self._told:
            return self._told[notice.user, notice.topic]
        known = await self._store.known(notice.user, notice.topic)
        return None if known is None else known[1]

    async def knows(self, user: UserId, topic: str) -> bool:
        """Say whether somebody was told of a topic, or will be."""
        return topic in self.waiting.get(user, {}) or await self._store.known(user, topic) is not None

    async def mark(self, notice: Notice) -> None:
        """Note durably that a notice is about to be sent."""
        notice.sending = True
        self._change(notice)
        await self.keep()

    def told(self, notice: Notice, place: Place) -> None:
        """Note that a notice was told, and where."""
        notice.sending = notice.again = False
        shown = None if notice.body.card else place
        self._told.pop((notice.user, notice.topic), None)
        self._told[notice.user, notice.topic] = shown
        if len(self._told) > MOST_TOLD:
            del self._told[next(iter(self._told))]
        mine = self.waiting[notice.user]
        newer = mine.get(notice.topic)
        if newer is None or newer is notice:
            mine.pop(notice.topic, None)
            self._changed[notice.user, notice.topic] = _row(notice, NoticeState.TOLD, shown)
            self._told_news.set()
            self._news.set()
        else:  # its topic has gone on meanwhile
            newer.again, newer.place = False, newer.place or shown
            self._change(newer)

    def back(self, notice: Notice, *, again: bool) -> None:
        """Let a notice wait that could not be told; again says that it may have been all the same."""
        notice.sending = False
        notice.again = notice.again or again
        newer = self.waiting[notice.user].setdefault(notice.topic, notice)
        newer.again = newer.again or again if newer is not notice else notice.again
        self._change(newer)

    def drop(self, notice: Notice) -> None:
        """Forget a notice, unless its topic has gone on meanwhile."""
        if self.waiting[notice.user].get(notice.topic) is notice:
            del self.waiting[notice.user][notice.topic]
            self._changed[notice.user, notice.topic] = None
            self._news.set()

    async def keep(self) -> None:
        """Write down what has changed. Returns when all that was changed before is durable."""
        async with self._writing:
            while self._changed:
                changed, self._changed, cursor = self._changed, {}, self._cursor
                rows = [row for row in changed.values() if row is not None]
                gone = [key for key, row in changed.items() if row is None]
                try:
                    await self._store.keep(rows, gone, cursor)
                    return
                except BaseException as error:
                    self._changed = changed | self._changed
                    if not isinstance(error, Busy):
                        raise
                await asyncio.sleep(AGAIN_S)

    async def run(self) -> None:
        """Keep what changes, for ever."""
        loop = asyncio.get_running_loop()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(PRUNE_S):
                    await self._news.wait()
            with suppress(TimeoutError):
                async with asyncio.timeout(KEEP_S):
                    await self._told_news.wait()
                    await asyncio.sleep(TOLD_S)
            self._news.clear()
            self._told_news.clear()
            try:
                await self.keep()
                if loop.time() - self._pruned > PRUNE_S:
                    self._pruned = loop.time()
                    await self._store.prune(Micros(self._clock() - TOLD_LIFE))
            except Exception:
                log.exception("notices can't be kept")
                await asyncio.sleep(1)

    def _change(self, notice: Notice) -> None:
        uncertain = notice.sending or notice.again
        state = NoticeState.SENDING if uncertain else NoticeState.WAITING
        key = notice.user, notice.topic
        self._changed[key] = replace(_row(notice, state, notice.place), place_unknown=key not in self._told)
        self._news.set()


def _row(notice: Notice, state: NoticeState, place: Place | None) -> NoticeRow:
    return NoticeRow(notice.user, notice.topic, state, encode(notice.body), notice.at, notice.rings, place)
