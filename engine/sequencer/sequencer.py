"""The single writer: it alone touches the exchange.

One batch may be committing while the next is applied. Nothing is answered or published before its commit. A commit that
fails ends `run` with that error, and so the process: memory is then ahead of the database and must be thrown away.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import ClassVar, Final

from engine.core.commands import BeginEpoch, Command, Quote
from engine.core.events import (
    AlreadyPlaced,
    AlreadyRequested,
    AssetListed,
    Deposited,
    EpochBegan,
    Event,
    MarketListed,
    OrderChanged,
    Quoted,
    Reduced,
    Traded,
    WithdrawalChanged,
)
from engine.core.exchange import Exchange, changes_state
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.snapshot import Snapshot
from engine.core.types import Micros
from engine.ports import Clock, Store
from engine.sequencer import journal
from engine.sequencer.batch import Batch
from engine.sequencer.stages import Passage, Stages

# What has arrived at a socket needs one turn of the loop to be read and one for its handler to run. A commit waits for
# these turns: it takes more orders with it, and disturbs the loop less while they are read.
ARRIVING: Final = 2

Outcome = list[Event] | Refused
Reply = Callable[[Outcome], None]


class Busy(Refused):
    """The exchange has more orders waiting than it can take; try again in a moment."""

    code: ClassVar[str] = "busy"


class _Draft:
    """Commands that were applied and wait for their commit, with those who wait for them."""

    __slots__ = ("begun", "commands", "events", "replies", "sequenced")

    def __init__(self) -> None:
        self.begun = 0.0  # when its first command was applied
        self.sequenced = 0.0  # when its commit began
        self.commands: list[Command] = []
        self.events: list[Event] = []
        self.replies: list[tuple[Reply, Outcome]] = []


class Sequencer:
    """Takes commands from a bounded inbox, applies them in order and commits them in batches.

    listeners are called after each commit, after its answers, in the order of commits. What a listener or a reply
    raises ends the writer: they guard themselves where one client's trouble must stay its own. on_passage is told,
    right after answers, when those who were answered came to each stage.
    """

    def __init__(
        self,
        exchange: Exchange,
        store: Store,
        start: Snapshot,
        clock: Clock,
        *,
        inbox_limit: int = 20_000,
        batch_limit: int = 1_000,
    ) -> None:
        self.listeners: list[Callable[[Batch], None]] = []
        self.on_passage: Callable[[Passage], None] | None = None
        self.commits = 0
        self.commit_s = 0.0
        self._commit_began: float | None = None
        self.stages = Stages()
        self._exchange = exchange
        self._store = store
        self._clock = clock
        self._seq = start.seq  # handed to the store
        self._committed = start.seq
        self._epoch = start.epoch
        self._digest = start.digest
        self._inbox: deque[tuple[Command, Reply]] = deque()
        self._oldest = 0.0  # when the oldest command in the inbox came, or earlier
        self._inbox_limit = inbox_limit
        self._batch_limit = batch_limit
        self._wake: asyncio.Future[None] | None = None
        self._running = False
        self._closing = False

    @property
    def seq(self) -> int:
        """How many commands were committed since genesis."""
        return self._committed

    @property
    def committing_s(self) -> float:
        """For how long the commit that is under way has been, 0 where none is."""
        return 0.0 if self._commit_began is None else time.perf_counter() - self._commit_began

    @property
    def running(self) -> bool:
        """Whether commands are taken and carried out."""
        return self._running and not self._closing

    @property
    def waiting(self) -> int:
        """How many commands are in the inbox."""
        return len(self._inbox)

    @property
    def is_full(self) -> bool:
        """Whether the inbox takes no more."""
        return len(self._inbox) >= self._inbox_limit

    def enqueue(self, command: Command, reply: Reply) -> None:
        """Put a command into the inbox; `reply` gets its events or refusal after its commit, in this order.

        Raises Busy where the inbox is full or the writer is stopping.
        """
        if len(self._inbox) >= self._inbox_limit or self._closing:
            raise Busy
        if not self._inbox:
            self._oldest = time.perf_counter()
        self._inbox.append((command, reply))
        self._notify()

    def enqueue_all(self, commands: Sequence[Command], reply: Callable[[list[Outcome]], None]) -> None:
        """Put some commands, one at least, into the inbox in one go.

        `reply` gets all that came of them, in their order, after the last one's commit. Raises Busy, and takes none of
        them, where there is no room for all or the writer is stopping.
        """
        if len(self._inbox) + len(commands) > self._inbox_limit or self._closing:
            raise Busy
        outcomes: list[Outcome] = []
        collect = outcomes.append

        def finish(outcome: Outcome) -> None:
            collect(outcome)
            reply(outcomes)

        if not self._inbox:
            self._oldest = time.perf_counter()
        self._inbox.extend([(command, collect) for command in commands[:-1]])
        self._inbox.append((commands[-1], finish))
        self._notify()

    def submit(self, command: Command) -> asyncio.Future[list[Event]]:
        """Put a command into the inbox; the future gives its events after its commit, or raises its refusal.

        Cancelling the future does not take the command back. Raises Busy like `enqueue`.
        """
        future: asyncio.Future[list[Event]] = asyncio.get_running_loop().create_future()

        def reply(outcome: Outcome) -> None:
            if future.done():  # the caller has gone away
                return
            if isinstance(outcome, Refused):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

        self.enqueue(command, reply)
        return future

    def close(self) -> None:
        """Take no more commands; `run` returns when all that were taken are committed and answered."""
        self._closing = True
        self._notify()

    async def run(self) -> None:
        """Write until closed. Raises what a failed commit raised."""
        self._running = True
        self._oldest = self._oldest or time.perf_counter()
        self._inbox.appendleft((BeginEpoch(self._clock(), self._epoch), lambda _: None))
        draft, sent = _Draft(), _Draft()
        commit: asyncio.Task[Batch] | None = None
        while True:
            self._apply_inbox(draft)
            if commit is not None and commit.done():
                self._publish(commit.result(), sent)
                commit = None
            if commit is None:
                if draft.commands:
                    for _ in range(ARRIVING):
                        await asyncio.sleep(0)
                    self._apply_inbox(draft)
                    commit = asyncio.create_task(self._commit(self._batch(draft)))
                    commit.add_done_callback(lambda _: self._notify())
                    draft.sequenced = time.perf_counter()
                    self.stages.sequenced.observe(draft.sequenced - draft.begun, len(draft.replies))
                    sent, draft = draft, _Draft()
                elif draft.replies:  # nothing but refusals, and nothing before them is unanswered
                    draft.sequenced = time.perf_counter()
                    self._answer(draft, 0, draft.sequenced)
                    draft = _Draft()
                elif self._closing and not self._inbox:
                    return
            if not self._inbox or len(draft.replies) >= self._batch_limit:
                await self._notified()

    def _apply_inbox(self, draft: _Draft) -> None:
        inbox, apply = self._inbox, self._exchange.apply
        taken = min(len(inbox), self._batch_limit - len(draft.replies))
        if taken:
            now = time.perf_counter()
            draft.begun = draft.begun or now
            self.stages.received.observe(now - self._oldest, taken)
        for _ in range(taken):
            command, reply = inbox.popleft()
            outcome: Outcome
            try:
                if isinstance(command, Quote):
                    command = self._exchange.narrow(command)
                outcome = apply(command)
            except Refused as refused:
                outcome = refused
            else:
                if changes_state(outcome):
                    draft.commands.append(command)
                    draft.events += outcome
            draft.replies.append((reply, outcome))

    def _batch(self, draft: _Draft) -> Batch:
        """Close a draft: from here on nothing in it refers to the exchange's memory, which moves on."""
        postings, balances, levels = self._exchange.drain()
        state = self._exchange.state
        orders: dict[int, OrderChanged] = {}
        trades: list[Traded] = []
        assets: list[Asset] = []
        markets: list[Market] = []
        deposits: list[Deposited] = []
        withdrawals: dict[int, WithdrawalChanged] = {}
        reductions: list[Reduced] = []
        for event in draft.events:
            match event:
                case OrderChanged():
                    orders[event.id] = event
                case Traded():
                    trades.append(event)
                case Reduced():
                    reductions.append(event)
                case Deposited():
                    deposits.append(event)
                case WithdrawalChanged():
                    withdrawals[event.id] = event
                case AssetListed():
                    assets.append(event.asset)
                case MarketListed():
                    markets.append(event.market)
                case AlreadyPlaced() | AlreadyRequested() | Quoted() | EpochBegan():
                    pass
        first = self._seq + 1
        self._seq += len(draft.commands)
        self._digest = journal.chain(self._digest, draft.events, postings)
        return Batch(
            epoch=self._epoch,
            first_seq=first,
            last_seq=self._seq,
            at=Micros(state.now),
            commands=journal.encode(draft.commands),
            digest=self._digest,
            next_order=state.next_order,
            next_trade=state.next_trade,
            next_withdrawal=state.next_withdrawal,
            events=draft.events,
            assets=assets,
            markets=markets,
            orders=list(orders.values()),
            trades=trades,
            postings=postings,
            balances=balances,
            levels=levels,
            deposits=deposits,
            withdrawals=list(withdrawals.values()),
            reductions=reductions,
        )

    async def _commit(self, batch: Batch) -> Batch:
        self._commit_began = started = time.perf_counter()
        await self._store.commit(batch)
        self._commit_began = None
        took = time.perf_counter() - started
        self.commit_s += took
        self.commits += 1
        self.stages.written.observe(took, batch.last_seq - batch.first_seq + 1)
        return batch

    def _publish(self, batch: Batch, sent: _Draft) -> None:
        self._committed = batch.last_seq
        started = time.perf_counter()
        answered = self._answer(sent, batch.last_seq, started)
        self.stages.acknowledged.observe(answered - started, len(sent.replies))
        for listener in self.listeners:
            listener(batch)

    def _answer(self, draft: _Draft, batch: int, written: float) -> float:
        """Answer everybody who waits for a draft; return when that was done."""
        for reply, outcome in draft.replies:
            reply(outcome)
        answered = time.perf_counter()
        if self.on_passage is not None:
            commands = len(draft.replies)
            self.on_passage(Passage(batch, commands, draft.begun, draft.sequenced, written, answered))
        return answered

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def _notified(self) -> None:
        self._wake = asyncio.get_running_loop().create_future()
        await self._wake
        self._wake = None
