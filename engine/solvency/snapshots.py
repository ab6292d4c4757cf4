"""Takes snapshots while the chain is there, keeps some, and proves to each account that it is in them.

The ledger is read first, the vault next, deposit accounts last. So a sweep in between is counted nowhere, and what a
withdrawal has paid meanwhile is still owed: what lies on the chain never looks like more than it was.
"""

import asyncio
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

import structlog
from msgspec import Struct

from engine.core.types import FIRST_PERSON, AssetCode, Atoms, Micros, UserId
from engine.ports import ChainUnavailable, Clock
from engine.sequencer.sequencer import Busy
from engine.solvency.ports import SolvencyChain, SolvencyStore
from engine.solvency.proof import Leaf, Step
from engine.solvency.refusals import NoSnapshot, SolvencyUnavailable, UnknownSnapshot
from engine.solvency.tree import Owed, SumTree
from engine.solvency.types import AssetSnapshot, Holding, Owing, Snapshot
from engine.trying import keep_trying

log = structlog.get_logger()

SECRET_BYTES: Final = 32
MOST_ASKED: Final = 100  # token accounts in one question
MOST_WAITING: Final = 100  # for trees that are made again
PAUSE_S: Final = 0.0005  # of the thread that builds trees, so that the loop has its turn

Trees = dict[AssetCode, SumTree]
Proof = tuple[Leaf, list[Step]]


class Outside(Struct, frozen=True):
    """The chain, who owns the vault there, and our mints."""

    chain: SolvencyChain
    authority: str
    mints: Mapping[AssetCode, str]


class Solvency:
    """Built with the exchange. Without a chain nothing is taken, and what is kept is still proven."""

    def __init__(self, store: SolvencyStore, clock: Clock, *, every: Micros, most: int) -> None:
        """Take one as often as this, and keep so many."""
        self.store = store
        self._clock = clock
        self._every = every
        self._most = most
        self._snapshots: dict[int, Snapshot] = {}  # oldest first
        self._trees: dict[int, Trees] = {}  # of the newest, and of another that somebody has asked about
        self._outside: Outside | None = None
        self._taking = asyncio.Lock()
        self._growing = asyncio.Lock()
        self._waiting = 0

    async def load(self) -> None:
        """Know what is kept."""
        self._snapshots = {snapshot.id: snapshot for snapshot in await self.store.kept()}

    @property
    def kept(self) -> list[Snapshot]:
        """All that are kept, newest first."""
        return list(reversed(self._snapshots.values()))

    @property
    def due_in(self) -> Micros:
        """How long it is until the next one is due: none at all where there was none."""
        newest = next(reversed(self._snapshots.values()), None)
        due_in = 0 if newest is None else newest.taken_at + self._every - self._clock()
        return Micros(max(0, min(due_in, self._every)))

    def find(self, snapshot: int | None = None) -> Snapshot:
        """Return a snapshot, the newest where none is named. Raises NoSnapshot, UnknownSnapshot."""
        if not self._snapshots:
            raise NoSnapshot
        found = next(reversed(self._snapshots.values())) if snapshot is None else self._snapshots.get(snapshot)
        if found is None:
            raise UnknownSnapshot
        return found

    async def prove(self, snapshot: Snapshot, user: UserId) -> list[Proof]:
        """Return an account's leaves in a snapshot, each with its path. Raises UnknownSnapshot, Busy."""
        trees = self._trees.get(snapshot.id) or await self._grow_again(snapshot.id)
        return [(leaf, tree.path(leaf)) for _, tree in sorted(trees.items()) if (leaf := tree.leaf(user)) is not None]

    @contextmanager
    def open(self, outside: Outside) -> Iterator[None]:
        """Let snapshots be taken until left; `run` takes them."""
        self._outside = outside
        try:
            yield
        finally:
            self._outside = None

    async def run(self) -> None:
        """Take snapshots on schedule until cancelled. What fails is tried again."""
        await keep_trying("proof of solvency", self._on_schedule)

    async def _on_schedule(self) -> None:
        while True:
            await asyncio.sleep(self.due_in / 1e6)
            try:
                await self.take()
            except SolvencyUnavailable as error:
                raise ChainUnavailable(str(error.__cause__ or error)) from None

    async def take(self) -> Snapshot:
        """Take a snapshot now and keep it. Raises SolvencyUnavailable, Busy."""
        async with self._taking:
            outside = self._outside
            if outside is None:
                raise SolvencyUnavailable
            taken_at, moment = self._clock(), await self.store.moment()
            owing = Owing(secrets.token_bytes(SECRET_BYTES), moment.owed)
            trees = await asyncio.to_thread(_grow, owing)
            assets = []
            for code in sorted(outside.mints.keys() | moment.owed.keys()):
                root = trees[code].root if code in trees else None
                assert (0 if root is None else root.atoms) == moment.mirror.get(code, 0), "the ledger does not add up"
                try:
                    vault, deposits = await self._on_chain(outside, code)
                except ChainUnavailable as error:
                    raise SolvencyUnavailable from error
                assets.append(
                    AssetSnapshot(
                        asset=code,
                        mint=outside.mints.get(code),
                        root=root,
                        leaves=len(trees.get(code, ())),
                        house=_of_house(moment.owed.get(code)),
                        withdrawals=moment.withdrawals.get(code, Atoms(0)),
                        vault=vault,
                        deposits=deposits,
                    )
                )
            unkept = Snapshot(0, taken_at, moment.seq, outside.authority, tuple(assets))
            snapshot = await self.store.keep(unkept, owing, self._most)
            self._snapshots[snapshot.id] = snapshot
            for number in list(self._snapshots)[: -self._most]:
                del self._snapshots[number]
            self._trees = {snapshot.id: trees}
        log.info("a snapshot of what is owed", snapshot=snapshot.id, accounts=max(map(len, trees.values()), default=0))
        return snapshot

    async def _on_chain(self, outside: Outside, code: AssetCode) -> tuple[Holding, Holding]:
        mint = outside.mints.get(code)
        if mint is None:
            return Holding(), Holding()
        vault = await outside.chain.owned(outside.authority, mint)
        deposits, after = Holding(), ""
        while some := await self.store.unswept(code, after, MOST_ASKED):
            deposits = _together(deposits, await outside.chain.held(mint, some))
            after = some[-1]
        return vault, deposits

    async def _grow_again(self, snapshot: int) -> Trees:
        if self._waiting >= MOST_WAITING:
            raise Busy("More people ask for proofs than can be answered; try again in a moment.")
        self._waiting += 1
        try:
            async with self._growing:
                if (trees := self._trees.get(snapshot)) is not None:
                    return trees
                owing = await self.store.owing(snapshot)
                if owing is None:
                    raise UnknownSnapshot
                grown = await asyncio.to_thread(_grow, owing)
                newest = next(reversed(self._snapshots), snapshot)
                self._trees = {number: each for number, each in self._trees.items() if number == newest}
                self._trees[snapshot] = grown
                return grown
        finally:
            self._waiting -= 1


def _grow(owing: Owing) -> Trees:
    return {code: SumTree(code, owing.secret, owed, lambda: time.sleep(PAUSE_S)) for code, owed in owing.owed.items()}


def _of_house(owed: Owed | None) -> Atoms:
    if owed is None:
        return Atoms(0)
    house = zip(owed.accounts, owed.atoms, strict=True)
    total = 0
    for account, atoms in house:
        if account >= FIRST_PERSON:
            break
        total += atoms
    return Atoms(total)


def _together(one: Holding, other: Holding) -> Holding:
    slots = [slot for slot in (one.slot, one.last_slot, other.slot, other.last_slot) if slot is not None]
    return Holding(
        one.atoms + other.atoms, one.accounts + other.accounts, min(slots, default=None), max(slots, default=None)
    )
