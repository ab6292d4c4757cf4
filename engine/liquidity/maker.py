"""The market maker: follows another venue's books with the house's funds.

It asks the sequencer for a new ladder only when it has something to say: at once when the best price moved or a stop
began, otherwise every `refresh_us` at most. One ladder a market is under way at a time, and the newest book wins; a
withdrawal waits for nothing.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final, Protocol

import structlog

from engine.core.commands import Quote
from engine.core.events import BalanceChanged, Event
from engine.core.refusals import Refused
from engine.core.types import MARKET_MAKER, TRADING, AssetCode, Atoms, MarketState, Micros, Symbol
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.desk import Desk
from engine.liquidity.external import Insane, Mid, Touch
from engine.liquidity.inventory import NO_LIMITS, to_give, to_take
from engine.liquidity.ports import MakerStore
from engine.liquidity.quoting import NOTHING, Inventory, Ladder
from engine.liquidity.settings import MICROS, MakerSettings
from engine.liquidity.stops import Alarm, Change, StopReason
from engine.liquidity.switch import Switch
from engine.ports import Clock, ExternalBook, Feed
from engine.sequencer.batch import Batch

log = structlog.get_logger()

WITHDRAW_S: Final = 2.0
LOOKS: Final = 4  # at every market in the time in which a book goes stale
RESERVED_PART: Final = 20  # one part in so many is not quoted: trades under way may have spent it already


class Submits(Protocol):
    """What the market maker needs of the sequencer."""

    listeners: list[Callable[[Batch], None]]

    def submit(self, command: Quote, /) -> asyncio.Future[list[Event]]:
        """Put a quote into the inbox. Raises Busy, and the future raises Refused."""


class MarketMaker:
    """Runs one ladder a market until its feed ends or it is cancelled, and withdraws them then.

    balances are the house's at the start (the writer's snapshot has them); later ones come from committed batches.
    states are the markets' at the start, where they are not trading; later ones come from committed batches too.
    clock dates commands and tells the day; now (seconds, never going back) is for time-outs. alarms are told of every
    stop that begins or ends, when that has happened already; what one raises ends the market maker.
    """

    def __init__(
        self,
        sequencer: Submits,
        feed: Feed,
        books: Bookkeeper,
        store: MakerStore,
        balances: Iterable[BalanceChanged],
        stopped: Mapping[Symbol, str],
        clock: Clock,
        settings: MakerSettings,
        *,
        states: Mapping[Symbol, MarketState] | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.alarms: list[Callable[[Alarm], None]] = []
        self.books = books
        self.switch = Switch(books.pairs, stopped, store.keep_stopped, self._switched)
        self._sequencer = sequencer
        self._feed = feed
        self._clock = clock
        self._settings = settings
        self._now = now
        began = self._micros()
        self.desks = {
            symbol: Desk(pair, settings, books.profits[symbol], began) for symbol, pair in books.pairs.items()
        }
        self._has_ended = False
        self._refreshed = 0  # the last moment, in refresh_us
        self._under_way: dict[Symbol, asyncio.Future[list[Event]]] = {}  # the last that was asked for, if unanswered
        markets = [pair.market for pair in books.pairs.values()]
        self._sharers = Counter(code for market in markets for code in (market.base, market.quote))
        self._states = dict(states or {})
        self._balances = {balance.asset: balance for balance in balances if balance.owner == MARKET_MAKER}
        sequencer.listeners.append(self.on_batch)

    async def run(self) -> None:
        """Quote. Raises what the feed, the sequencer or the store raises, except refusals."""
        try:
            async with asyncio.TaskGroup() as tasks:
                loops = [tasks.create_task(self._look_now_and_then()), tasks.create_task(self.books.run())]
                async for book in self._feed.books():
                    self.on_book(book)
                for loop in loops:
                    loop.cancel()
        finally:
            await self._withdraw_all()
            self._sequencer.listeners.remove(self.on_batch)
            await self.books.keep()

    def on_book(self, book: ExternalBook) -> None:
        """Take the feed's newest book of a market; others' books are ignored."""
        desk = self.desks.get(book.symbol)
        if desk is None:
            return
        now = self._micros()
        desk.hear(book, now)
        self._attend(desk)
        if now // self._settings.refresh_us != self._refreshed:  # all markets' ladders of this moment share a commit
            self._refreshed = now // self._settings.refresh_us
            for other in self.desks.values():
                self._attend(other)

    def on_batch(self, batch: Batch) -> None:
        """Learn from a committed batch what the house has now, which ladders have traded and which markets trade."""
        for balance in batch.balances:
            if balance.owner == MARKET_MAKER:
                self._balances[balance.asset] = balance
        for trade in batch.trades:
            if MARKET_MAKER in (trade.maker, trade.taker) and (desk := self.desks.get(trade.symbol)):
                desk.traded()
        self.books.on_batch(batch, self.mid)
        for market in batch.markets:
            self._states[market.symbol] = market.state
            if desk := self.desks.get(market.symbol):
                self._attend(desk)

    def mid(self, symbol: Symbol) -> Mid | None:
        """Return the other venue's middle of a market, as far as it is known."""
        return self.desks[symbol].mid

    def touch(self, symbol: Symbol) -> Touch | None:
        """Return the other venue's best prices of a market; None while anything stops it."""
        desk = self.desks[symbol]
        return None if desk.stops else desk.touch

    def owned(self, asset: AssetCode) -> int:
        """Return what the house has of an asset here, in atoms."""
        balance = self._balances.get(asset)
        return balance.available + balance.held if balance else 0

    def _micros(self) -> Micros:
        return Micros(int(self._now() * MICROS))

    def _attend(self, desk: Desk) -> None:
        """Do what a market needs now."""
        if self._has_ended or self._is_stopped(desk):
            return
        symbol = desk.pair.market.symbol
        if symbol in self._under_way or desk.book is None:  # the answer to what is under way brings us back
            return
        base = desk.pair.market.base
        try:
            wanted = desk.want(self._micros(), self._inventory(desk), self.owned(base) + desk.profit.hedged)
        except Insane:
            self._is_stopped(desk)
        else:
            if wanted is not None:
                self._ask(desk, wanted)

    def _is_stopped(self, desk: Desk) -> bool:
        """Tell whether a market must not be quoted; if so its quotes go at once."""
        market = desk.pair.market
        wrongs = desk.wrongs(
            self._micros(), self._clock(), {code: self.owned(code) for code in (market.base, market.quote)}
        )
        if (reason := self.switch.reason(market.symbol)) is not None:
            wrongs[StopReason.OPERATOR] = reason
        if (state := self._states.get(market.symbol, TRADING)) is not TRADING:
            wrongs[StopReason.MARKET] = f"the market is {state.value.replace('_', '-')}"
        changes = desk.stops.update(self._micros(), wrongs)
        if desk.stops and desk.may_rest and not (desk.asked == NOTHING and market.symbol in self._under_way):
            self._ask(desk, NOTHING)
        for change in changes:
            self._tell(market.symbol, change)
        return bool(desk.stops)

    def _tell(self, symbol: Symbol, change: Change) -> None:
        if change.began:
            log.warning("a market is stopped", symbol=symbol, reason=change.reason.value, detail=change.detail)
        else:
            log.info("a stop is over", symbol=symbol, reason=change.reason.value)
        for alarm in self.alarms:
            alarm(Alarm(self._clock(), symbol, change))

    def _ask(self, desk: Desk, wanted: Ladder) -> None:
        """Ask for a ladder."""
        symbol = desk.pair.market.symbol
        reference = desk.book.update_id if desk.book else 0
        desk.asks(wanted)
        try:
            asked = self._sequencer.submit(Quote(self._clock(), symbol, wanted.bids, wanted.asks, reference))
        except Refused as refused:
            self._under_way.pop(symbol, None)
            self._refused(desk, refused)
            return
        self._under_way[symbol] = asked
        asked.add_done_callback(partial(self._answered, desk))

    def _answered(self, desk: Desk, asked: asyncio.Future[list[Event]]) -> None:
        symbol = desk.pair.market.symbol
        refused = asked.exception()
        if self._under_way.get(symbol) is not asked:  # a withdrawal came after it
            return
        del self._under_way[symbol]
        if refused is None:
            desk.granted(self._micros())
            self._attend(desk)
        else:
            assert isinstance(refused, Refused)
            self._refused(desk, refused)

    def _refused(self, desk: Desk, refused: Refused) -> None:
        """Log a refusal and take back what may still rest."""
        symbol = desk.pair.market.symbol
        log.warning("quote refused", symbol=symbol, code=refused.code, reason=str(refused), details=refused.details)
        desk.refused(self._micros())
        if desk.asked != NOTHING:
            self._ask(desk, NOTHING)

    async def _look_now_and_then(self) -> None:
        """Attend to every market, since a silent feed brings no news and a stop may be over."""
        while True:
            await asyncio.sleep(self._settings.stops.stale_us / MICROS / LOOKS)
            for desk in self.desks.values():
                self._attend(desk)

    def _switched(self, symbol: Symbol) -> None:
        desk = self.desks[symbol]
        if self.switch.reason(symbol) is None:
            desk.forgive()
        self._attend(desk)

    async def _withdraw_all(self) -> None:
        self._has_ended = True
        for desk in self.desks.values():
            if desk.may_rest:
                self._ask(desk, NOTHING)
        waiting = list(self._under_way.values())
        # A writer that has failed answers nobody.
        if waiting and (await asyncio.wait(waiting, timeout=WITHDRAW_S))[1]:
            log.warning("quotes were not withdrawn: the writer does not answer; its next one begins without them")

    def _inventory(self, desk: Desk) -> Inventory:
        market = desk.pair.market
        return Inventory(
            base=self._share(market.base, desk),
            quote=self._share(market.quote, desk),
            base_room=self._room(market.base),
            quote_room=self._room(market.quote),
        )

    def _share(self, asset: AssetCode, desk: Desk) -> Atoms:
        """Return what a market's ladder may give of an asset: an equal part, and never what others have promised."""
        balance = self._balances.get(asset)
        available = balance.available if balance else 0
        usable = available - available // RESERVED_PART
        others = (other for other in self.desks.values() if other is not desk)
        promised = sum(other.asked.needs(other.pair.market).get(asset, 0) for other in others)
        limited = to_give(self.owned(asset), self._settings.inventory.get(asset, NO_LIMITS))
        return Atoms(max(0, min(min(usable, limited) // self._sharers[asset], usable - promised)))

    def _room(self, asset: AssetCode) -> Atoms:
        """Return how much more of an asset one market's ladder may bring in."""
        room = to_take(self.owned(asset), self._settings.inventory.get(asset, NO_LIMITS))
        return Atoms(room // self._sharers[asset])
