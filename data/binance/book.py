"""A local copy of one Binance order book, kept by its rules and without IO: feed it messages, read it.

Source: Binance, "How to manage a local order book correctly" (web-socket-streams.md), with one rule made safe:
a diff continues the book where U <= lastUpdateId + 1 <= u. Recordings show that U may be exactly one above the
snapshot's id, which the page's wording ("lastUpdateId within [U; u]") does not cover.
"""

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, overload

from data.binance.messages import Diff, MalformedMessage, Snapshot, read

MAX_BUFFERED = 1_000  # diffs that may wait for a snapshot: 100 s of them
MAX_LEVELS = 10_000  # a side; what lies further out than this is let go
MAX_SPAN = 10_000_000  # update ids in a diff; an id that leaps further is no id


class BookSide:
    """One side of a book: a live sequence of (price, quantity), best first."""

    def __init__(self, *, bids: bool) -> None:
        self._bids = bids
        self._prices: list[Decimal] = []  # ascending
        self._levels: dict[Decimal, tuple[str, str]] = {}  # price -> price and quantity as the venue wrote them

    def set(self, price_text: str, quantity_text: str) -> None:
        """Set what rests at a price; a quantity of zero takes the level away, if it is there at all."""
        price = Decimal(price_text)
        if quantity_text.strip("0."):
            if price not in self._levels:
                self._prices.insert(bisect_left(self._prices, price), price)
                if len(self._prices) > MAX_LEVELS:
                    del self._levels[self._prices.pop(0 if self._bids else -1)]
            self._levels[price] = (price_text, quantity_text)
        elif self._levels.pop(price, None) is not None:
            del self._prices[bisect_left(self._prices, price)]

    def clear(self) -> None:
        """Forget everything."""
        self._prices.clear()
        self._levels.clear()

    def top(self, count: int) -> tuple[tuple[str, str], ...]:
        """Return the best `count` levels as the venue wrote them."""
        prices = self._prices[: -count - 1 : -1] if self._bids else self._prices[:count]
        return tuple([self._levels[price] for price in prices])

    @property
    def best(self) -> Decimal | None:
        """The best price, None where the side is empty."""
        if not self._prices:
            return None
        return self._prices[-1] if self._bids else self._prices[0]

    def __len__(self) -> int:
        return len(self._prices)

    def __iter__(self) -> Iterator[tuple[Decimal, Decimal]]:
        for price in reversed(self._prices) if self._bids else self._prices:
            yield price, Decimal(self._levels[price][1])

    @overload
    def __getitem__(self, index: int) -> tuple[Decimal, Decimal]: ...
    @overload
    def __getitem__(self, index: slice) -> list[tuple[Decimal, Decimal]]: ...
    def __getitem__(self, index: int | slice) -> tuple[Decimal, Decimal] | list[tuple[Decimal, Decimal]]:
        if isinstance(index, slice):
            return list(self)[index]
        price = self._prices[-1 - index if self._bids else index]
        return price, Decimal(self._levels[price][1])


class LocalBook:
    """Diffs and a snapshot in, a book out.

    It starts out of sync and keeps the diffs (a bounded number) until a snapshot fits them. A gap in the update ids
    or a crossed book loses it again: `in_sync` is False and both sides are empty until the next snapshot.
    """

    def __init__(self) -> None:
        self.bids = BookSide(bids=True)
        self.asks = BookSide(bids=False)
        self.in_sync = False
        self.last_update_id = 0
        self.gaps = 0  # that lost it so far
        self.crossings = 0
        self._waiting: deque[Diff] = deque(maxlen=MAX_BUFFERED)

    @property
    def is_waiting(self) -> bool:
        """Whether there are diffs that a snapshot must fit."""
        return bool(self._waiting)

    def on_snapshot(self, message: Mapping[str, Any]) -> None:
        """Take the answer of GET /api/v3/depth.

        One that is older than the diffs kept so far can't be used and changes nothing: fetch another while `in_sync`
        is False. One that is older than the book in sync has nothing to tell. Raises MalformedMessage.
        """
        snapshot = read(message, Snapshot)
        if self.in_sync and snapshot.last <= self.last_update_id:
            return
        newer = [diff for diff in self._waiting if diff.last > snapshot.last]
        if newer and newer[0].first > snapshot.last + 1:
            return
        self.bids.clear()
        self.asks.clear()
        self._waiting.clear()
        self.in_sync = True
        self._set(snapshot)
        for diff in newer:
            self._take(diff)

    def on_diff(self, message: Mapping[str, Any]) -> None:
        """Take one depthUpdate event, as it comes from a raw stream. Raises MalformedMessage."""
        diff = read(message, Diff)
        if diff.first > diff.last:
            raise MalformedMessage("a diff's first update id is above its last")
        if diff.last - diff.first > MAX_SPAN:
            raise MalformedMessage("a diff spans more update ids than there can be")
        self._take(diff)

    def lose(self) -> None:
        """Stop trusting the book: what is known is dropped, and a new snapshot is needed."""
        self.in_sync = False
        self.bids.clear()
        self.asks.clear()
        self._waiting.clear()

    def _take(self, diff: Diff) -> None:
        if not self.in_sync:
            self._waiting.append(diff)
        elif diff.last <= self.last_update_id:
            pass  # told already
        elif diff.first > self.last_update_id + 1:
            self.gaps += 1
            self.lose()
            self._waiting.append(diff)  # a snapshot that is newer than the gap continues here
        else:
            self._set(diff)

    def _set(self, changes: Snapshot | Diff) -> None:
        for price, quantity in changes.bids:
            self.bids.set(price, quantity)
        for price, quantity in changes.asks:
            self.asks.set(price, quantity)
        self.last_update_id = changes.last
        bid, ask = self.bids.best, self.asks.best
        if bid is not None and ask is not None and bid >= ask:
            self.crossings += 1
            self.lose()
