"""The time before a market's first trade, as Binance's klines tell it."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Final

import structlog

from data.binance.klines import MAX_KLINES, KlineReader
from data.binance.live import REST_URL
from data.binance.messages import Bar
from data.binance.retries import pause_s, reason
from data.binance.streams import Rest, TooManyRequests, open_rest
from data.store.reference import SqlReference
from data.store.rows import CANDLE_MINUTES
from engine.core.market import Asset, Market
from engine.core.types import Micros, Symbol
from engine.market_data.intervals import DAY, MINUTE, Interval
from engine.market_data.reference import ReferenceCandle
from engine.ports import Clock

log = structlog.get_logger()

# Candles that are wanted of each length that is kept: a thousand of the longest interval put together from it. Of days
# all that there are, since Binance began in 2017.
REACH: Final = {1: 5_000, 15: 2_000, 60: 12_000}
MOST_REQUESTS: Final = 20  # for one length at a time; what is wanted takes 13 of Binance's weight 2
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 900.0
MOST_ERRORS: Final = 3  # in one line of the log
REFRESH_S = 60.0  # until a market's first trade
SETTLE: Final = 10_000_000  # Micros after which a kline is final, should Binance's clock be behind ours

_INTERVALS: Final = {
    each.size // MINUTE: each for each in Interval if each.size is not None and each.size // MINUTE in CANDLE_MINUTES
}


class History:
    """Fills the store with reference candles of some markets, up to the first trade of each."""

    def __init__(
        self,
        markets: Iterable[tuple[Market, Asset, Asset]],
        reference: SqlReference,
        clock: Clock,
        *,
        rest_url: str = REST_URL,
    ) -> None:
        """`markets` come with their base and quote."""
        self._reference = reference
        self._clock = clock
        self._rest_url = rest_url.rstrip("/")
        readers = {market.symbol: KlineReader(market, base, quote) for market, base, quote in markets}
        # Days come first: they are few, and show the most.
        self._missing = [
            (symbol, reader, minutes)
            for symbol, reader in readers.items()
            for minutes in sorted(CANDLE_MINUTES, reverse=True)
        ]
        self._ended = Micros(0)  # a minute that Binance itself has called over
        self._news = asyncio.Event()

    def on_bar(self, _: Symbol, bar: Bar) -> None:
        """Hear that a minute is over, so that charts move on at once and not a minute later."""
        self._ended = max(self._ended, Micros((bar.begin_ms * 1_000) + MINUTE))
        self._news.set()

    async def run(self) -> None:
        """Fetch what is missing until every market has traded and nothing of the time before is missing.

        Whatever goes wrong is logged and tried again later, less and less often; it never raises.
        """
        failures = 0
        while self._missing:
            wait_s = 0.0
            try:
                failed = await self._fetch_missing()
            except Exception as error:
                failed = {"everything": reason(error)}
                if isinstance(error, TooManyRequests):
                    wait_s = error.wait_s
            if failed:
                failures += 1
                wait_s = max(wait_s, pause_s(failures, FIRST_RETRY_S, LAST_RETRY_S))
                log.warning("binance gave no history", of=[*failed], errors=sorted({*failed.values()})[:MOST_ERRORS])
            else:
                failures, wait_s = 0, REFRESH_S
            self._news.clear()
            if failures:
                await asyncio.sleep(wait_s)  # whatever happens meanwhile, it was asked for peace
            else:
                await self._a_while(wait_s)
        log.info("all history from before the first trades is there")

    async def _a_while(self, wait_s: float) -> None:
        """Wait for the next minute to be over, or until it should have been."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._news.wait()

    async def _fetch_missing(self) -> dict[str, str]:
        """Return what could not be had now, and why. Raises TooManyRequests."""
        failed: dict[str, str] = {}
        async with open_rest(self._rest_url) as rest:
            for each in [*self._missing]:
                symbol, reader, minutes = each
                try:
                    if await self._fetch(rest, symbol, reader, minutes):
                        self._missing.remove(each)
                except TooManyRequests:
                    raise
                except Exception as error:  # the others' may be there
                    failed[f"{symbol}:{_INTERVALS[minutes].value}"] = reason(error)
        return failed

    async def _fetch(self, rest: Rest, symbol: Symbol, reader: KlineReader, minutes: int) -> bool:
        """Fetch what is missing of one length. Return whether nothing is missing any more, nor ever will be."""
        size = minutes * MINUTE
        traded, newest = await self._reference.known(symbol, minutes)
        now = self._clock()
        final = max(Micros(now - SETTLE), min(self._ended, Micros(now + SETTLE)))
        until = Micros((final if traded is None else min(final, traded)) // size * size)
        # Whole days, so that the first candle of each interval that is put together from these is whole too.
        first = Micros((until - REACH[minutes] * size) // DAY * DAY) if minutes in REACH else Micros(0)
        since = first if newest is None else max(first, Micros(newest + size))
        found: list[ReferenceCandle] = []
        for _ in range(MOST_REQUESTS):
            if since >= until:
                break
            asked = since // 1000, until // 1000 - 1, MAX_KLINES
            answer = await rest.klines(symbol, _INTERVALS[minutes].value, *asked)
            klines = reader.read(answer, minutes, since, until)
            found += klines
            since = Micros(klines[-1].begin + size) if klines else until
        await self._reference.add(symbol, minutes, found, first)
        return traded is not None and since >= until
