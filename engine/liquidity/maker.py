"""The market maker: follows another venue's books with the house's funds.

It asks the sequencer for a new ladder only when it has something to say: at once when the best price moved or the
book was lost, otherwise every `refresh_us` at most. One quote a market is under way at a time; the newest book wins.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog
from msgspec import Struct, field

from engine.core.commands import Quote
from engine.core.events import BalanceChanged, Event
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import MARKET_MAKER, MAX_ATOMS, AssetCode, Atoms, Micros, Symbol
from engine.liquidity.quoting import NOTHING, Inventory, Ladder, LadderSettings, Pair, ladder
from engine.ports import Clock, ExternalBook, Feed
from engine.sequencer.batch import Batch

log = structlog.get_logger()

MICROS = 1_000_000
WITHDRAW_S = 2.0
RESERVED_PART = 20  # one part in so many is not quoted: trades under way may have spent it without our knowing yet


class Submits(Protocol):
    """What the market maker needs of the sequencer."""

    listeners: list[Callable[[Batch], None]]

    def submit(self, command: Quote, /) -> asyncio.Future[list[Event]]:
        """Put a quote into the inbox. Raises Busy, and the future raises Refused."""


class MakerSettings(Struct, frozen=True):
    """How the market maker behaves. Limits name the most of an asset that it may own; others have none."""

    ladder: LadderSettings = LadderSettings()
    stale_us: Micros = Micros(MICROS)  # a market whose book is older than this is not quoted
    refresh_us: Micros = Micros(MICROS)
    limits: Mapping[AssetCode, Atoms] = field(default_factory=dict)


class _Desk:
    """What the market maker knows about one market."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.news = asyncio.Event()
        self.book: ExternalBook | None = None
        self.heard_s = 0.0
        self.asked: Ladder = NOTHING  # last
        self.is_certain = True  # that it was granted, so that it is what rests unless something traded
        self.filled = False  # something traded since
        self.computed_from: ExternalBook | None = None
        self.calm_until_s = 0.0  # only a moved touch is a reason to ask again before this
        self.barred_until_s = 0.0  # after a refusal nothing is quoted before this

    @property
    def may_rest(self) -> bool:
        """Whether quotes of ours may be on the book."""
        return not (self.is_certain and self.asked == NOTHING)


class MarketMaker:
    """Runs one ladder a market until its feed ends or it is cancelled, and withdraws them then.

    balances are the house's at the start (the writer's snapshot has them); later ones come from committed batches.
    clock dates commands; now (seconds, never going back) is for time-outs.
    """

    def __init__(
        self,
        sequencer: Submits,
        feed: Feed,
        assets: Iterable[Asset],
        markets: Iterable[Market],
        balances: Iterable[BalanceChanged],
        clock: Clock,
        settings: MakerSettings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sequencer = sequencer
        self._feed = feed
        self._clock = clock
        self._settings = settings
        self._now = now
        known = {asset.code: asset for asset in assets}
        pairs = [Pair(market, known[market.base], known[market.quote]) for market in markets]
        self._desks = {pair.market.symbol: _Desk(pair) for pair in pairs}
        self._sharers = Counter(code for pair in pairs for code in (pair.market.base, pair.market.quote))
        self._balances = {balance.asset: balance for balance in balances if balance.owner == MARKET_MAKER}
        sequencer.listeners.append(self.on_batch)

    async def run(self) -> None:
        """Quote. Raises what the feed or the sequencer raises, except refusals."""
        try:
            async with asyncio.TaskGroup() as tasks:
                loops = [tasks.create_task(self._keep_quoted(symbol)) for symbol in self._desks]
                loops.append(tasks.create_task(self._watch()))
                async for book in self._feed.books():
                    self.on_book(book)
                for loop in loops:
                    loop.cancel()
        finally:
            await self._withdraw_all()
            self._sequencer.listeners.remove(self.on_batch)

    def on_book(self, book: ExternalBook) -> None:
        """Take the feed's newest book of a market; others' books are ignored."""
        if desk := self._desks.get(book.symbol):
            desk.book = book
            desk.heard_s = self._now()
            desk.news.set()

    def on_batch(self, batch: Batch) -> None:
        """Learn from a committed batch what the house has now and which ladders have traded."""
        for balance in batch.balances:
            if balance.owner == MARKET_MAKER:
                self._balances[balance.asset] = balance
        for trade in batch.trades:
            if MARKET_MAKER in (trade.maker, trade.taker) and (desk := self._desks.get(trade.symbol)):
                desk.filled = True

    async def _keep_quoted(self, symbol: Symbol) -> None:
        desk = self._desks[symbol]
        while True:
            await desk.news.wait()
            desk.news.clear()
            wanted = self._decide(symbol)
            if wanted is not None and not await self._ask(desk, wanted) and wanted != NOTHING:
                await self._ask(desk, NOTHING)

    def _decide(self, symbol: Symbol) -> Ladder | None:
        """Return the ladder to ask for now, or None where what rests may stay."""
        desk = self._desks[symbol]
        now_s = self._now()
        book = desk.book
        if book is None or not book.in_sync or self._is_stale(desk, now_s):
            return NOTHING if desk.may_rest else None
        if now_s < desk.barred_until_s:
            return None if desk.is_certain else NOTHING
        calm = desk.is_certain and desk.asked != NOTHING and now_s < desk.calm_until_s
        if calm and _has_touch_of(book, desk.computed_from):
            return None
        wanted = ladder(book, desk.pair, self._settings.ladder, self._inventory(desk))
        desk.computed_from = book
        if wanted == NOTHING:
            return NOTHING if desk.may_rest else None
        if desk.is_certain and wanted == desk.asked and not desk.filled:
            return None
        if calm and wanted.touch == desk.asked.touch:
            return None
        return wanted

    async def _ask(self, desk: _Desk, wanted: Ladder) -> bool:
        """Ask for a ladder; log a refusal and return False."""
        symbol = desk.pair.market.symbol
        reference = desk.book.update_id if desk.book else 0
        desk.asked, desk.is_certain, desk.filled = wanted, False, False
        try:
            await self._sequencer.submit(Quote(self._clock(), symbol, wanted.bids, wanted.asks, reference))
        except Refused as refused:
            log.warning("quote refused", symbol=symbol, code=refused.code, reason=str(refused), details=refused.details)
            desk.barred_until_s = self._now() + self._settings.refresh_us / MICROS
            return False
        desk.is_certain = True
        desk.calm_until_s = self._now() + self._settings.refresh_us / MICROS
        return True

    async def _watch(self) -> None:
        """Look at every market now and then: a silent feed brings no news."""
        while True:
            await asyncio.sleep(self._settings.stale_us / MICROS / 4)
            now_s = self._now()
            for symbol, desk in self._desks.items():
                if desk.may_rest and self._is_stale(desk, now_s):
                    log.warning("feed is silent, so its market is not quoted", symbol=symbol)
                    desk.news.set()

    def _is_stale(self, desk: _Desk, now_s: float) -> bool:
        return now_s - desk.heard_s > self._settings.stale_us / MICROS

    async def _withdraw_all(self) -> None:
        try:
            async with asyncio.timeout(WITHDRAW_S):  # a writer that has failed answers nobody
                for desk in self._desks.values():
                    if desk.may_rest:
                        await self._ask(desk, NOTHING)
        except TimeoutError:
            log.warning("quotes were not withdrawn: the writer does not answer; its next one begins without them")

    def _inventory(self, desk: _Desk) -> Inventory:
        market = desk.pair.market
        return Inventory(
            base=self._share(market.base, desk),
            quote=self._share(market.quote, desk),
            base_room=self._room(market.base),
            quote_room=self._room(market.quote),
        )

    def _share(self, asset: AssetCode, desk: _Desk) -> Atoms:
        """Return what a market's ladder may give of an asset: an equal part, and never what others have promised."""
        balance = self._balances.get(asset)
        available = balance.available if balance else 0
        usable = available - available // RESERVED_PART
        others = (other for other in self._desks.values() if other is not desk)
        promised = sum(other.asked.needs(other.pair.market).get(asset, 0) for other in others)
        return Atoms(max(0, min(usable // self._sharers[asset], usable - promised)))

    def _room(self, asset: AssetCode) -> Atoms:
        """Return how much more of an asset one market's ladder may bring in."""
        if asset not in self._settings.limits:
            return Atoms(MAX_ATOMS)
        balance = self._balances.get(asset)
        owned = balance.available + balance.held if balance else 0
        return Atoms(max(0, self._settings.limits[asset] - owned) // self._sharers[asset])


def _has_touch_of(book: ExternalBook, other: ExternalBook | None) -> bool:
    """Tell whether two books have the same best prices."""
    return other is not None and [price for price, _ in book.bids[:1] + book.asks[:1]] == [
        price for price, _ in other.bids[:1] + other.asks[:1]
    ]
