"""Klines of a market that Binance might have, made up from the time alone, so that each is known without a store."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from aiohttp import web

from engine.core.types import Micros
from engine.market_data.intervals import Interval

Kline = list[int | str]

LISTED_MS = 1_502_942_400_000  # 2017-08-17, as BTCUSDT and ETHUSDT
MAX_LIMIT = 1_000


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Trouble(NamedTuple):
    """An answer that is not what was asked for."""

    status: int = 200
    body: Any = None
    retry_after_s: int | None = None

    def response(self) -> web.Response:
        headers = None if self.retry_after_s is None else {"Retry-After": str(self.retry_after_s)}
        return web.json_response(self.body, status=self.status, headers=headers)


class Klines:
    """Answers `GET /api/v3/klines` for some symbols.

    closed are times in milliseconds, from and until, in which Binance was down: there are no klines then. troubles
    answer the next requests instead, in order.
    """

    def __init__(self, symbols: list[str], now_ms: Callable[[], int] = _now_ms) -> None:
        self.symbols = symbols
        self.now_ms = now_ms
        self.listed_ms = LISTED_MS
        self.closed: list[tuple[int, int]] = []
        self.troubles: list[Trouble] = []
        self.asked: list[dict[str, str]] = []

    async def answer(self, request: web.Request) -> web.Response:
        """Answer as Binance does."""
        query = dict(request.query)
        self.asked.append(query)
        if self.troubles:
            return self.troubles.pop(0).response()
        if known := query.keys() - {"symbol", "interval", "startTime", "endTime", "timeZone", "limit"}:
            return _refusal(-1104, f"Not all sent parameters were read; {sorted(known)}.")
        for name in ("symbol", "interval"):
            if name not in query:
                return _refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
        if query["symbol"] not in self.symbols:
            return _refusal(-1121, "Invalid symbol.")
        try:
            interval = Interval(query["interval"])
        except ValueError:
            return _refusal(-1120, "Invalid interval.")
        try:
            start, end = (int(query[name]) if name in query else None for name in ("startTime", "endTime"))
            limit = min(int(query.get("limit", "500")), MAX_LIMIT)
        except ValueError:
            return _refusal(-1100, "Illegal characters found in a parameter.")
        return web.json_response(self.klines(interval, start, end, limit))

    def klines(self, interval: Interval, start_ms: int | None, end_ms: int | None, limit: int) -> list[Kline]:
        """Return those that begin from start to end, both included: the first where there is a start, else the last."""
        last = interval.begin(Micros(min(self.now_ms(), end_ms if end_ms is not None else self.now_ms()) * 1000))
        found: list[Kline] = []
        if start_ms is None:
            begin, step = last, -1
        else:
            begin, step = interval.begin(Micros(max(start_ms, self.listed_ms) * 1000)), 1
            if begin < start_ms * 1000:
                begin = interval.step(begin, 1)
        earliest = interval.begin(Micros(self.listed_ms * 1000))
        while earliest <= begin <= last and len(found) < limit:
            if not any(since <= begin // 1000 < until for since, until in self.closed):
                found.append(kline(interval, begin))
            begin = interval.step(begin, step)
        return found[::step]


def kline(interval: Interval, begin: Micros) -> Kline:
    """Return the kline that begins at a moment."""
    end = interval.step(begin, 1)
    first, last = price(begin), price(end)
    spread = (end - begin) // 60_000_000
    volume = _hash(begin) % 10**12
    return [
        begin // 1000,
        _text(first),
        _text(max(first, last) + spread),
        _text(min(first, last) - spread),
        _text(last),
        _text(volume),
        end // 1000 - 1,
        _text(volume * 50_000),
        volume % 1000,
        _text(volume // 2),
        _text(volume * 25_000),
        "0",
    ]


def price(at: Micros) -> int:
    """Return the price at a moment, in units of 10**-8: about 50,000 and finer than a tick."""
    return 50_000 * 10**8 + _hash(at) % (1_000 * 10**8)


def _hash(at: int) -> int:
    return (at // 60_000_000 * 2_654_435_761) % 2**61


def _text(value: int) -> str:
    return f"{value // 10**8}.{value % 10**8:08}"


def _refusal(code: int, message: str, status: int = 400) -> web.Response:
    return web.json_response({"code": code, "msg": message}, status=status)
