"""The market data of a Binance that lives in a recording."""

import math
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import aclosing
from itertools import takewhile
from typing import Any

from data.binance.book import LocalBook
from data.binance.recording import Recorded, bundled, play, read_together
from data.binance.simulator.minutes import Minutes
from engine.core.types import Symbol

MAX_TRADES = 1_000  # kept of each symbol

Told = tuple[Symbol, str, dict[str, Any]]  # a symbol, the name of a stream, and an event


class Market:
    """One symbol: what its recording says, with times and ids that go on when it is played again."""

    def __init__(self, symbol: Symbol) -> None:
        self.symbol = symbol
        self.book = LocalBook()
        self.best: dict[str, Any] = {}  # the newest bookTicker
        self.trades: list[dict[str, Any]] = []
        self.first_snapshot: dict[str, Any] = {}
        self.minutes = Minutes(symbol)
        self._next_book: LocalBook | None = None  # that of a later round, until it is in sync
        self._first_ids: dict[str, int] = {}  # of updates and trades, as recorded
        self._shifts = {"U": 0, "u": 0, "t": 0, "lastUpdateId": 0}

    def again(self) -> None:
        """Begin the next round: ids go on from where they are."""
        updates = self.book.last_update_id + 1 - self._first_ids["u"]
        trades = self.trades[-1]["t"] + 1 - self._first_ids["t"]
        self._shifts = {"U": updates, "u": updates, "lastUpdateId": updates, "t": trades}
        self._next_book = LocalBook()

    def take(self, message: Recorded, shift_ms: int) -> Iterator[Told]:
        """Let a message happen, and yield what the streams say of it."""
        data = dict(message.data)
        for name in ("U", "u", "t"):
            if name in data:
                self._first_ids.setdefault("t" if name == "t" else "u", data[name])
        data |= {name: data[name] + shift for name, shift in self._shifts.items() if name in data}
        data |= {name: data[name] + shift_ms for name in ("E", "T") if name in data}
        if message.stream.endswith("@trade"):
            yield from self._on_trade(message.stream, data)
        elif self._next_book is not None:
            yield from self._on_next_book(self._next_book, message, data)
        elif message.is_snapshot:
            self.first_snapshot = data
            self.book.on_snapshot(data)
        else:
            if message.is_diff:
                self.book.on_diff(data)
            else:
                self.best = data
            yield self.symbol, message.stream, data

    def _on_trade(self, stream: str, data: dict[str, Any]) -> Iterator[Told]:
        self.trades.append(data)
        del self.trades[:-MAX_TRADES]
        yield self.symbol, stream, data
        for event in self.minutes.on_trade(data):
            yield self.symbol, f"{self.symbol.lower()}@kline_1m", event

    def _on_next_book(self, book: LocalBook, message: Recorded, data: dict[str, Any]) -> Iterator[Told]:
        """Wait for the book of this round, and then turn the old one into it by one diff."""
        if message.is_diff:
            book.on_diff(data)
        elif message.is_snapshot:
            book.on_snapshot(data)
        if not book.in_sync:
            return
        old, self.book, self._next_book = self.book, book, None
        bids = _changes(dict(old.bids.top(len(old.bids))), dict(book.bids.top(len(book.bids))))
        asks = _changes(dict(old.asks.top(len(old.asks))), dict(book.asks.top(len(book.asks))))
        at_ms = time.time_ns() // 1_000_000
        first, last, name = old.last_update_id + 1, book.last_update_id, self.symbol.lower()
        (bid, bid_quantity), (ask, ask_quantity) = book.bids.top(1)[0], book.asks.top(1)[0]
        self.best = {"u": last, "s": self.symbol, "b": bid, "B": bid_quantity, "a": ask, "A": ask_quantity}
        yield self.symbol, f"{name}@bookTicker", self.best
        diff = {"e": "depthUpdate", "E": at_ms, "s": self.symbol, "U": first, "u": last, "b": bids, "a": asks}
        yield self.symbol, f"{name}@depth@100ms", diff


class Venue:
    """Plays recordings and knows what REST would say of them at the moment.

    Times count from the start of the program. A recording that repeats goes on with ids that rise.
    """

    def __init__(
        self, symbols: Iterable[str], *, speed: float = 1.0, first_s: float = math.inf, repeat: bool = False
    ) -> None:
        self.markets = {Symbol(symbol): Market(Symbol(symbol)) for symbol in symbols if bundled(symbol)}
        self._speed = speed
        self._first_s = first_s
        self._repeat = repeat

    async def play(self) -> AsyncGenerator[Told, None]:
        """Yield what happens, when it happens."""
        begins_ms = time.time_ns() // 1_000_000
        while self.markets:
            first_ms = last_ms = 0
            async with aclosing(play(self._recorded(), speed=self._speed)) as recorded:
                async for message in recorded:
                    last_ms = message.at_ns // 1_000_000
                    first_ms = first_ms or last_ms
                    for told in self.markets[message.symbol].take(message, begins_ms - first_ms):
                        yield told
            if not self._repeat:
                return
            begins_ms += last_ms - first_ms + 1
            for market in self.markets.values():
                market.again()

    def _recorded(self) -> Iterator[Recorded]:
        messages = read_together({symbol: path for symbol in self.markets if (path := bundled(symbol))})
        first = next(messages)
        yield first
        last_ns = first.at_ns + self._first_s * 1e9
        yield from takewhile(lambda message: message.at_ns < last_ns, messages)


def _changes(old: dict[str, str], new: dict[str, str]) -> list[list[str]]:
    gone = [[price, "0.00000000"] for price in old if price not in new]
    return gone + [[price, quantity] for price, quantity in new.items() if old.get(price) != quantity]
