"""The one place that makes batches and follows them: owed fills, sweeps and withdrawals alike."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import structlog
from msgspec import Struct
from msgspec.structs import replace

from engine.core.types import AssetCode, Atoms, TradeId, UserId, WithdrawalId
from engine.ports import Clock
from engine.sequencer.sequencer import Busy
from engine.settlement.attempts import Outcome
from engine.settlement.carrier import Carrier, UnderWay
from engine.settlement.collector import Collector
from engine.settlement.fills import Fill, Purse
from engine.settlement.funds import Funds
from engine.settlement.pace import MOST_FILLS_UNDER_WAY, MOST_UNDER_WAY, Pace
from engine.settlement.planning import Planned
from engine.settlement.ports import Change, FailedFill, NewBatch, Sender, SettlementStore, Vault
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch, SettlementState
from engine.trying import keep_trying

log = structlog.get_logger()

T = TypeVar("T")
FillListener = Callable[[Sequence[Fill], SettlementState, str | None], None]

TAKEN_BACK: Final = "taken back"


class NotSpendable(Exception):  # noqa: N818
    """So much has not settled yet, or what came before needs it: ask again later."""


class Backlog(Struct, frozen=True):
    """How much there is to do. Counts of the past are since the start."""

    owed: int  # fills in no batch, as far as they are read
    under_way: int  # fills
    batches: int  # under way, of every kind
    failed: int  # fills that wait for an operator
    oldest_owed_s: float
    settled: int  # fills
    transactions: int  # settled, of every kind
    expired: int  # signings that never landed


class Settlement:
    """Built on what is written down. Call `load`, then `run`.

    Each of `listeners` hears of every change of a batch once it is durable. It is called between two steps of the
    loop, so it must be quick. So it is with `fill_listeners`, who hear of fills: how far they have come, and by which
    signature. That they are in a batch which is not signed is not told.
    """

    def __init__(
        self,
        sender: Sender,
        vault: Vault,
        store: SettlementStore,
        clock: Clock,
        *,
        pace: Pace | None = None,
    ) -> None:
        self.listeners: list[Callable[[SettlementBatch], None]] = []
        self.fill_listeners: list[FillListener] = []
        self._sender = sender
        self._vault = vault
        self._store = store
        self._clock = clock
        self._pace = pace or Pace()
        self._funds = Funds(lambda address: vault.of_address(address) is not None)
        self._carrier = Carrier(sender, store, self._funds, clock, self._pace, self._changed)
        self._collector = Collector(
            sender,
            vault,
            store,
            self._pace,
            spendable=self._spendable,
            room=self._room,
            make=lambda planned: self._to_the_end(self._make(planned)),
        )
        self._counts = Counter[str]()
        self._writing: set[asyncio.Task[Any]] = set()
        self._is_over = False

    async def load(self) -> None:
        """Take up what is written down and not over."""
        kept = await self._store.load()
        self._funds.begin(kept.settled)
        self._collector.failed = kept.failed
        self._collector.failed_debits.update(kept.failed_debits)
        for batch in kept.batches:
            number = batch.id
            under = UnderWay(batch, kept.fills.get(number, ()), kept.attempts.get(number), kept.ended.get(number))
            self._collector.carried(under.fills)
            self._carrier.take(under)

    async def run(self) -> None:
        """Settle until cancelled. Afterwards nothing is written by this one any more."""
        collector, longest_wait_s = self._collector, self._pace.longest_wait_s
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._carrier.run())
                for name, work in (("collecting", collector.collect), ("accounts", collector.open_accounts)):
                    tasks.create_task(keep_trying(f"settlement: {name}", work, longest_wait_s=longest_wait_s))
        finally:
            self._is_over = True
            if self._writing:
                await asyncio.wait(self._writing)

    # What others ask for

    async def add(self, kind: BatchKind, moves: Sequence[Move], withdrawal: WithdrawalId | None = None) -> int:
        """Write a batch down, which is then carried out whatever happens; return its id.

        Raises NotSpendable where it takes more out of the vault than is final and needed by nothing that came before,
        and Busy where too much is under way.
        """
        return await self._to_the_end(self._add(kind, tuple(moves), withdrawal))

    async def _add(self, kind: BatchKind, moves: tuple[Move, ...], withdrawal: WithdrawalId | None) -> int:
        async with self._collector.turn:
            if self._is_over or len(self._carrier.under_way) >= MOST_UNDER_WAY:
                raise Busy("Much is on its way to the chain; try again in a moment.")
            takes = Counter[Purse]()
            for move in moves:
                if (account := self._vault.of_address(move.source)) is not None:
                    takes[account.user, account.asset] += move.atoms
            if takes:
                await self._collector.read_all()
            if any(atoms > self.withdrawable(*purse) for purse, atoms in takes.items()):
                raise NotSpendable
            [batch] = await self._store.add([NewBatch(kind, moves, withdrawal)], self._clock())
            self._take(UnderWay(batch))
            return batch.id

    async def take_back(self, batch_id: int) -> bool:
        """Let a batch fail that was never signed; return whether that could be done."""
        return await self._to_the_end(self._take_back(batch_id))

    async def _take_back(self, batch_id: int) -> bool:
        under = self._carrier.under_way.get(batch_id)
        if under is None or under.batch.kind is BatchKind.FILLS:
            return False
        if not await self._store.take_back(batch_id, TAKEN_BACK, self._clock()):
            return False
        under = self._carrier.drop(replace(under.batch, state=BatchState.FAILED, reason=TAKEN_BACK))
        self._tell(under.batch)
        return True

    async def failed(self, limit: int) -> list[FailedFill]:
        """Return fills that wait for an operator, oldest first."""
        return await self._store.failed(limit)

    async def retry(self, trades: Sequence[TradeId] | None = None) -> int:
        """Let failed fills, all or some, be owed again; return how many there were."""
        return await self._to_the_end(self._retry(trades))

    async def _retry(self, trades: Sequence[TradeId] | None) -> int:
        collector, count = self._collector, 0
        async with collector.turn:
            while again := await self._store.retry(collector.page, trades):
                count += len(again)
                collector.retry(again)
                self._tell_of_fills(again, SettlementState.OWED, None)
            return count

    def settled(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what of an account's money is final on the chain."""
        account = self._vault.find(user, asset)
        return Atoms(0 if account is None else self._funds.settled(account.token_account))

    def spendable(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what a batch of fills may take from an account now."""
        return Atoms(max(0, self._spendable((user, asset))))

    def withdrawable(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what may leave an account for good now: none of it is needed by a fill, as far as they are read."""
        account = self._vault.find(user, asset)
        if account is None or not self._collector.has_read_all:
            return Atoms(0)
        free = self._funds.withdrawable(account.token_account) - self._collector.debits((user, asset))
        return Atoms(max(0, free))

    def lacks(self, user: UserId, asset: AssetCode) -> bool:
        """Tell whether fills that are owed take more out of an account than is there to be spent."""
        return self._collector.debits((user, asset)) > self.spendable(user, asset)

    def fits(self, moves: Sequence[Move]) -> bool:
        """Tell whether one batch can carry these moves."""
        return self._sender.fits(moves, ())

    def under_way(self, kind: BatchKind) -> list[int]:
        """Return the ids of the batches of a kind that are not over."""
        return [number for number, under in self._carrier.under_way.items() if under.batch.kind is kind]

    @property
    def backlog(self) -> Backlog:
        """How much there is to do."""
        under_way, oldest = self._carrier.under_way.values(), self._collector.oldest_at
        return Backlog(
            owed=self._collector.count,
            under_way=sum(len(under.fills) for under in under_way),
            batches=len(under_way),
            failed=self._collector.failed,
            oldest_owed_s=0.0 if oldest is None else max(0, self._clock() - oldest) / 1e6,
            settled=self._counts["settled"],
            transactions=self._counts["transactions"],
            expired=self._counts["expired"],
        )

    # Batches of fills

    def _room(self) -> int:
        under_way = self._carrier.under_way.values()
        with_fills = sum(under.batch.kind is BatchKind.FILLS for under in under_way)
        return min(MOST_UNDER_WAY - len(under_way), MOST_FILLS_UNDER_WAY - with_fills)

    def _spendable(self, purse: Purse) -> int:
        account = self._vault.find(*purse)
        return 0 if account is None else self._funds.spendable(account.token_account)

    async def _make(self, planned: Sequence[Planned]) -> None:
        new = [NewBatch(BatchKind.FILLS, each.moves, None, each.fills) for each in planned]
        batches = await self._store.add(new, self._clock())
        for batch, each in zip(batches, planned, strict=True):
            self._collector.take(each.fills)
            self._take(UnderWay(batch, each.fills))

    # What has become of batches

    def _take(self, under: UnderWay) -> None:
        self._carrier.take(under)
        self._tell(under.batch)

    def _changed(self, under: UnderWay, change: Change | None) -> None:
        batch, fills = under.batch, under.fills
        if change is not None and change.outcome is Outcome.EXPIRED:
            self._counts["expired"] += 1
        if batch.state is BatchState.SETTLED:
            self._counts["transactions"] += 1
            self._counts["settled"] += len(under.fills)
            self._collector.forget(under.fills)
        elif batch.state is BatchState.FAILED:
            about = {"batch": batch.id, "kind": batch.kind.value, "why": batch.reason}
            if change is not None and change.isolated:
                log.error("a fill can't settle, and waits for an operator", trade=change.isolated[0], **about)
                self._collector.isolate(under.fills[0])
            else:
                log.warning("a batch has failed", fills=len(under.fills), **about)
                self._collector.put_back(under.fills)
        self._tell(batch)
        if batch.state is not BatchState.FAILED:
            self._tell_of_fills(fills, SettlementState(batch.state.value), batch.signature)
        elif change is not None and change.isolated:
            self._tell_of_fills(fills, SettlementState.FAILED, None)
        else:
            self._tell_of_fills(fills, SettlementState.OWED, None)

    def _tell(self, batch: SettlementBatch) -> None:
        for listener in self.listeners:
            try:
                listener(batch)
            except Exception:  # whoever listens holds up nobody's money
                log.exception("a listener has failed", batch=batch.id)

    def _tell_of_fills(self, fills: Sequence[Fill], state: SettlementState, signature: str | None) -> None:
        for listener in self.fill_listeners if fills else ():
            try:
                listener(fills, state, signature)
            except Exception:
                log.exception("a listener has failed", trade=fills[0].id)

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Finish what writes and then takes note, though whoever asked for it goes away."""
        task = asyncio.create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return await asyncio.shield(task)
