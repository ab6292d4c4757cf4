"""The minutes of a market, put together from its trades as Binance tells them."""

from collections import deque
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

MINUTE_MS = 60_000
EVERY_MS = 2_000  # between two words of the same minute
MAX_ENDED = 1_000  # kept


class Minutes:
    """Trades in, kline_1m events out: the minute that has ended at the first trade after it, and now and then this."""

    def __init__(self, symbol: str) -> None:
        self.ended: deque[dict[str, Any]] = deque(maxlen=MAX_ENDED)  # the klines of minutes that are over
        self._symbol = symbol
        self._trades: list[dict[str, Any]] = []  # of this minute
        self._told_ms = 0

    def on_trade(self, trade: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Take a trade event."""
        at_ms = trade["T"]
        if self._trades and at_ms // MINUTE_MS > self._trades[0]["T"] // MINUTE_MS:
            over = self._event(at_ms, closed=True)
            self.ended.append(over["k"])
            yield over
            self._trades.clear()
        self._trades.append(trade)
        if at_ms - self._told_ms >= EVERY_MS:
            self._told_ms = at_ms
            yield self._event(at_ms, closed=False)

    def _event(self, at_ms: int, *, closed: bool) -> dict[str, Any]:
        trades = self._trades
        begin_ms = trades[0]["T"] // MINUTE_MS * MINUTE_MS
        prices = [Decimal(trade["p"]) for trade in trades]
        bought = [trade for trade in trades if not trade["m"]]
        kline = {
            "t": begin_ms,
            "T": begin_ms + MINUTE_MS - 1,
            "s": self._symbol,
            "i": "1m",
            "f": trades[0]["t"],
            "L": trades[-1]["t"],
            "o": trades[0]["p"],
            "c": trades[-1]["p"],
            "h": _text(max(prices)),
            "l": _text(min(prices)),
            "v": _text(sum((Decimal(trade["q"]) for trade in trades), Decimal())),
            "n": len(trades),
            "x": closed,
            "q": _text(_notional(trades)),
            "V": _text(sum((Decimal(trade["q"]) for trade in bought), Decimal())),
            "Q": _text(_notional(bought)),
            "B": "0",
        }
        return {"e": "kline", "E": at_ms, "s": self._symbol, "k": kline}


def _notional(trades: list[dict[str, Any]]) -> Decimal:
    return sum((Decimal(trade["p"]) * Decimal(trade["q"]) for trade in trades), Decimal())


def _text(value: Decimal) -> str:
    return f"{value:.8f}"
