"""What Binance's bookTicker says of the best prices, beside what the depth stream has made of them. Without IO.

Both count updates by the same ids. A bookTicker comes whenever the best prices change, so the newest that is not newer
than the book must name the book's own best prices.
"""

from bisect import bisect_left, bisect_right
from decimal import Decimal

from data.binance.messages import BestPrices

MAX_KEPT = 5_000  # a book that is further behind than this is not waited for


class SecondOpinion:
    """Keeps the tickers from the newest that a book has reached on."""

    def __init__(self) -> None:
        self._ids: list[int] = []  # ascending
        self._best: list[tuple[Decimal, Decimal]] = []

    def add(self, ticker: BestPrices) -> None:
        """Take a ticker, in whatever order they come."""
        at = bisect_left(self._ids, ticker.update_id)
        if at < len(self._ids) and self._ids[at] == ticker.update_id:
            return  # the first word counts
        self._ids.insert(at, ticker.update_id)
        self._best.insert(at, (Decimal(ticker.bid), Decimal(ticker.ask)))
        if len(self._ids) > MAX_KEPT:
            del self._ids[0], self._best[0]

    def agrees(self, update_id: int, bid: Decimal | None, ask: Decimal | None) -> bool | None:
        """Tell whether the best prices of a book as of an update are those of the ticker; None where there is none."""
        reached = bisect_right(self._ids, update_id) - 1
        if reached < 0:
            return None
        del self._ids[:reached], self._best[:reached]
        return self._best[0] == (bid, ask)

    def is_ahead_of(self, update_id: int) -> bool:
        """Tell whether the best prices have changed after an update."""
        return bool(self._ids) and self._ids[-1] > update_id

    def forget(self) -> None:
        """Begin anew."""
        self._ids.clear()
        self._best.clear()
