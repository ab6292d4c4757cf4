"""A real exchange with a real writer on a real SQLite file, for tests inside one process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path

from data.store.migrate import upgrade
from data.store.sqlite import SqliteStore
from engine.accounts.types import Account
from engine.core.commands import Deposit
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.ports import Store
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Sequencer

USDT, BTC = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)


class Gate:
    """A store before which each commit waits while the gate is shut; `fail` makes the next one fail."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store
        self.open = asyncio.Event()
        self.open.set()
        self.fail: Exception | None = None
        self.commits: list[Batch] = []

    async def take_lead(self):
        return await self.store.take_lead()

    async def commit(self, batch: Batch) -> None:
        await self.open.wait()
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
        self.writer = asyncio.create_task(self.sequencer.run())
        return self.writer

    async def person(self, telegram_id: int, **amounts: int) -> UserId:
        """Register somebody and credit whole units: person(7, USDT=1000)."""
        account: Account = await self.store.write(
            lambda connection: _person(connection, telegram_id, next(self._micros))
        )
        for asset, amount in amounts.items():
            atoms = amount * 10 ** self.exchange.state.assets[AssetCode(asset)].decimals
            reference = f"test:{telegram_id}:{next(self._numbers)}"
            await self.sequencer.submit(Deposit(self.now(), account.id, AssetCode(asset), Atoms(atoms), reference))
        return account.id


def _person(connection, telegram_id: int, now: int) -> Account:
    from data.store.accounts import person_by_telegram

    return person_by_telegram(connection, telegram_id, "Ada", None, None, Micros(now))


@asynccontextmanager
async def house(path: Path, *, inbox_limit: int = 20_000) -> AsyncIterator[House]:
    """Open (or recover) an exchange at `path`; its writer runs once started."""
    upgrade(f"sqlite:///{path}")
    store = await SqliteStore.open(path)
    try:
        await store.seed([USDT, BTC], [BTCUSDT])
        gate = Gate(store)
        typed: Store = gate
        snapshot = await typed.take_lead()
        exchange = Exchange([USDT, BTC], [BTCUSDT])
        exchange.restore(snapshot)
        clock = count(1_700_000_000_000_000)
        sequencer = Sequencer(exchange, typed, snapshot, lambda: Micros(next(clock)), inbox_limit=inbox_limit)
        opened = House(store, gate, exchange, sequencer)
        yield opened
        if opened.writer is not None and not opened.writer.done():
            gate.open.set()
            sequencer.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(opened.writer, 5)
    finally:
        await store.close()
