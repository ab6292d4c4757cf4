"""A market maker with a real exchange, a real writer and a real SQLite file, and a feed told by hand."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from msgspec.structs import replace

from data.store.accounts import person_by_telegram
from data.store.liquidity import SqlMakerStore
from data.store.readers import Readers
from data.store.sqlite import SqliteStore
from engine.core.commands import Command, Deposit, ListAsset, ListMarket, PlaceOrder
from engine.core.events import BalanceChanged, Event
from engine.core.exchange import Exchange
from engine.core.market import Market
from engine.core.types import (
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    MarketState,
    Micros,
    OrderType,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    TradeId,
    UserId,
)
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.maker import MarketMaker
from engine.liquidity.quoting import Ladder, LadderSettings
from engine.liquidity.settings import MakerSettings, StopSettings
from engine.ports import ExternalBook
from engine.sequencer.sequencer import Sequencer
from tests.engine.liquidity.markets import ASSETS, BTCUSDT, ETHUSDT, PAIRS
from tests.support.database import ensure_database
from tests.support.invariants import check
from tests.support.writing import Gate

EASY = StopSettings(hold_off_us=Micros(0), band_ppm=10**6, widest_ppm=10**6)
SIMPLE = MakerSettings(ladder=LadderSettings(grid_ppm=0), stops=EASY)


class FeedByHand:
    """Yields what a test puts into it."""

    def __init__(self) -> None:
        self._books: asyncio.Queue[ExternalBook | None] = asyncio.Queue()
        self._update_ids = count(1)

    async def books(self) -> AsyncIterator[ExternalBook]:
        while book := await self._books.get():
            yield book

    async def close(self) -> None:
        self._books.put_nowait(None)

    def put(self, book: ExternalBook) -> None:
        """Yield a book; one without an update id of its own gets the next."""
        self._books.put_nowait(book if book.update_id else replace(book, update_id=next(self._update_ids)))


class Time:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class House:
    """The exchange, its writer and its store; the market maker is made by `hire`."""

    def __init__(
        self,
        exchange: Exchange,
        sequencer: Sequencer,
        gate: Gate,
        maker_store: SqlMakerStore,
        people: tuple[UserId, UserId],
    ) -> None:
        self.ann, self.bob = people  # who trade
        self.exchange = exchange
        self.sequencer = sequencer
        self.gate = gate
        self.maker_store = maker_store
        self.feed = FeedByHand()
        self.time = Time()
        self._micros = count(1_700_000_000_000_000)
        self._references = count(1)

    @property
    def newest_trade(self) -> TradeId:
        return TradeId(self.exchange.state.next_trade - 1)

    def clock(self) -> Micros:
        return Micros(next(self._micros))

    def hire(
        self,
        settings: MakerSettings = SIMPLE,
        *,
        markets: Iterable[Market] = (BTCUSDT, ETHUSDT),
        balances: Iterable[BalanceChanged] | None = None,
        stopped: Mapping[Symbol, str] | None = None,
        states: Mapping[Symbol, MarketState] | None = None,
        now: Callable[[], float] | None = None,
    ) -> MarketMaker:
        known = self.exchange.snapshot(seq=0, epoch=1, digest=b"").balances if balances is None else balances
        pairs = [PAIRS[market.symbol] for market in markets]
        return MarketMaker(
            self.sequencer,
            self.feed,
            Bookkeeper(self.maker_store, pairs, self.newest_trade),
            self.maker_store,
            known,
            stopped or {},
            self.clock,
            settings,
            states=states,
            now=now or self.time,
        )

    async def submit(self, command: Command) -> list[Event]:
        """Have a command carried out; a writer that has failed answers nobody, so not for ever."""
        return await asyncio.wait_for(self.sequencer.submit(command), 5)

    async def fund(self, user: UserId, **amounts: float) -> None:
        """Credit amounts in whole units."""
        for asset, amount in amounts.items():
            atoms = round(amount * 10 ** self.exchange.state.assets[AssetCode(asset)].decimals)
            reference = f"test:{next(self._references)}"
            deposit = Deposit(self.clock(), user, AssetCode(asset), Atoms(atoms), reference)
            await self.submit(deposit)

    async def trade(self, user: UserId, side: str, lots: int, symbol: str = "BTCUSDT") -> list[Event]:
        """Send a market order."""
        order = PlaceOrder(
            self.clock(),
            user,
            Symbol(symbol),
            Side(side),
            OrderType.MARKET,
            Lots(lots),
            time_in_force=TimeInForce.IOC,
        )
        return await self.submit(order)

    async def limit(self, user: UserId, side: str, lots: int, price: int) -> list[Event]:
        """Send a limit order for BTCUSDT."""
        symbol, order_type = BTCUSDT.symbol, OrderType.LIMIT
        return await self.submit(
            PlaceOrder(self.clock(), user, symbol, Side(side), order_type, Lots(lots), price=Ticks(price))
        )

    def resting(self, symbol: str = "BTCUSDT") -> Ladder:
        """Return what of the market maker's is on a book."""
        venue = self.exchange.state.venues[Symbol(symbol)]
        bids = sorted(((price, order.remaining) for price, order in venue.bid_quotes.items()), reverse=True)
        asks = sorted((price, order.remaining) for price, order in venue.ask_quotes.items())
        return Ladder(tuple(bids), tuple(asks))

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait for what other tasks bring about, and check the books of account then."""
        async with asyncio.timeout(5):
            while not met():  # noqa: ASYNC110  what is waited for has no event of its own
                await asyncio.sleep(0.002)
        check(self.exchange)


@asynccontextmanager
async def house(path: Path) -> AsyncIterator[House]:
    """Open an exchange with BTCUSDT and ETHUSDT whose house has 1,000,000 USDT, 10 BTC and 100 ETH."""
    ensure_database(path)
    store = await SqliteStore.open(path)
    readers = await Readers.open(path)
    try:
        gate = Gate(store)
        snapshot = await store.take_lead()
        exchange = Exchange()
        exchange.restore(snapshot)
        clock = count(1_700_000_000_000_000)
        sequencer = Sequencer(exchange, gate, snapshot, lambda: Micros(next(clock)))
        writer = asyncio.create_task(sequencer.run())
        ann = await store.write(lambda connection: person_by_telegram(connection, 7, "Ann", None, None, Micros(0)))
        bob = await store.write(lambda connection: person_by_telegram(connection, 8, "Bob", None, None, Micros(0)))
        opened = House(exchange, sequencer, gate, SqlMakerStore(store, readers), (ann.id, bob.id))
        for asset in ASSETS:
            await opened.submit(ListAsset(opened.clock(), asset))
        for market in (BTCUSDT, ETHUSDT):
            await opened.submit(ListMarket(opened.clock(), market))
        await opened.fund(MARKET_MAKER, USDT=1_000_000, BTC=10, ETH=100)
        yield opened
        gate.open.set()
        sequencer.close()
        if gate.fail is None:
            await asyncio.wait_for(writer, 5)
        else:
            await asyncio.wait([writer])
            assert writer.exception() is gate.fail
    finally:
        await readers.close()
        await store.close()


@asynccontextmanager
async def running(maker: MarketMaker) -> AsyncIterator[asyncio.Task[None]]:
    """Run a market maker and cancel it at the end."""
    task = asyncio.create_task(maker.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
