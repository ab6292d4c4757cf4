"""Sends withdrawals that are approved, and sees each to its end.

What is true is the batch's row and the core's state, so a round is the recovery, too: it looks at everything that is
under way and does what is next. Of two batches for one withdrawal the store refuses the second.
"""

import asyncio
from collections import Counter
from typing import Final

import structlog

from engine.core.commands import CompleteWithdrawal
from engine.core.refusals import Refused, UnknownWithdrawal
from engine.core.types import FEES, AssetCode, Micros
from engine.ports import ChainUnavailable, Clock
from engine.sequencer.sequencer import Busy, Sequencer
from engine.settlement.settlement import NotSpendable
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch
from engine.trying import keep_trying
from engine.withdrawals import rules, targets
from engine.withdrawals.ports import Outside
from engine.withdrawals.types import Ending, Waiting, Withdrawal, WithdrawalState
from engine.withdrawals.withdrawals import Withdrawals

log = structlog.get_logger()

ROUND_S: Final = 1.0  # between two looks, where nothing happens
LEAVING: Final = frozenset({BatchState.BATCHED, BatchState.SENT, BatchState.CONFIRMED})
SENDING: Final = frozenset({WithdrawalState.BATCHED, WithdrawalState.SENT, WithdrawalState.CONFIRMED})


class Payouts:
    """The loop. `on_batch` is to be a listener of settlement while `run` runs."""

    def __init__(
        self, withdrawals: Withdrawals, sequencer: Sequencer, clock: Clock, *, round_s: float = ROUND_S
    ) -> None:
        self.under_way: Counter[WithdrawalState] = Counter()  # for whoever watches
        self.is_stopped = False  # by an operator, as of the last round
        self._withdrawals = withdrawals
        self._sequencer = sequencer
        self._clock = clock
        self._round_s = round_s
        self._told: dict[int, WithdrawalState] = {}
        self._unanswered: set[int] = set()  # over which the chain failed last: the others go first
        self._leaving: Counter[AssetCode] = Counter()  # atoms that are on their way out
        self._full: set[AssetCode] = set()  # of which no more may leave, as far as this round has seen

    def on_batch(self, batch: SettlementBatch) -> None:
        """Note that a batch has gone on."""
        if batch.withdrawal is not None:
            self._withdrawals.something.set()

    async def run(self) -> None:
        """Go round until cancelled. What fails is tried again."""
        await keep_trying("withdrawals", self._rounds)

    async def _rounds(self) -> None:
        something = self._withdrawals.something
        while True:
            something.clear()
            await self.round()
            try:
                async with asyncio.timeout(self._round_s):
                    await something.wait()
            except TimeoutError:
                pass

    async def round(self) -> None:
        """Do what is next for everything that is under way, oldest first but for what the chain did not answer."""
        found = await self._withdrawals.store.under_way()
        found.sort(key=lambda withdrawal: withdrawal.asked.id in self._unanswered)
        self.is_stopped = stopped = await self._withdrawals.store.stopped() is not None
        self._leaving, self._full = Counter(), set()
        for withdrawal in found:
            if withdrawal.batch_state in LEAVING:
                self._leaving[withdrawal.asked.asset] += withdrawal.net
        outside = self._withdrawals.outside
        for withdrawal in found:
            try:
                await self._see_to(withdrawal, outside, stopped=stopped)
                if outside is not None:
                    self._unanswered.discard(withdrawal.asked.id)
            except ChainUnavailable:
                self._wait(withdrawal, Waiting.CHAIN)
                self._unanswered.add(withdrawal.asked.id)
                outside = None  # the others need not find it out again
            except Exception:  # ours: the others go on
                log.exception("a withdrawal could not be seen to", withdrawal=withdrawal.asked.id)
        known = {withdrawal.asked.id for withdrawal in found}
        self._unanswered &= known
        for gone in [each for each in self._told if each not in known]:
            del self._told[gone]
        for gone_id in [each for each in self._withdrawals.waiting if each not in known]:
            del self._withdrawals.waiting[gone_id]
        self.under_way = Counter(self._withdrawals.state(withdrawal) for withdrawal in found)

    async def _see_to(self, withdrawal: Withdrawal, outside: Outside | None, *, stopped: bool) -> None:
        book, number, state = self._withdrawals, withdrawal.asked.id, self._withdrawals.state(withdrawal)
        if withdrawal.ending is not None:  # somebody wanted it to end, and the process died over it
            async with book.steps.of(number):
                again = await book.store.find(number)
                if again is not None and again.ending is not None:
                    await book.end(number, again.ending)
            return
        if withdrawal.batch_state is BatchState.SETTLED:
            await self._complete(withdrawal)
        elif state is WithdrawalState.WAITS_FOR_CONFIRMATION:
            if self._clock() >= rules.confirm_by(withdrawal, book.rules):
                await self._give_up(withdrawal, Ending.NOT_CONFIRMED)
        elif state is WithdrawalState.APPROVED:
            await self._approved(withdrawal, outside, stopped=stopped)
        if state is not self._told.get(number):
            if number in self._told:
                await book.changed(number)
            self._told[number] = state

    async def _approved(self, withdrawal: Withdrawal, outside: Outside | None, *, stopped: bool) -> None:
        if withdrawal.failures >= rules.FAILURES:
            await self._give_up(withdrawal, Ending.NOT_SENT)
        elif outside is None:
            self._wait(withdrawal, Waiting.CHAIN)
        elif stopped:
            self._wait(withdrawal, Waiting.STOPPED)
        elif outside.till.halted():
            self._wait(withdrawal, Waiting.HALTED)
        else:
            await self._send(withdrawal, outside)

    async def _send(self, withdrawal: Withdrawal, outside: Outside) -> None:
        """Make the batch that pays out, where the target is well and the money is there."""
        asked, book = withdrawal.asked, self._withdrawals
        if outside.settling.withdrawable(asked.user, asked.asset) < asked.amount:
            self._wait(withdrawal, Waiting.SETTLEMENT)  # so that what waits does not ask the chain each round
            return
        mint = outside.till.mint(asked.asset)
        if mint is None:
            self._wait(withdrawal, Waiting.CHAIN)
            return
        if not await self._has_room(withdrawal):
            self._wait(withdrawal, Waiting.HOUSE_LIMIT)
            return
        try:
            target = await targets.find(asked.address, mint, outside.chain, outside.till.is_ours)
            if target.opens_for is not None:
                await book.openings.check(asked.user, book.rules.most_open)
        except Refused as refused:
            log.warning("a withdrawal's target is not good any more", withdrawal=asked.id, code=refused.code)
            await self._give_up(withdrawal, Ending.TARGET_REFUSED)
            return
        source = await outside.till.ensure(asked.user, asked.asset)
        moves = [Move(asked.asset, withdrawal.net, source, target.token_account, None, target.opens_for)]
        if asked.fee:
            moves.append(Move(asked.asset, asked.fee, source, await outside.till.ensure(FEES, asked.asset)))
        async with book.steps.of(asked.id):
            again = await book.store.find(asked.id)
            if again is None or book.state(again) is not WithdrawalState.APPROVED or again.ending is not None:
                return
            try:
                await outside.settling.add(BatchKind.WITHDRAWAL, moves, asked.id)
            except (NotSpendable, Busy):
                self._wait(withdrawal, Waiting.SETTLEMENT)
                return
        self._leaving[asked.asset] += withdrawal.net
        book.waiting.pop(asked.id, None)
        self._told[asked.id] = WithdrawalState.BATCHED
        await book.changed(asked.id)

    async def _has_room(self, withdrawal: Withdrawal) -> bool:
        """Say whether the house's limit of a day lets this one leave. Behind one that it does not, none leaves."""
        asset, book = withdrawal.asked.asset, self._withdrawals
        limit = book.rules.house_day_limits.get(asset)
        if limit is None:
            return True
        if asset not in self._full:
            paid = await book.store.paid(asset, Micros(self._clock() - rules.DAY))
            if paid + self._leaving[asset] + withdrawal.net <= limit:
                return True
            self._full.add(asset)
            if book.waiting.get(withdrawal.asked.id) is not Waiting.HOUSE_LIMIT:
                log.warning("as much has left as may in a day", asset=asset, next=withdrawal.asked.id)
        return False

    async def _complete(self, withdrawal: Withdrawal) -> None:
        """Let the ledger know that the money has left."""
        asked, book = withdrawal.asked, self._withdrawals
        number = asked.id
        async with book.steps.of(number):
            await book.store.know(asked.user, asked.address, self._clock())  # nothing could be taken back any more
            try:
                await self._sequencer.submit(CompleteWithdrawal(self._clock(), number))
            except UnknownWithdrawal:  # it knows already
                return
        log.info("withdrawal completed", user=withdrawal.asked.user, withdrawal=number)
        done = await book.changed(number)
        if book.asks is not None:
            book.asks.tell(withdrawal.asked.user, done)

    async def _give_up(self, withdrawal: Withdrawal, why: Ending) -> None:
        async with self._withdrawals.steps.of(withdrawal.asked.id):
            again = await self._withdrawals.store.find(withdrawal.asked.id)
            # What somebody did meanwhile counts: a late yes is none, but one that came in time is one.
            if again is not None and self._withdrawals.state(again) is self._withdrawals.state(withdrawal):
                await self._withdrawals.end(withdrawal.asked.id, why)

    def _wait(self, withdrawal: Withdrawal, why: Waiting) -> None:
        self._withdrawals.waiting[withdrawal.asked.id] = why
