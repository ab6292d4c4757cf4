"""What a feed shows of a local book."""

import time
from collections.abc import Callable

from data.binance.book import LocalBook
from engine.core.types import Symbol
from engine.ports import Clock, ExternalBook

DEPTH = 250  # levels a side: what a market maker's ladder with a coarse grid looks at
PACE_S = 0.1  # Binance's own: one diff every 100 ms


class View:
    """Shows a book's best levels at most every `pace_s` seconds on average, and its loss at once.

    A book that comes a little early is shown: with a strict distance, diffs that jitter around 100 ms would lose
    every other book.
    """

    def __init__(
        self, symbol: Symbol, clock: Clock, *, pace_s: float = PACE_S, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._symbol = symbol
        self._clock = clock
        self._pace_s = pace_s
        self._now = now
        self._due_s = 0.0
        self.in_sync = False  # as it was shown last

    def show(self, book: LocalBook) -> ExternalBook | None:
        """Return what there is to tell about the book now."""
        if not book.in_sync:
            return self.lose()
        now_s = self._now()
        if now_s < self._due_s - self._pace_s:
            return None
        self._due_s = max(self._due_s, now_s) + self._pace_s
        self.in_sync = True
        return ExternalBook(
            symbol=self._symbol,
            update_id=book.last_update_id,
            received_at=self._clock(),
            bids=book.bids.top(DEPTH),
            asks=book.asks.top(DEPTH),
        )

    def lose(self) -> ExternalBook | None:
        """Return the word that the book is lost, once."""
        if not self.in_sync:
            return None
        self.in_sync = False
        return ExternalBook(
            symbol=self._symbol, update_id=0, received_at=self._clock(), bids=(), asks=(), in_sync=False
        )
