"""The feed that follows Binance."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from typing import Any

import structlog

from data.binance.allowance import Allowance
from data.binance.complaints import Complaints
from data.binance.followed import FollowedMarket
from data.binance.health import FeedHealth
from data.binance.latest import Latest
from data.binance.line import Line
from data.binance.retries import pause_s
from data.binance.settings import FeedSettings
from data.binance.streams import open_rest, open_streams
from data.binance.tape import OnBar, OnPrice, Tape
from data.binance.view import PACE_S, View
from engine.core.types import Symbol
from engine.ports import Clock, ExternalBook

log = structlog.get_logger()

REST_URL = "https://api.binance.com"
STREAM_URL = "wss://stream.binance.com:9443"

WATCH_S = 0.1
PROVEN_S = 60.0  # a connection that lasted so long was a good one
# The streams of a market, what their events are called there, and here. A bookTicker's event has no name.
STREAMS = {
    "depth@100ms": ("depthUpdate", "depth"),
    "bookTicker": (None, "ticker"),
    "trade": ("trade", "trade"),
    "kline_1m": ("kline", "bar"),
}


class BinanceFeed:
    """Binance's books of some symbols, through any number of dropped connections, until it is closed.

    on_price hears of the reference price, on_bar of the minutes that have ended there. A connection that comes of age
    or announces its end is followed until the next one continues its books; then that one is followed.
    """

    def __init__(
        self,
        symbols: Iterable[Symbol],
        clock: Clock,
        *,
        rest_url: str = REST_URL,
        stream_url: str = STREAM_URL,
        pace_s: float = PACE_S,
        on_price: OnPrice | None = None,
        on_bar: OnBar | None = None,
        settings: FeedSettings | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rest_url = rest_url.rstrip("/")
        self._stream_url = stream_url.rstrip("/")
        self._settings = settings = settings or FeedSettings()
        self._now = now
        self._latest = Latest()
        self._complaints = Complaints(now=now)
        self._markets = [
            FollowedMarket(
                symbol,
                View(symbol, clock, pace_s=pace_s),
                Tape(symbol, clock, on_price, on_bar),
                self._latest.put,
                self._complaints,
                settings,
                now=now,
            )
            for symbol in symbols
        ]
        self._streams = {
            f"{market.symbol.lower()}@{name}": (market, event, kind)
            for market in self._markets
            for name, (event, kind) in STREAMS.items()
        }
        self._connects = Allowance(settings.connects_in_five_minutes, 300.0)
        self._snapshots = Allowance(settings.snapshots_a_minute, 60.0)
        self._line: Line | None = None
        self._next: Line | None = None
        self._reconnects = 0
        self._handovers = 0

    async def books(self) -> AsyncGenerator[ExternalBook, None]:
        """Yield the books; see `engine.ports.Feed`."""
        following = asyncio.create_task(self._follow())
        following.add_done_callback(lambda _: self._latest.close())
        try:
            while book := await self._latest.take():
                yield book
            if following.done():
                await following  # it never ends by itself: this tells why it did
        finally:
            following.cancel()
            await asyncio.wait([following])

    async def close(self) -> None:
        """End `books`."""
        self._latest.close()

    def health(self) -> list[FeedHealth]:
        """Return how each market is doing now."""
        shared = {"reconnects": self._reconnects, "handovers": self._handovers}
        return [market.health.view(market.symbol, in_sync=market.is_shown, **shared) for market in self._markets]

    async def _follow(self) -> None:
        async with open_rest(self._rest_url) as rest, asyncio.TaskGroup() as tasks:
            for market in self._markets:
                tasks.create_task(market.keep_in_sync(rest, self._snapshots))
            tasks.create_task(self._watch())
            await self._keep_connected()

    async def _keep_connected(self) -> None:
        failures = 0
        try:
            self._line = await self._dial()
            while True:
                line = self._line
                if line.has_ended:
                    log.warning("binance connection lost", error=line.ended_by)
                    failures = 1 if line.age_s > PROVEN_S else failures + 1
                    for market in self._markets:
                        market.disconnected()
                    await self._pause(failures)
                    self._reconnects += 1
                    self._line = await self._dial()
                elif line.due_in_s <= 0:
                    failures = 0 if await self._hand_over(line) else failures + 1
                    if failures:
                        line.postpone(pause_s(failures, self._settings.first_retry_s, self._settings.last_retry_s))
                else:
                    await _any_news(line, for_s=line.due_in_s)
        finally:
            for each in (self._line, self._next):
                if each is not None:
                    await each.close()

    async def _hand_over(self, line: Line) -> bool:
        """Follow a new connection in place of an old one once it continues its books. Return whether that is done."""
        self._next = successor = await self._dial()
        deadline_s = self._now() + self._settings.join_s
        while not (line.has_ended or successor.has_ended or self._is_joined(successor) or self._now() > deadline_s):
            await _any_news(line, successor, for_s=deadline_s - self._now())
        self._next = None
        if not successor.is_open and not line.has_ended:
            log.warning("binance gave no second connection", error=successor.ended_by)
            await successor.close()
            for market in self._markets:
                market.forget_early()
            return False
        if line.has_ended:
            for market in self._markets:
                market.disconnected()
        self._line = successor
        if successor.is_open:
            for market in self._markets:
                market.join()
        self._handovers += 1
        log.info("another binance connection is followed")
        await line.close()
        return True

    def _is_joined(self, successor: Line) -> bool:
        return successor.is_open and all(market.is_joined for market in self._markets)

    async def _dial(self) -> Line:
        await self._connects.take()
        streams = open_streams(self._rest_url, self._stream_url, list(self._streams))
        return Line(streams, self._on_open, self._on_message, self._settings, now=self._now)

    def _on_open(self, line: Line) -> None:
        if line is self._line:
            for market in self._markets:
                market.connected()

    def _on_message(self, line: Line, message: Any) -> None:
        if line is not self._line and line is not self._next:
            return
        match message:
            case {"data": {"e": "serverShutdown"}} | {"e": "serverShutdown"}:
                log.info("binance is about to end a connection")
                line.retire()
            case {"stream": str(stream), "data": dict(data)} if stream in self._streams:
                market, event, kind = self._streams[stream]
                if data.get("e") != event:
                    market.complain("unknown event")
                elif data.get("s") != market.symbol:
                    market.complain("wrong symbol")
                elif line is self._line:
                    market.on_event(kind, data)
                else:
                    market.on_early(kind, data)
                    line.news.set()
            case _:
                for market in self._markets:
                    market.complain("message of no known stream")

    async def _watch(self) -> None:
        """Look at what does not show by a message."""
        while True:
            await asyncio.sleep(WATCH_S)
            for market in self._markets:
                why = market.check()
                if why is not None and self._line is not None and self._line.is_open:
                    self._line.drop(why)
                    for each in self._markets:
                        each.disconnected()

    async def _pause(self, failures: int) -> None:
        await asyncio.sleep(pause_s(failures, self._settings.first_retry_s, self._settings.last_retry_s))


async def _any_news(*lines: Line, for_s: float) -> None:
    """Wait until something has happened to one of some connections, for a time at most."""
    waiting = [asyncio.create_task(line.news.wait()) for line in lines]
    try:
        await asyncio.wait(waiting, timeout=max(0.0, for_s), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waiting:
            each.cancel()
    for line in lines:
        line.news.clear()
