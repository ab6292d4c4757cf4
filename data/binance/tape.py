"""The reference price of one market and its minutes, from another venue's trades and books."""

from collections.abc import Callable

from data.binance.messages import Bar, Trade
from engine.core.types import Symbol
from engine.market_data.reference_price import ReferencePrice
from engine.ports import Clock, ExternalBook

OnPrice = Callable[[ReferencePrice], None]
OnBar = Callable[[Symbol, Bar], None]


class Tape:
    """Tells on_price whenever the reference price has changed and on_bar of each minute once it has ended."""

    def __init__(self, symbol: Symbol, clock: Clock, on_price: OnPrice | None, on_bar: OnBar | None = None) -> None:
        self._symbol = symbol
        self._clock = clock
        self._on_price = on_price
        self._on_bar = on_bar
        self._last: str | None = None
        self._bid: str | None = None
        self._ask: str | None = None
        self._last_bar_ms = -1

    def on_trade(self, trade: Trade) -> None:
        """Take a trade."""
        if trade.price != self._last:
            self._last = trade.price
            self._tell()

    def on_book(self, book: ExternalBook) -> None:
        """Take what is shown of the book."""
        bid, ask = (side[0][0] if side else None for side in (book.bids, book.asks))
        if (bid, ask) != (self._bid, self._ask):
            self._bid, self._ask = bid, ask
            self._tell()

    def on_bar(self, bar: Bar) -> None:
        """Take a minute; it counts when it is over, and once, though a change of connections may repeat it."""
        if bar.closed and bar.begin_ms != self._last_bar_ms:
            self._last_bar_ms = bar.begin_ms
            if self._on_bar is not None:
                self._on_bar(self._symbol, bar)

    def _tell(self) -> None:
        if self._on_price is not None:
            self._on_price(ReferencePrice(self._symbol, self._last, self._bid, self._ask, self._clock()))
