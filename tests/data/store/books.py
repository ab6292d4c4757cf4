"""A real exchange and its real writer on a real database, driven one command at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from data.store.accounts import SqlAccounts
from data.store.opening import Place, open_store
from data.store.queries import Queries
from data.store.store import Store
from engine.core.commands import AmendOrder, CancelOrder, Command, Deposit, ListAsset, ListMarket, PlaceOrder, Quote
from engine.core.events import Event, OrderChanged
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.snapshot import Snapshot
from engine.core.types import (
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderId,
    OrderType,
    Side,
    Symbol,
    Ticks,
    TimeInForce,
    UserId,
)
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Sequencer
from tests.support.database import ensure_database

USDT, BTC, ETH = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8), Asset(AssetCode("ETH"), 8)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)
ETHUSDT = Market.of("ETHUSDT", ETH, USDT, tick_atoms=10**4, lot_atoms=10**4)
START = Micros(1_700_000_000_000_000)


class Books:
    """The exchange, what it is written to, and who asks."""

    def __init__(self, place: Place, store: Store, queries: Queries, snapshot: Snapshot) -> None:
        self.database = place
        self.store = store
        self.queries = queries
        self.accounts = SqlAccounts(store, queries)
        self.exchange = Exchange()
        self.exchange.restore(snapshot)
        self.batches: list[Batch] = []
        self._ticks = count(max(START, snapshot.now + 1))
        self.sequencer = Sequencer(self.exchange, store, snapshot, self.now)
        self.sequencer.listeners.append(self.batches.append)
        self._people = count(1)
        self.writer = asyncio.create_task(self.sequencer.run())

    @property
    def path(self) -> Path:
        """The SQLite file, for scenarios that play on one."""
        assert isinstance(self.database, Path)
        return self.database

    def now(self) -> Micros:
        return Micros(next(self._ticks))

    def pass_by(self, micros: int) -> None:
        """Let time pass."""
        self._ticks = count(next(self._ticks) + micros)

    async def do(self, command: Command) -> list[Event]:
        done = self.sequencer.submit(command)
        await asyncio.wait([done, self.writer], return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            self.writer.result()  # raises what the writer died of
        return await done

    async def person(self, **units: int) -> UserId:
        """Register somebody with some whole units, such as USDT=1000."""
        number = next(self._people)
        account = await self.accounts.person_by_telegram(number, f"Person {number}", None, "en", self.now())
        await self.fund(account.id, **units)
        return account.id

    async def fund(self, user: UserId, **units: int) -> None:
        for code, amount in units.items():
            atoms = Atoms(amount * 10 ** self.exchange.state.assets[AssetCode(code)].decimals)
            await self.do(Deposit(self.now(), user, AssetCode(code), atoms, f"{user}:{code}:{self.now()}"))

    async def place(
        self,
        user: UserId,
        side: str,
        quantity: int,
        price: int = 0,
        symbol: str = "BTCUSDT",
        time_in_force: str = "gtc",
        client_order_id: str = "",
    ) -> OrderChanged:
        """Place a limit order, or a market order where price is 0, and return it."""
        command = PlaceOrder(
            at=self.now(),
            user=user,
            symbol=Symbol(symbol),
            side=Side(side),
            type=OrderType.LIMIT if price else OrderType.MARKET,
            quantity=Lots(quantity),
            price=Ticks(price),
            time_in_force=TimeInForce(time_in_force if price else "ioc"),
            client_order_id=client_order_id,
        )
        placed = (await self.do(command))[-1]
        assert isinstance(placed, OrderChanged)
        return placed

    async def amend(self, user: UserId, order: OrderId, quantity: int) -> None:
        await self.do(AmendOrder(self.now(), user, order, Lots(quantity)))

    async def cancel(self, user: UserId, order: OrderId) -> None:
        await self.do(CancelOrder(self.now(), user, order))

    async def quote(self, bid: int, ask: int, quantity: int = 100) -> None:
        await self.fund(MARKET_MAKER, USDT=1_000_000, BTC=100)
        bids, asks = ((Ticks(bid), Lots(quantity)),), ((Ticks(ask), Lots(quantity)),)
        await self.do(Quote(self.now(), BTCUSDT.symbol, bids, asks, reference=77))


@asynccontextmanager
async def books(place: Place) -> AsyncIterator[Books]:
    """Open, or recover, an exchange with two markets."""
    ensure_database(place)
    store = await open_store(place)
    queries = await Queries.open(place)
    try:
        opened = Books(place, store, queries, await store.take_lead())
        for asset in (USDT, BTC, ETH):
            await opened.do(ListAsset(opened.now(), asset))
        for market in (BTCUSDT, ETHUSDT):
            await opened.do(ListMarket(opened.now(), market))
        yield opened
        opened.sequencer.close()
        await opened.writer
    finally:
        await queries.close()
        await store.close()
