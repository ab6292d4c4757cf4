"""Carries batches to the chain: signs them, sends them until it is known what became of them, and writes that down.

Each step is durable before the next one begins. So whoever takes up what is written down goes on where this one
stopped, and the worst that a kill costs is that the same bytes are sent once more.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import structlog
from msgspec.structs import replace

from engine.ports import ChainUnavailable, Clock
from engine.settlement.attempts import Attempt, Fault, FaultKind, Finalized, Outcome
from engine.settlement.fills import Fill
from engine.settlement.following import Looked, Step, is_before_history, must_search, next_step
from engine.settlement.funds import Funds
from engine.settlement.pace import (
    MOST_AT_ONCE,
    MOST_DOUBLED,
    MOST_LANDED_FAILURES,
    MOST_UNDER_WAY,
    REFUSALS,
    REFUSALS_FOR_FUNDS,
    Pace,
)
from engine.settlement.ports import Change, Sender, SettlementStore, Unsigned
from engine.settlement.types import BatchState, SettlementBatch
from engine.trying import keep_trying

log = structlog.get_logger()

SHORT_HISTORY: Final = "the node's history begins too late to know that the signing before never landed"


class UnderWay:
    """A batch that is not over. Times are the loop's, in seconds."""

    def __init__(
        self,
        batch: SettlementBatch,
        fills: tuple[Fill, ...] = (),
        attempt: Attempt | None = None,
        ended: Mapping[Outcome, int] | None = None,
    ) -> None:
        ended = ended or {}
        self.batch = batch
        self.fills = fills
        self.attempt = attempt  # the signing of which it is not known what became
        self.earlier = sum(ended.values())  # signings of which it is
        self.landed_failures = ended.get(Outcome.FAILED, 0)
        self.tries = 0  # to sign it, one after another, that came to nothing
        self.refusals = 0  # those of them, one after another, that blame the batch
        self.told = ""  # why, as it was logged last
        self.sign_at_s = 0.0
        self.send_at_s = 0.0


class Carrier:
    """The batches under way. `changed` hears of each durable change of one."""

    def __init__(
        self,
        sender: Sender,
        store: SettlementStore,
        funds: Funds,
        clock: Clock,
        pace: Pace,
        changed: Callable[[UnderWay, Change | None], None],
    ) -> None:
        self.under_way: dict[int, UnderWay] = {}
        self._sender = sender
        self._store = store
        self._funds = funds
        self._clock = clock
        self._pace = pace
        self._changed = changed
        self._to_sign = asyncio.Event()
        self._to_follow = asyncio.Event()

    def take(self, under: UnderWay) -> None:
        """Carry a batch that is written down."""
        self.under_way[under.batch.id] = under
        self._funds.follow(under.batch)
        (self._to_sign if under.attempt is None else self._to_follow).set()

    def drop(self, batch: SettlementBatch) -> UnderWay:
        """Forget a batch that is over."""
        self._funds.follow(batch)
        under = self.under_way.pop(batch.id)
        under.batch = batch
        return under

    async def run(self) -> None:
        """Carry on until cancelled."""
        longest_wait_s = self._pace.longest_wait_s
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_trying("settlement: signing", self._sign_on, longest_wait_s=longest_wait_s))
            tasks.create_task(keep_trying("settlement: following", self._follow_on, longest_wait_s=longest_wait_s))

    # Signing

    async def _sign_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            self._to_sign.clear()
            unsigned = [under for under in self.under_way.values() if under.attempt is None]
            due = [under for under in unsigned if under.sign_at_s <= loop.time()][:MOST_AT_ONCE]
            if due:
                await self._sign(due)
                continue
            next_s = min((under.sign_at_s for under in unsigned), default=None)
            await _wait(self._to_sign, None if next_s is None else next_s - loop.time())

    async def _sign(self, due: Sequence[UnderWay]) -> None:
        asked = [Unsigned(under.batch, under.fills, under.earlier) for under in due]
        answers = await self._sender.sign(asked, self._clock())
        signed = [(under, made) for under, made in zip(due, answers, strict=True) if isinstance(made, Attempt)]
        standing = await self._store.sign([made for _, made in signed], self._clock()) if signed else set()
        to_send = []
        for under, attempt in signed:
            if attempt.signature in standing:  # else it was taken back meanwhile
                under.attempt, under.tries, under.refusals = attempt, 0, 0
                sent = BatchState.SENT if under.batch.state is BatchState.BATCHED else under.batch.state
                self._note(under, replace(under.batch, state=sent, signature=attempt.signature))
                to_send.append(under)
        self._to_follow.set()
        await self._send(to_send)
        for under, fault in zip(due, answers, strict=True):
            if isinstance(fault, Fault) and under.batch.id in self.under_way:
                await self._refused(under, fault)

    async def _refused(self, under: UnderWay, fault: Fault) -> None:
        """Try again later what was refused before anything was signed; after some times, believe it."""
        wait_s = self._pace.refused_wait_s * 2 ** min(under.tries, MOST_DOUBLED)
        under.tries += 1
        under.sign_at_s = asyncio.get_running_loop().time() + wait_s
        is_coming = fault.kind is FaultKind.FUNDS and self._funds.is_coming(
            {move.source for move in under.batch.moves}, besides=under.batch.id
        )
        if fault.kind is FaultKind.PASSING or is_coming:
            under.refusals = 0
            if under.told != fault.text:
                under.told = fault.text
                log.warning("a batch can't be signed yet", batch=under.batch.id, why=fault.text)
            return
        under.refusals += 1
        if under.refusals >= (REFUSALS if fault.kind is FaultKind.REFUSED else REFUSALS_FOR_FUNDS):
            await self._write([(under, _failed(under, fault, None))])

    # Sending

    async def _send(self, unders: Sequence[UnderWay]) -> None:
        for first in range(0, len(unders), MOST_AT_ONCE):
            await asyncio.gather(*(self._send_one(under) for under in unders[first : first + MOST_AT_ONCE]))

    async def _send_one(self, under: UnderWay) -> None:
        under.send_at_s = asyncio.get_running_loop().time() + self._pace.resend_s
        if under.attempt is None or under.attempt.raw is None:
            return
        try:
            fault = await self._sender.send(under.attempt.raw)
        except ChainUnavailable as error:  # it may have arrived, or not: it is sent again
            log.debug("a send was not answered", batch=under.batch.id, why=str(error))
            return
        if fault is not None and under.told not in {fault.text, SHORT_HISTORY}:
            under.told = fault.text
            log.info("a node does not take a transaction", batch=under.batch.id, why=fault.text)

    def _tell_once(self, under: UnderWay, why: str) -> None:
        if under.told != why:
            under.told = why
            log.error("a batch can't be signed anew", batch=under.batch.id, transaction=under.batch.signature, why=why)

    # Following

    async def _follow_on(self) -> None:
        while True:
            self._to_follow.clear()
            signed = [under for under in self.under_way.values() if under.attempt is not None]
            if not signed:
                await self._to_follow.wait()
                continue
            await self._follow(signed)
            await asyncio.sleep(self._pace.poll_s)

    async def _follow(self, signed: Sequence[UnderWay]) -> None:
        finalized = await self._sender.finalized()
        looked = await self._look(signed, finalized)
        changes: list[tuple[UnderWay, Change]] = []
        to_send = []
        for under in signed:
            assert under.attempt is not None
            answer = looked[under.attempt.signature]
            step = next_step(under.batch.state, under.attempt, answer)
            if (change := _change(under, step, answer)) is not None:
                changes.append((under, change))
            elif answer.status is None and answer.searched and is_before_history(under.attempt, answer):
                self._tell_once(under, SHORT_HISTORY)
            if step in {Step.SEND, Step.UNCONFIRMED} and under.send_at_s <= asyncio.get_running_loop().time():
                to_send.append(under)
        if changes:
            await self._write(changes)
        await self._send(to_send)

    async def _look(self, signed: Iterable[UnderWay], finalized: Finalized) -> Mapping[str, Looked]:
        """Return what the node knows of each signature: asked after the final block was seen."""
        attempts = [under.attempt for under in signed if under.attempt is not None]
        looked: dict[str, Looked] = {}
        for search in (False, True):
            some = [each.signature for each in attempts if must_search(each, finalized) is search]
            for first in range(0, len(some), MOST_UNDER_WAY):
                chunk = some[first : first + MOST_UNDER_WAY]
                answer = await self._sender.statuses(chunk, search=search)
                for signature, status in zip(chunk, answer.found, strict=True):
                    looked[signature] = Looked(status, answer.slot, search, finalized, answer.since)
        return looked

    async def _write(self, changes: Sequence[tuple[UnderWay, Change]]) -> None:
        # In the order of their making: what one spends, one before it has brought.
        changes = sorted(changes, key=lambda each: each[1].batch.id)
        await self._store.change([change for _, change in changes], self._clock())
        for under, change in changes:
            if change.outcome is not None:
                under.attempt, under.earlier = None, under.earlier + 1
                under.landed_failures += change.outcome is Outcome.FAILED
            self._note(under, change.batch, change)

    def _note(self, under: UnderWay, batch: SettlementBatch, change: Change | None = None) -> None:
        under.batch = batch
        if batch.state in {BatchState.SETTLED, BatchState.FAILED}:
            self.drop(batch)
        else:
            self._funds.follow(batch)
            if under.attempt is None:
                self._to_sign.set()
        self._changed(under, change)


def _change(under: UnderWay, step: Step, looked: Looked) -> Change | None:
    """Return what is to be written down."""
    batch = under.batch
    match step:
        case Step.CONFIRMED:
            return Change(replace(batch, state=BatchState.CONFIRMED))
        case Step.UNCONFIRMED:
            return Change(replace(batch, state=BatchState.SENT))
        case Step.SETTLED:
            return Change(replace(batch, state=BatchState.SETTLED), Outcome.SETTLED)
        case Step.EXPIRED:
            return Change(replace(batch, state=BatchState.SENT), Outcome.EXPIRED)
        case Step.FAILED:
            assert looked.status is not None
            assert looked.status.fault is not None
            fault = looked.status.fault
            if fault.kind is FaultKind.REFUSED or under.landed_failures >= MOST_LANDED_FAILURES:
                return _failed(under, fault, Outcome.FAILED)
            return Change(replace(batch, state=BatchState.SENT), Outcome.FAILED)
        case _:
            return None


def _failed(under: UnderWay, fault: Fault, outcome: Outcome | None) -> Change:
    isolated = (under.fills[0].id,) if len(under.fills) == 1 else ()
    return Change(replace(under.batch, state=BatchState.FAILED, reason=fault.text), outcome, isolated)


async def _wait(event: asyncio.Event, longest_s: float | None) -> None:
    try:
        async with asyncio.timeout(longest_s):
            await event.wait()
    except TimeoutError:
        return
