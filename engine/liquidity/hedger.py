"""Carries hedges out: keeps each before it is sent, sends it once, and asks until it is known what became of it."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

import structlog

from engine.core.refusals import Refused
from engine.core.types import AssetCode, Symbol
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import Pair, Touch
from engine.liquidity.hedging import Hedge, HedgeSettings, decide, on_paper, worth
from engine.liquidity.inventory import Limits
from engine.liquidity.ports import MakerStore
from engine.ports import Clock, Hedger, HedgeRefused, HedgeResult

log = structlog.get_logger()

LOOK_S: Final = 1.0
MINUTE_S: Final = 60.0
ANSWER_S: Final = 10.0  # that a venue is waited for


class Sees(Protocol):
    """What hedging needs of the market maker."""

    def touch(self, symbol: Symbol) -> Touch | None:
        """Return the other venue's best prices; None while anything stops the market."""

    def owned(self, asset: AssetCode) -> int:
        """Return what the house has of an asset here."""


class Hedging:
    """Offsets the inventory of some markets, one order of a market at a time.

    venue may be None where hedging is not live. Where there is one, what an earlier process has sent is looked up there
    whatever the mode. limits tell the targets; an asset without any is not hedged. now is in seconds and never goes
    back.
    """

    def __init__(
        self,
        maker: Sees,
        books: Bookkeeper,
        store: MakerStore,
        venue: Hedger | None,
        limits: Mapping[AssetCode, Limits],
        clock: Clock,
        settings: HedgeSettings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        assert venue is not None or settings.mode != "live"
        self.open: dict[Symbol, Hedge] = {}  # sent, and what became of it is not known
        self.unasked: list[Hedge] = []  # the same, and nobody here can ask
        self.unknown = 0  # how often a venue's answer has left it open
        self._maker = maker
        self._books = books
        self._store = store
        self._venue = venue
        self._limits = limits
        self._clock = clock
        self._settings = settings
        self._now = now
        self._spent: dict[Symbol, deque[tuple[float, int]]] = {symbol: deque() for symbol in books.pairs}
        self._opened_s: dict[Symbol, float] = {}
        self._barred_until: dict[Symbol, float] = {}  # after a refusal

    @property
    def is_on_paper(self) -> bool:
        """Whether orders are only thought of."""
        return self._settings.mode == "paper"

    async def run(self) -> None:
        """Hedge until cancelled."""
        await self.recover()
        while True:
            try:
                await self.look()
            except Refused as busy:  # the store has too much to do; what was sent is looked up next time
                log.warning("hedging waits", reason=str(busy))
            await asyncio.sleep(LOOK_S)

    async def recover(self) -> None:
        """Go on with what an earlier process has sent."""
        for hedge in await self._store.open_hedges():
            if hedge.is_paper:
                await self._store.end_hedge(hedge.ended(0, 0, 0))
            elif self._venue is None or hedge.symbol not in self._books.pairs:
                log.error("nobody asks what became of a hedge", symbol=hedge.symbol, id=hedge.id, name=hedge.name)
                self.unasked.append(hedge)
            else:
                self._opened(hedge)

    async def look(self) -> None:
        """Do what every market needs now."""
        for pair in self._books.pairs.values():
            hedge = self.open.get(pair.market.symbol)
            if hedge is None:
                await self._decide(pair)
            else:
                await self._look_up(hedge)

    def away(self, pair: Pair) -> int:
        """Return how many base atoms more than the target are owned, here and as hedged."""
        base, symbol = pair.market.base, pair.market.symbol
        hedged = self._books.profits[symbol].hedged
        if self.is_on_paper:
            hedged += self._books.paper[symbol].hedged
        return self._maker.owned(base) + hedged - self._limits[base].target

    async def _decide(self, pair: Pair) -> None:
        symbol, now_s = pair.market.symbol, self._now()
        touch = self._maker.touch(symbol)
        if touch is None or now_s < self._barred_until.get(symbol, 0.0) or pair.market.base not in self._limits:
            return
        spent = self._spent[symbol]
        while spent and spent[0][0] <= now_s - MINUTE_S:
            spent.popleft()
        wanted = decide(
            pair,
            self._settings,
            away=self.away(pair),
            touch=touch,
            spent=sum(value for _, value in spent),
            at=self._clock(),
        )
        if wanted is None:
            return
        spent.append((now_s, worth(pair, touch, wanted.price, wanted.quantity)))
        hedge = await self._store.add_hedge(wanted)
        self._opened(hedge)
        if self._venue is None or hedge.is_paper:
            await self._end(on_paper(hedge, pair, touch, self._settings.fee_ppm))
            return
        try:
            async with asyncio.timeout(ANSWER_S):
                result = await self._venue.place(hedge.order)
        except HedgeRefused as refused:
            log.warning("hedge refused", symbol=symbol, id=hedge.id, reason=str(refused))
            self._barred_until[symbol] = now_s + MINUTE_S
            await self._end(hedge.refused())
        except Exception as error:  # whatever went wrong, the venue may have the order
            self._is_unknown(hedge, error)
        else:
            await self._take(hedge, result)

    async def _look_up(self, hedge: Hedge) -> None:
        """Ask what became of an order. It is never sent again: one that did not arrive in its life has ended."""
        if self._venue is None or hedge.is_paper:
            await self._end(hedge.ended(0, 0, 0))
            return
        asked_s = self._now()
        try:
            async with asyncio.timeout(ANSWER_S):
                result = await self._venue.look_up(hedge.order)
        except Exception as error:  # the venue is asked again
            self._is_unknown(hedge, error)
            return
        if result is not None:
            await self._take(hedge, result)
        elif asked_s > self._opened_s[hedge.symbol] + self._venue.life_s:
            log.warning("hedge has not arrived", symbol=hedge.symbol, id=hedge.id)
            await self._end(hedge.ended(0, 0, 0))

    def _opened(self, hedge: Hedge) -> None:
        self.open[hedge.symbol] = hedge
        self._opened_s[hedge.symbol] = self._now()  # or later than it was sent, which is safe

    async def _take(self, hedge: Hedge, result: HedgeResult) -> None:
        if result.is_final:
            await self._end(hedge.ended(result.base, result.quote, result.fee))

    async def _end(self, hedge: Hedge) -> None:
        await self._store.end_hedge(hedge)
        del self.open[hedge.symbol]
        touch = self._maker.touch(hedge.symbol)
        self._books.on_hedge(hedge, touch.mid if touch else None)
        log.info(
            "hedged", symbol=hedge.symbol, id=hedge.id, side=hedge.side.value, base=hedge.base, paper=hedge.is_paper
        )

    def _is_unknown(self, hedge: Hedge, error: Exception) -> None:
        self.unknown += 1
        log.warning("hedge unknown", symbol=hedge.symbol, id=hedge.id, error=f"{type(error).__name__}: {error}")
