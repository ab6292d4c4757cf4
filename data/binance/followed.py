"""One market of the feed: its book through any number of connections, and what else Binance says of it."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import structlog

from data.binance.allowance import Allowance
from data.binance.book import MAX_BUFFERED, LocalBook
from data.binance.complaints import Complaints
from data.binance.health import Health
from data.binance.messages import BarUpdate, BestPrices, MalformedMessage, Trade, read
from data.binance.retries import pause_s, reason
from data.binance.second_opinion import SecondOpinion
from data.binance.settings import FeedSettings
from data.binance.streams import Rest, TooManyRequests
from data.binance.tape import Tape
from data.binance.view import View
from engine.core.types import Symbol
from engine.ports import ExternalBook

log = structlog.get_logger()

FIRST_DIFF_S = 1.0  # a market that is silent for this long gets its snapshot without one

SETTLED_S = 10.0  # a book that is lost again sooner than this is not asked for at once


class FollowedMarket:
    """Takes the messages of the connection that is followed, and early those of the one that is to follow it.

    show gets every book worth showing. now is in seconds and never goes back.
    """

    def __init__(
        self,
        symbol: Symbol,
        view: View,
        tape: Tape,
        show: Callable[[ExternalBook], None],
        complaints: Complaints,
        settings: FeedSettings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.symbol = symbol
        self.health = Health(now=now)
        self._view = view
        self._tape = tape
        self._tell = show
        self._complaints = complaints
        self._settings = settings
        self._now = now
        self._book = LocalBook()
        self._opinion = SecondOpinion()
        self._early: deque[dict[str, Any]] = deque(maxlen=MAX_BUFFERED)
        self._floor: Decimal | None = None  # below this the snapshot, cut at its limit, knew no bids
        self._ceiling: Decimal | None = None
        self._connection = 0  # a number of the one that is followed: snapshots asked for under another are void
        self._wanted = asyncio.Event()  # a snapshot
        self._heard_diff = asyncio.Event()  # while there is no book
        self._is_continued = False  # the stream has gone on from the snapshot
        self._synced_at_s = -SETTLED_S
        self._moved_at_s = 0.0
        self._shown_id = -1
        self._contradicted_at_s: float | None = None
        self._stuck_at_s: float | None = None
        self._doubted_at_s: float | None = None

    def on_event(self, kind: str, data: dict[str, Any]) -> None:
        """Take a message of the connection that is followed. One that is of no use is counted, and logged at times."""
        self.health.heard()
        try:
            match kind:
                case "depth":
                    self._on_diff(data)
                case "ticker":
                    self._opinion.add(read(data, BestPrices))
                    self._judge()
                case "trade":
                    self._tape.on_trade(read(data, Trade))
                case _:
                    self._tape.on_bar(read(data, BarUpdate).bar)
        except MalformedMessage as malformed:
            self.complain(f"malformed {kind}", error=str(malformed))
            if kind == "depth":  # what it would have said is not known
                self._lose()

    def on_early(self, kind: str, data: dict[str, Any]) -> None:
        """Take a message of the connection that is to follow."""
        with contextlib.suppress(MalformedMessage):  # it comes again, or tells when its turn has come
            if kind == "depth":
                self._early.append(data)
            elif kind == "ticker":
                self._opinion.add(read(data, BestPrices))

    @property
    def is_joined(self) -> bool:
        """Whether the early messages continue the book."""
        first = self._early[0].get("U") if self._early else None
        return self._book.in_sync and isinstance(first, int) and first <= self._book.last_update_id + 1

    def join(self) -> None:
        """Follow the next connection: what it said early comes now. Where that leaves a gap, the book is lost."""
        early, self._early = self._early, deque(maxlen=MAX_BUFFERED)
        if not self._book.in_sync:
            self.connected()
        for data in early:
            self.on_event("depth", data)

    def forget_early(self) -> None:
        """Drop what the next connection has said: it has failed."""
        self._early.clear()

    def connected(self) -> None:
        """Begin with a new connection, without a book."""
        self._lose()
        self._connection += 1
        self._stuck_at_s = self._doubted_at_s = None
        self._wanted.set()

    def disconnected(self) -> None:
        """Show no book: the connection is gone, and what happens now is not known."""
        self._lose()
        self._connection += 1
        self._wanted.clear()

    def complain(self, kind: str, **details: Any) -> None:
        """Count a message that is no use."""
        self.health.malformed += 1
        self._complaints.say(kind, symbol=self.symbol, **details)

    @property
    def is_shown(self) -> bool:
        """Whether the last that was shown is a book, and not its loss."""
        return self._view.in_sync

    @property
    def _is_stale(self) -> bool:
        """Whether the book has not moved for too long; one that was too early to be shown then is no news any more."""
        return self._now() - self._moved_at_s > self._settings.stale_s

    def check(self) -> str | None:
        """Look at what time alone brings. Return why the connection is no good, if it isn't."""
        now_s, settings = self._now(), self._settings
        if self._contradicted_at_s is not None and now_s - self._contradicted_at_s > settings.disagreement_s:
            self._distrust()
        if self._book.in_sync and self._is_stale and (lost := self._view.lose()):
            self.health.stale += 1
            self._complaints.say("nothing new for too long", symbol=self.symbol)
            self._publish(lost)
        if self._stuck_at_s is not None and now_s - self._stuck_at_s > settings.frozen_s:
            return f"the book of {self.symbol} stands still while its market moves"
        if self._doubted_at_s is not None and now_s - self._doubted_at_s > settings.doubted_s:
            return f"nothing agrees with the book of {self.symbol}"
        return None

    async def keep_in_sync(self, rest: Rest, snapshots: Allowance) -> None:
        """Whenever the book is lost, fetch snapshots until one fits."""
        attempts = 0
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            connection = self._connection
            if self._now() - self._synced_at_s > SETTLED_S:
                attempts = 0
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(FIRST_DIFF_S):
                    await self._heard_diff.wait()
            while not self._book.in_sync and connection == self._connection:
                if attempts:
                    await asyncio.sleep(pause_s(attempts, self._settings.first_retry_s, self._settings.last_retry_s))
                attempts += 1
                await snapshots.take()
                try:
                    snapshot = await rest.depth(self.symbol, self._settings.snapshot_levels)
                    if connection == self._connection:
                        self._on_snapshot(snapshot)
                except TooManyRequests as refused:
                    snapshots.close(refused.wait_s)
                    self._complaints.say("too many requests", error=str(refused), wait_s=refused.wait_s)
                except MalformedMessage as malformed:
                    self.complain("malformed snapshot", error=str(malformed))
                except Exception as error:  # the streams go on, and so do the others' books
                    self._complaints.say("no snapshot", symbol=self.symbol, error=reason(error))

    def _on_snapshot(self, snapshot: dict[str, Any]) -> None:
        gaps = self._book.gaps
        self._book.on_snapshot(snapshot)
        if not self._book.in_sync:
            kind = "snapshot older than the stream" if self._book.gaps == gaps else "gap after a snapshot"
            self.complain(kind, update_id=snapshot["lastUpdateId"])
            return
        self._floor, self._ceiling = self._edge(snapshot["bids"]), self._edge(snapshot["asks"])
        self._is_continued = self._book.last_update_id > snapshot["lastUpdateId"]
        self._moved()
        self._synced_at_s = self._now()
        self.health.syncs += 1
        log.info("binance book in sync", symbol=self.symbol, update_id=self._book.last_update_id)
        self._judge()

    def _on_diff(self, data: dict[str, Any]) -> None:
        book = self._book
        was_in_sync, before = book.in_sync, book.last_update_id
        gaps, crossings = book.gaps, book.crossings
        book.on_diff(data)
        self.health.gaps += book.gaps - gaps
        self.health.crossings += book.crossings - crossings
        if was_in_sync and (not book.in_sync or self._is_beyond_what_is_known()):
            self._complaints.say(
                "book lost", symbol=self.symbol, gap=book.gaps > gaps, crossed=book.crossings > crossings
            )
            self._lose(keep_waiting=True)
        elif book.in_sync and book.last_update_id > before:
            self._is_continued = True
            self._moved()
        elif book.in_sync and (self._is_continued or self._now() - self._synced_at_s > self._settings.doubted_s):
            self._stuck()  # these are no diffs on their way while the snapshot overtook them
        if not book.in_sync and book.is_waiting:
            self._heard_diff.set()
        self._judge()

    def _moved(self) -> None:
        self._moved_at_s = self._now()
        self._stuck_at_s = None
        self.health.moved()

    def _stuck(self) -> None:
        if self._stuck_at_s is None:
            self._stuck_at_s = self._now()

    def _judge(self) -> None:
        """Show the book where it is news, and not where the second opinion contradicts it.

        A snapshot may be ahead of the streams, and then they have no opinion on it.
        """
        book = self._book
        if not (book.in_sync and self._is_continued):
            return
        if self._opinion.is_ahead_of(book.last_update_id):
            self._stuck()
        opinion = self._opinion.agrees(book.last_update_id, book.bids.best, book.asks.best)
        if opinion is False:
            if self._contradicted_at_s is None:
                self._contradicted_at_s = self._now()
            return
        self._contradicted_at_s = None
        if opinion:
            self._doubted_at_s = None
        is_news = book.last_update_id > self._shown_id and not self._is_stale
        if self._doubted_at_s is None and is_news and (shown := self._view.show(book)):
            self._shown_id = book.last_update_id
            self._publish(shown)

    def _distrust(self) -> None:
        """Put the book together again, and show it only when the second opinion has agreed with it."""
        self.health.distrusted += 1
        self._complaints.say("two streams contradict each other", symbol=self.symbol)
        self._opinion.forget()
        self._lose()
        if self._doubted_at_s is None:
            self._doubted_at_s = self._now()

    def _lose(self, *, keep_waiting: bool = False) -> None:
        """Drop the book and ask for a snapshot; a diff that waits for it already may be kept."""
        if self._book.in_sync or not keep_waiting:
            self._book.lose()
        if not self._book.is_waiting:
            self._heard_diff.clear()
        self._contradicted_at_s = self._stuck_at_s = None
        self._shown_id = -1
        self._wanted.set()
        if lost := self._view.lose():
            self._publish(lost)

    def _publish(self, book: ExternalBook) -> None:
        self._tape.on_book(book)
        self._tell(book)

    def _is_beyond_what_is_known(self) -> bool:
        """Whether the market has moved to where levels may rest that neither the snapshot nor a diff has told."""
        bid, ask = self._book.bids.best, self._book.asks.best
        too_low = self._floor is not None and bid is not None and bid < self._floor
        too_high = self._ceiling is not None and ask is not None and ask > self._ceiling
        return too_low or too_high

    def _edge(self, levels: list[list[str]]) -> Decimal | None:
        return Decimal(levels[-1][0]) if len(levels) >= self._settings.snapshot_levels else None
