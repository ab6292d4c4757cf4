"""Collects owed fills and makes batches of them. They are read from the database: nobody pushes them here.

So many are in memory at most, `Pace.most_fills`. Where these are mostly such as can't be paid now, they are parked: let
go of, and read again later. So however many there are, the fills behind them are read, and settle.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from engine.core.types import Micros, TradeId
from engine.settlement.fills import Fill, Purse
from engine.settlement.owed import Owed
from engine.settlement.pace import Pace
from engine.settlement.parked import Parked
from engine.settlement.planning import Planned, Planner
from engine.settlement.ports import Sender, SettlementStore, Vault

_PAGE: Final = 1_000
_SPAN: Final = 20_000  # trades that are looked through at once for fills that are owed still
_BREATH: Final = 64  # fills that are looked at before others have their turn
_TAKEN: Final = 16  # so many of them is what one costs that joins a batch


class Collector:
    """The fills that are in no batch. `make` writes batches down; `room` says for how many there is room."""

    def __init__(
        self,
        sender: Sender,
        vault: Vault,
        store: SettlementStore,
        pace: Pace,
        *,
        spendable: Callable[[Purse], int],
        room: Callable[[], int],
        make: Callable[[Sequence[Planned]], Awaitable[None]],
    ) -> None:
        self.owed = Owed()
        self.parked = Parked()
        self.page = min(_PAGE, max(1, pace.most_fills // 4))  # fills that are read at once
        self.has_read_all = False  # as far as the database had any when it was asked last
        self.failed = 0  # fills that wait for an operator
        self.failed_debits = Counter[Purse]()
        self.turn = asyncio.Lock()  # held by whoever decides what is taken out of the vault
        self._sender = sender
        self._vault = vault
        self._store = store
        self._pace = pace
        self._spendable = spendable
        self._room = room
        self._make = make
        self._again_at_s = 0.0
        self._carried: set[TradeId] = set()  # those in batches
        self._apart: dict[TradeId, int] = {}  # fills of batches that failed: only those of one number share a batch
        self._groups = 0
        self._missing: dict[Purse, None] = {}  # token accounts that are to be made
        self._to_open = asyncio.Event()

    def debits(self, purse: Purse) -> int:
        """Return what fills that are in no batch take out of a purse."""
        return self.owed.debits(purse) + self.parked.debits(purse) + self.failed_debits[purse]

    @property
    def count(self) -> int:
        """How many fills are in no batch, as far as they are read."""
        return len(self.owed) + len(self.parked)

    @property
    def oldest_at(self) -> Micros | None:
        """When the oldest of them was traded."""
        found = (self.owed.oldest_at, self.parked.oldest_at)
        return min((at for at in found if at is not None), default=None)

    async def collect(self) -> None:
        """Read what comes to be owed, and now and then make batches of it."""
        loop = asyncio.get_running_loop()
        since_s, came = loop.time(), 0
        while True:
            async with self.turn:
                came += await self._read() + await self._read_again()
                is_late = loop.time() - since_s >= self._pace.collect_s
                if self.owed and (is_late or came >= self._pace.collect_fills):
                    await self._plan()
                if not self.owed or is_late or came >= self._pace.collect_fills:
                    since_s, came = loop.time(), 0
            await asyncio.sleep(self._pace.look_s)

    async def read_all(self) -> None:
        """Read what is owed now, as far as there is room for it. `turn` must be held."""
        assert self.turn.locked()
        while await self._read() and not self.has_read_all:
            pass

    async def _read(self) -> int:
        """Read a page of what has come to be owed; return how many fills that are."""
        limit = min(self.page, self._places())
        if limit <= 0:
            self.has_read_all = False
            return 0
        fills = await self._store.owed(self.owed.newest, limit)
        self.owed.read([fill for fill in fills if fill.id not in self._carried])
        self._open_for(fills)
        self.has_read_all = len(fills) < limit
        return len(fills)

    async def _read_again(self) -> int:
        """Read a page of those that are parked, where there is room and it is time; return how many fills that are."""
        parked, newest, loop = self.parked, self.owed.newest, asyncio.get_running_loop()
        if not parked or not self.has_read_all or self._places() < 2 * self.page:
            return 0
        if not parked.in_round:
            if loop.time() < self._again_at_s:
                return 0
            parked.begin_round()
        upto = TradeId(min(newest, parked.again + _SPAN))
        found = await self._store.owed(parked.again, self.page, upto)
        fills = [fill for fill in found if fill.id not in self._carried and fill.id not in self.owed]
        parked.unpark(fills, found[-1].id if len(found) == self.page else upto)
        self._owe(fills)
        if parked.again >= newest:
            parked.end_round()
            self._again_at_s = loop.time() + self._pace.again_s
        return len(fills)

    def _places(self) -> int:
        """Return how many fills more may be in memory."""
        return self._pace.most_fills - len(self.owed) - len(self._carried)

    def _owe(self, fills: Sequence[Fill]) -> None:
        """Take fills in that were read before. Those that find no room are parked, or were not counted as read yet."""
        taken, left = fills[: max(0, self._places())], fills[max(0, self._places()) :]
        self.owed.add(taken)
        self._open_for(taken)
        if left:
            self._park(left)

    def _park(self, fills: Sequence[Fill]) -> None:
        newest = self.owed.newest
        if not self.parked:
            self._again_at_s = asyncio.get_running_loop().time() + self._pace.again_s
        self.parked.park(fill for fill in fills if fill.id <= newest)
        if any(fill.id > newest for fill in fills):
            self.has_read_all = False
        self.forget(fills)

    def _open_for(self, fills: Sequence[Fill]) -> None:
        for fill in fills:
            for purse, atoms in fill.changes():
                if atoms and self._vault.find(*purse) is None:
                    self._missing[purse] = None
                    self._to_open.set()

    async def _plan(self) -> None:
        room = self._room()
        if room <= 0:
            return
        planner = Planner(
            self._spendable,
            self._sender.fits,
            self._address,
            most=room,
            apart=self._group,
            is_behind=self.parked.is_before,
        )
        worked = 0
        for fill in list(self.owed):  # fills of a batch that fails come back meanwhile
            if planner.is_full:
                break
            worked += _TAKEN if planner.offer(fill) else 1
            if worked >= _BREATH:
                worked = 0
                await asyncio.sleep(0)
        if planned := planner.batches():
            await self._make(planned)
        if planner.unpaid and self._places() < 2 * self.page:
            self.owed.take(planner.unpaid)
            self._park(planner.unpaid)

    def _address(self, purse: Purse) -> str | None:
        account = self._vault.find(*purse)
        return None if account is None else account.token_account

    def _group(self, trade: TradeId) -> int:
        return self._apart.get(trade, 0)

    async def open_accounts(self) -> None:
        """Have the token accounts made that owed fills need."""
        while True:
            self._to_open.clear()
            missing = list(self._missing)
            await self._vault.ensure(missing)
            for purse in missing:
                del self._missing[purse]
            await self._to_open.wait()

    # What has become of fills

    def take(self, fills: Sequence[Fill]) -> None:
        """Let go of fills that are in a batch now."""
        self.owed.take(fills)
        self.carried(fills)

    def carried(self, fills: Sequence[Fill]) -> None:
        """Take note of fills that are in a batch."""
        self._carried.update(fill.id for fill in fills)

    def put_back(self, fills: Sequence[Fill]) -> None:
        """Take the fills of a failed batch: one that is at fault is found by halves."""
        self._carried.difference_update(fill.id for fill in fills)
        half = len(fills) // 2
        for some in (fills[:half], fills[half:]):
            self._groups += 1
            self._apart.update((fill.id, self._groups) for fill in some)
        self._owe(fills)

    def forget(self, fills: Sequence[Fill]) -> None:
        """Take note that fills have settled, or are not in memory any more."""
        for fill in fills:
            self._carried.discard(fill.id)
            self._apart.pop(fill.id, None)

    def isolate(self, fill: Fill) -> None:
        """Take note that a fill waits for an operator."""
        self.forget([fill])
        self.failed += 1
        self.failed_debits.update(dict(fill.debits()))

    def retry(self, fills: Sequence[Fill]) -> None:
        """Take note that fills which have waited for an operator are owed again."""
        self.failed -= len(fills)
        for fill in fills:
            self.failed_debits.subtract(dict(fill.debits()))
        self._owe(fills)
