"""How a feed is doing, a market at a time."""

import time
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from engine.core.types import Symbol

RATE_S = 10  # over which messages a second are counted


class FeedHealth(Struct, frozen=True, gc=False):
    """One market of a feed at one moment.

    Ages are in seconds, None where there was nothing yet; counts are since the start. resyncs are books put together
    again after they were lost, gaps and crossings two of the reasons; distrusted counts books that another stream
    contradicted, malformed the messages that were no use, and stale the times that nothing new was heard for too long.
    reconnects and handovers are the connection's, which all markets share.
    """

    symbol: Symbol
    in_sync: bool
    message_age_s: float | None
    book_age_s: float | None
    messages: int
    messages_per_s: float
    resyncs: int
    gaps: int
    crossings: int
    distrusted: int
    malformed: int
    stale: int
    reconnects: int
    handovers: int


class Health:
    """The figures of one market, as they grow."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._message_at_s: float | None = None
        self._book_at_s: float | None = None
        self._seconds: deque[tuple[int, int]] = deque(maxlen=RATE_S + 1)  # a second, and its messages
        self.messages = 0
        self.syncs = 0
        self.gaps = 0
        self.crossings = 0
        self.distrusted = 0
        self.malformed = 0
        self.stale = 0

    def heard(self) -> None:
        """Count a message."""
        self._message_at_s = self._now()
        self.messages += 1
        second = int(self._message_at_s)
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = second, self._seconds[-1][1] + 1
        else:
            self._seconds.append((second, 1))

    def moved(self) -> None:
        """Say that the book is newer than before."""
        self._book_at_s = self._now()

    def view(self, symbol: Symbol, *, in_sync: bool, reconnects: int = 0, handovers: int = 0) -> FeedHealth:
        """Return the figures as of now."""
        now_s = self._now()
        recent = sum(count for second, count in self._seconds if int(now_s) - RATE_S <= second < int(now_s))
        return FeedHealth(
            symbol=symbol,
            in_sync=in_sync,
            message_age_s=_age(now_s, self._message_at_s),
            book_age_s=_age(now_s, self._book_at_s),
            messages=self.messages,
            messages_per_s=recent / RATE_S,
            resyncs=max(0, self.syncs - 1),
            gaps=self.gaps,
            crossings=self.crossings,
            distrusted=self.distrusted,
            malformed=self.malformed,
            stale=self.stale,
            reconnects=reconnects,
            handovers=handovers,
        )


def _age(now_s: float, at_s: float | None) -> float | None:
    return None if at_s is None else round(now_s - at_s, 3)
