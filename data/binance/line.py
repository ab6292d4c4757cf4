"""One connection to Binance's streams, from its opening to its end."""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from data.binance.retries import reason
from data.binance.settings import FeedSettings
from data.binance.streams import Dropped, Streams


class Line:
    """Opens streams and hands on what it hears until they end, for whatever reason; it is not opened again.

    on_message gets every message, on_open is called before the first.
    """

    def __init__(
        self,
        streams: AbstractAsyncContextManager[Streams],
        on_open: Callable[["Line"], None],
        on_message: Callable[["Line", object], None],
        settings: FeedSettings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.is_open = False
        self.ended_by = ""  # once it has ended
        self._ending = False
        self.news = asyncio.Event()  # it has ended, or is due, or whoever follows it wants it looked at
        self._now = now
        self._settings = settings
        self._began_at_s = now()
        # Not all at the same time, where there are many.
        self._due_at_s = self._began_at_s + settings.life_s * random.uniform(0.98, 1.0)  # noqa: S311
        self._task = asyncio.create_task(self._run(streams, on_open, on_message))
        self._task.add_done_callback(self._end)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more comes."""
        return self._task.done()

    @property
    def due_in_s(self) -> float:
        """After how many seconds another connection must take its place."""
        return self._due_at_s - self._now()

    @property
    def age_s(self) -> float:
        """How long ago it was begun."""
        return self._now() - self._began_at_s

    def retire(self) -> None:
        """Make another connection take its place soon."""
        self._due_at_s = min(self._due_at_s, max(self._now(), self._began_at_s + self._settings.min_life_s))
        self.news.set()

    def postpone(self, for_s: float) -> None:
        """Give it a little longer: its successor has failed."""
        self._due_at_s = self._now() + for_s

    def drop(self, why: str) -> None:
        """End it without waiting for the end."""
        if not self._ending:  # a second cancellation would end the closing of its socket
            self._ending, self.is_open = True, False
            self.ended_by = why
            self._task.cancel()

    async def close(self) -> None:
        """End it, and return when nothing of it is left."""
        self.drop("closed")
        await asyncio.wait([self._task])

    async def _run(
        self,
        opening: AbstractAsyncContextManager[Streams],
        on_open: Callable[["Line"], None],
        on_message: Callable[["Line", object], None],
    ) -> None:
        silence_s = self._settings.silence_s
        async with opening as streams:
            self.is_open = True
            on_open(self)
            while True:
                try:
                    async with asyncio.timeout(silence_s):
                        message = await streams.receive()
                except TimeoutError:
                    raise Dropped(f"silent for {silence_s} s") from None
                on_message(self, message)

    def _end(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self.ended_by = self.ended_by or reason(error)
        self.is_open = False
        self.news.set()
