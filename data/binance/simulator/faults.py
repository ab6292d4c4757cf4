"""What a simulator does to the streams that a healthy Binance would not do."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from data.binance.simulator.venue import Market, Told

FAR = Decimal("1.1")


@dataclass
class Faults:
    """Each is off until it is set; those that count diffs end by themselves. REST stays truthful but where it says not.

    swallow: diffs that happen and are told to nobody. cross: diffs with a bid above the best ask besides. duplicate:
    diffs that are told twice. reorder: diffs that are told after the next one. freeze: symbols of which only the last
    diff and the last bookTicker are told, again and again. hollow: symbols whose diffs have ids but no changes. absurd:
    symbols whose whole book is told at ten times its prices, and their bookTickers too where absurd_tickers is set.
    old_snapshots: answers of GET /api/v3/depth that are as old as can be.
    """

    swallow: Counter[str] = field(default_factory=Counter)
    cross: Counter[str] = field(default_factory=Counter)
    duplicate: Counter[str] = field(default_factory=Counter)
    reorder: Counter[str] = field(default_factory=Counter)
    freeze: set[str] = field(default_factory=set)
    hollow: set[str] = field(default_factory=set)
    absurd: set[str] = field(default_factory=set)
    absurd_tickers: bool = False
    old_snapshots: int = 0
    _last: dict[str, dict[str, Any]] = field(default_factory=dict)  # by stream
    _kept: dict[str, dict[str, Any]] = field(default_factory=dict)  # by stream, to be told after the next
    _shifted: set[str] = field(default_factory=set)

    def apply(self, told: Told, market: Market) -> Iterator[dict[str, Any]]:
        """Yield what is told in place of an event."""
        symbol, stream, data = told
        is_diff = "@depth" in stream
        is_ticker = stream.endswith("@bookTicker")
        if symbol in self.freeze and (is_diff or is_ticker):
            yield from [self._last[stream]] if stream in self._last else []
            return
        self._last[stream] = data
        if not is_diff:
            is_absurd = is_ticker and symbol in self.absurd and self.absurd_tickers
            yield data | {name: _times_ten(data[name]) for name in "ba"} if is_absurd else data
            return
        data = self._spoiled(symbol, data, market)
        if _spend(self.swallow, symbol):
            return
        if _spend(self.reorder, symbol):
            self._kept[stream] = data
            return
        yield data
        if _spend(self.duplicate, symbol):
            yield data
        if kept := self._kept.pop(stream, None):
            yield kept

    def _spoiled(self, symbol: str, data: dict[str, Any], market: Market) -> dict[str, Any]:
        if symbol in self.hollow:
            return data | {"b": [], "a": []}
        if _spend(self.cross, symbol):
            price, quantity = market.book.asks.top(1)[0]
            return data | {"b": [*data["b"], [f"{Decimal(price) * FAR:.8f}", quantity]]}
        if symbol not in self.absurd:
            self._shifted.discard(symbol)
            return data
        sides = {name: [[_times_ten(price), quantity] for price, quantity in data[name]] for name in "ba"}
        if symbol not in self._shifted:  # all that there was goes, and comes back at ten times its price
            self._shifted.add(symbol)
            for name, side in (("b", market.book.bids), ("a", market.book.asks)):
                levels = side.top(len(side))
                gone = [[price, "0.00000000"] for price, _ in (*levels, *data[name])]
                sides[name] = gone + [[_times_ten(price), quantity] for price, quantity in levels]
        return data | sides


def _times_ten(price: str) -> str:
    return f"{Decimal(price) * 10:.8f}"


def _spend(budget: Counter[str], symbol: str) -> bool:
    if budget[symbol] <= 0:
        return False
    budget[symbol] -= 1
    return True
