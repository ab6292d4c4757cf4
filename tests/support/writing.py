"""A real exchange with a real writer on a real SQLite file, for tests inside one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from data.store.accounts import person_by_telegram
from data.store.sqlite import SqliteStore
from engine.core.commands import Deposit, ListAsset, ListMarket
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.snapshot import Snapshot
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Sequencer
from tests.support.database import ensure_database

USDT, BTC = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)


class Gate:
    """A real store before which commits wait while the gate is shut, and fail where `fail` is set."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.open = asyncio.Event()
        self.open.set()
        self.fail: Exception | None = None
        self.waiting = 0
        self.commits: list[Batch] = []

    async def take_lead(self) -> Snapshot:
        return await self.store.take_lead()

    async def commit(self, batch: Batch) -> None:
        self.waiting += 1
        await self.open.wait()
        self.waiting -= 1
        if self.fail is not None:
            raise self.fail
        await self.store.commit(batch)
        self.commits.append(batch)


class House:
    """Everything from the inbox to the disk."""

    def __init__(self, store: SqliteStore, gate: Gate, exchange: Exchange, sequencer: Sequencer) -> None:
        self.store = store
        self.gate = gate
        self.exchange = exchange
        self.sequencer = sequencer
        self.writer: asyncio.Task[None] | None = None
        self._numbers = count(1)
        self._micros = count(1_700_000_000_000_000, 1_000)

    def now(self) -> Micros:
        return Micros(next(self._micros))

    def start(self) -> asyncio.Task[None]:
        """Let the writer run."""
        self.writer = asyncio.create_task(self.sequencer.run())
        return self.writer

    async def list_markets(self) -> None:
        """Open BTCUSDT."""
        for asset in (USDT, BTC):
            await self.sequencer.submit(ListAsset(self.now(), asset))
        await self.sequencer.submit(ListMarket(self.now(), BTCUSDT))

    async def person(self, telegram_id: int, **amounts: int) -> UserId:
        """Register somebody and credit whole units of assets."""
        now = self.now()
        account = await self.store.write(
            lambda connection: person_by_telegram(connection, telegram_id, "Ada", None, None, now)
        )
        for asset, amount in amounts.items():
            atoms = amount * 10 ** self.exchange.state.assets[AssetCode(asset)].decimals
            reference = f"test:{telegram_id}:{next(self._numbers)}"
            await self.sequencer.submit(Deposit(self.now(), account.id, AssetCode(asset), Atoms(atoms), reference))
        return account.id

    async def stop(self) -> None:
        """Let the writer finish what it was given."""
        self.gate.open.set()
        self.sequencer.close()
        if self.writer is not None and not self.writer.done():
            await asyncio.wait_for(self.writer, 5)


@asynccontextmanager
async def house(path: Path, *, inbox_limit: int = 20_000) -> AsyncIterator[House]:
    """Open (or recover) an exchange at `path`; its writer runs once started."""
    ensure_database(path)
    store = await SqliteStore.open(path)
    try:
        gate = Gate(store)
        snapshot = await gate.take_lead()
        exchange = Exchange()
        exchange.restore(snapshot)
        clock = count(1_700_000_000_000_000)
        sequencer = Sequencer(exchange, gate, snapshot, lambda: Micros(next(clock)), inbox_limit=inbox_limit)
        opened = House(store, gate, exchange, sequencer)
        try:
            yield opened
        finally:
            await opened.stop()
    finally:
        await store.close()


@asynccontextmanager
async def trading_house(path: Path) -> AsyncIterator[House]:
    """Open an exchange at `path` with its writer running and BTCUSDT listed."""
    async with house(path) as opened:
        opened.start()
        await opened.list_markets()
        yield opened
