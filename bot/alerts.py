"""Price alerts: each fires once, at the first price at or beyond its own, and again only where it is armed again.

Prices are those of our trades, as they come, and another venue's last one, looked at every second. An alert fires by
one write, which disarms it and puts its notice into the queue; so neither is without the other, whatever is killed.
"""

import asyncio
from bisect import insort
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import structlog

from bot.bodies import Body, encode
from data.store.notices import NoticeRow
from data.store.price_alerts import PriceAlert, SqlPriceAlerts
from data.store.schema import NoticeState
from engine.accounts.notifications import Kind
from engine.core.decimals import MarketDecimals
from engine.core.events import Traded
from engine.core.market import PPM
from engine.core.refusals import Refused
from engine.core.types import Symbol, Ticks
from engine.market_data.market_data import MarketData
from engine.ports import Clock
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

LOOK_S: Final = 1.0
AGAIN_S: Final = 1.0


class Levels:
    """One market's armed alerts: their prices in order, so that a price is compared with the next ones only."""

    def __init__(self) -> None:
        self._above: list[tuple[int, int]] = []  # (-price, alert): the lowest price last
        self._below: list[tuple[int, int]] = []  # (price, alert): the highest price last
        self._armed: dict[int, PriceAlert] = {}

    def add(self, alert: PriceAlert) -> None:
        """Wait for an alert's prices."""
        self.remove(alert.id)
        self._armed[alert.id] = alert
        if alert.above is not None:
            insort(self._above, (-alert.above, alert.id))
        if alert.below is not None:
            insort(self._below, (alert.below, alert.id))

    def remove(self, number: int) -> None:
        """Wait for it no more."""
        alert = self._armed.pop(number, None)
        if alert is not None and alert.above is not None:
            self._above.remove((-alert.above, number))
        if alert is not None and alert.below is not None:
            self._below.remove((alert.below, number))

    def reached(self, low: Ticks, high: Ticks) -> Iterator[tuple[PriceAlert, Ticks]]:
        """Yield the alerts that prices from low to high reach, each with that price, and wait for them no more."""
        while self._above and -self._above[-1][0] <= high:
            yield self._take(self._above[-1][1]), high
        while self._below and self._below[-1][0] >= low:
            yield self._take(self._below[-1][1]), low

    def _take(self, number: int) -> PriceAlert:
        alert = self._armed[number]
        self.remove(number)
        return alert


class Alerts:
    """All armed alerts. `on_batch` is a listener of the sequencer; `run` looks at the other venue and fires.

    queue takes what is to be told, when it is on disk.
    """

    def __init__(
        self,
        store: SqlPriceAlerts,
        market_data: MarketData,
        markets: Mapping[str, MarketDecimals],
        clock: Clock,
        queue: Callable[[NoticeRow], None],
    ) -> None:
        self.counted: Counter[str] = Counter()
        self._store = store
        self._market_data = market_data
        self._markets = markets
        self.now = clock
        self._queue = queue
        self._levels: dict[Symbol, Levels] = {Symbol(symbol): Levels() for symbol in markets}
        self._fired: asyncio.Queue[tuple[PriceAlert, Ticks]] = asyncio.Queue()  # bounded by what is armed

    async def load(self) -> None:
        """Arm what is armed on disk."""
        after = 0
        while found := await self._store.armed(after):
            for alert in found:
                self.arm(alert)
            after = found[-1].id

    def arm(self, alert: PriceAlert) -> None:
        """Wait for an alert's price, which is on disk."""
        if alert.symbol in self._levels:
            self._levels[alert.symbol].add(alert)

    def forget(self, alert: PriceAlert) -> None:
        """Wait for it no more."""
        if alert.symbol in self._levels:
            self._levels[alert.symbol].remove(alert.id)

    def price(self, symbol: Symbol) -> Ticks | None:
        """Return the price that alerts of a market go by now; None where there is none."""
        ticker = self._market_data.ticker(symbol)
        reference = _ticks(self._markets[symbol], ticker.reference.last if ticker.reference is not None else None)
        return reference if reference is not None else ticker.last

    def on_batch(self, batch: Batch) -> None:
        """Look at the prices of a committed batch's trades."""
        seen: dict[Symbol, tuple[Ticks, Ticks]] = {}
        for trade in batch.trades:
            low, high = seen.get(trade.symbol, (trade.price, trade.price))
            seen[trade.symbol] = min(low, trade.price), max(high, trade.price)
        for symbol, (low, high) in seen.items():
            self.look(symbol, low, high)

    def on_missed(self, trade: Traded) -> None:
        """Look at the price of a trade that was committed before the start, for alerts that were armed before it."""
        levels = self._levels.get(trade.symbol)
        if levels is None:
            return
        for alert, price in list(levels.reached(trade.price, trade.price)):
            if alert.armed_at <= trade.at:
                self._fired.put_nowait((alert, price))
            else:
                levels.add(alert)

    def look(self, symbol: Symbol, low: Ticks, high: Ticks) -> None:
        """Let fire what a market's prices reach."""
        if (levels := self._levels.get(symbol)) is not None:
            for reached in levels.reached(low, high):
                self._fired.put_nowait(reached)

    async def run(self) -> None:
        """Look at the other venue's prices every second, and fire, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look_now_and_then())
            tasks.create_task(self._fire_all())

    async def _look_now_and_then(self) -> None:
        while True:
            for symbol in self._levels:
                if (price := self.price(symbol)) is not None:
                    self.look(symbol, price, price)
            await asyncio.sleep(LOOK_S)

    async def _fire_all(self) -> None:
        while True:
            alert, price = await self._fired.get()
            try:
                await self._fire(alert, price)
            except Busy:
                self._fired.put_nowait((alert, price))
                await asyncio.sleep(AGAIN_S)
            except Exception:  # it is armed on disk, and so after the next start
                log.exception("an alert can't fire", alert=alert.id)

    async def _fire(self, alert: PriceAlert, price: Ticks) -> None:
        market, now = self._markets[alert.symbol], self.now()
        terms = market.market
        params = {"symbol": f"{terms.base}/{terms.quote}", "price": market.show_price(price), "quote": terms.quote}
        params |= {"above": _shown(market, alert.above), "below": _shown(market, alert.below)}
        key = "move" if alert.move_ppm is not None else "above" if alert.above is not None else "below"
        topic = f"alert:{alert.id}:{now}"
        body = encode(Body(Kind.ALERTS, f"alert.fired.{key}", params))
        notice = NoticeRow(alert.user, topic, NoticeState.WAITING, body, now, True, None)
        if await self._store.fire(alert, now, price, notice):
            self.counted["fired"] += 1
            self._queue(notice)


def around(price: Ticks, move_ppm: int) -> tuple[Ticks, Ticks]:
    """Return the prices (above, below) that are so far from a price, rounded away from it."""
    above = -(-price * (PPM + move_ppm) // PPM)
    return Ticks(above), Ticks(max(1, price * (PPM - move_ppm) // PPM))


def _ticks(market: MarketDecimals, price: str | None) -> Ticks | None:
    """Return another venue's price in our ticks, None where it is none of ours."""
    try:
        return market.price(price) if price else None
    except Refused:
        return None


def _shown(market: MarketDecimals, price: Ticks | None) -> str:
    return "" if price is None else market.show_price(price)
