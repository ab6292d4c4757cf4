"""Binance over loopback, as the tests use it: the simulator that ships, and what its recording says at each update."""

import asyncio
import math
import time
from bisect import bisect_left, bisect_right
from collections import defaultdict
from fractions import Fraction
from typing import Any

from aiohttp import web
from typing_extensions import override

from data.binance.simulator.server import Simulator
from data.binance.simulator.venue import Told
from engine.core.types import Symbol
from engine.ports import ExternalBook
from tests.simulators.klines import Klines


class BinanceSimulator(Simulator):
    """Remembers every bookTicker of the recording, whatever the faults made of it on the way."""

    def __init__(
        self, symbols: list[str], *, speed: float = 1.0, first_s: float = math.inf, repeat: bool = False
    ) -> None:
        super().__init__(symbols, speed=speed, first_s=first_s, repeat=repeat)
        self.klines = Klines(symbols)
        self.holds_at_first_books = False  # the recording waits there for `go_on`
        self._going_on = asyncio.Event()
        self._ids: dict[Symbol, list[int]] = defaultdict(list)
        self._tickers: dict[Symbol, list[dict[str, Any]]] = defaultdict(list)
        self._at_s: dict[Symbol, list[float]] = defaultdict(list)

    @override
    def routes(self) -> list[web.RouteDef]:
        """Return all routes; history, which a recording does not have, is made up."""
        known = [route for route in super().routes() if route.path != "/api/v3/klines"]
        return [*known, web.get("/api/v3/klines", self.klines.answer)]

    @property
    def symbols(self) -> list[Symbol]:
        return list(self.venue.markets)

    @property
    def connections(self) -> int:
        """How many were opened so far."""
        return self.sockets.opened

    @property
    def depth_requests(self) -> int:
        return self.rest.depth_requests

    @override
    async def tell(self, told: Told) -> None:
        symbol, stream, data = told
        if stream.endswith("@bookTicker"):
            self._ids[symbol].append(data["u"])
            self._tickers[symbol].append(data)
            self._at_s[symbol].append(time.monotonic())
        await super().tell(told)
        if self.holds_at_first_books and all(market.book.in_sync for market in self.venue.markets.values()):
            await self._going_on.wait()

    def go_on(self) -> None:
        """Let a recording that was held play on."""
        self._going_on.set()

    def agrees(self, book: ExternalBook, *, prices_only: bool = False) -> bool | None:
        """Tell whether a book has the best levels that the recording has at its update; None where it says nothing."""
        at = bisect_right(self._ids[book.symbol], book.update_id) - 1
        if at < 0:
            return None
        ticker = self._tickers[book.symbol][at]
        if prices_only:
            return (book.bids[0][0], book.asks[0][0]) == (ticker["b"], ticker["a"])
        return (*book.bids[0], *book.asks[0]) == (ticker["b"], ticker["B"], ticker["a"], ticker["A"])

    def update_id(self, symbol: Symbol) -> int:
        """Return the newest update that has happened."""
        return max(self.venue.markets[symbol].book.last_update_id, self._ids[symbol][-1])

    def outdated_s(self, book: ExternalBook) -> float:
        """Return since when the best prices have been other than in a book, or have been told again."""
        after = bisect_right(self._ids[book.symbol], book.update_id)
        newer = self._at_s[book.symbol][after : after + 1]
        return time.monotonic() - newer[0] if newer else 0.0

    def best(self, symbol: Symbol) -> tuple[Fraction, Fraction]:
        """Return the true best bid and ask, whatever the faults tell."""
        ticker = self._tickers[symbol][-1]
        return Fraction(ticker["b"]), Fraction(ticker["a"])

    def moved(self, symbol: Symbol, since_s: float, until_s: float) -> Fraction:
        """Return by which part of itself the true price has moved at most between two moments, the spread included."""
        at_s = self._at_s[symbol]
        begin, end = max(0, bisect_right(at_s, since_s) - 1), bisect_left(at_s, until_s)
        tickers = self._tickers[symbol][begin : end + 1]
        lowest = min(Fraction(ticker["b"]) for ticker in tickers)
        return max(Fraction(ticker["a"]) for ticker in tickers) / lowest - 1
