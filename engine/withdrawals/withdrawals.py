"""What people and administrators do about withdrawals. Everything of a person is looked up under that person."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from msgspec import Struct

from engine.core.commands import CancelWithdrawal, RequestWithdrawal
from engine.core.events import AlreadyRequested, WithdrawalChanged
from engine.core.market import Asset
from engine.core.refusals import (
    InsufficientFunds,
    ReferenceReused,
    UnknownAsset,
    UnknownWithdrawal,
)
from engine.core.types import AssetCode, Atoms, Micros, UserId, WithdrawalId
from engine.ports import ChainUnavailable, Clock
from engine.sequencer.sequencer import Sequencer
from engine.settlement.types import BatchState
from engine.withdrawals import rules as may
from engine.withdrawals import targets
from engine.withdrawals.openings import Openings
from engine.withdrawals.ports import Asks, Outside, WithdrawalStore
from engine.withdrawals.refusals import (
    AlreadyApproved,
    AlreadySigned,
    NoConfirmation,
    NotWaiting,
    OwnWithdrawal,
    UnknownAddressForKey,
    WithdrawalsOff,
    WithdrawalsUnavailable,
)
from engine.withdrawals.rules import Rules
from engine.withdrawals.turns import Turns
from engine.withdrawals.types import Ending, Terms, Waiting, Withdrawal, WithdrawalState

log = structlog.get_logger()

LOOK_S: Final = 10.0  # for the chain to say what an address is


class Wanted(Struct, frozen=True):
    """What somebody wants to withdraw. by_key says that a program asks."""

    user: UserId
    asset: AssetCode
    amount: str
    address: str
    reference: str
    by_key: bool = False


class Withdrawals:
    """All withdrawals. listeners are told of one after each change that is durable.

    `outside` is None until the chain has answered, and while it is gone; `asks` where no bot runs. is_off says that
    there will be no chain.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        store: WithdrawalStore,
        assets: Mapping[str, Asset],
        rules: Rules,
        clock: Clock,
        *,
        value: Callable[[AssetCode, Atoms], int | None] = lambda _code, _atoms: None,
        is_off: bool = False,
    ) -> None:
        self.listeners: list[Callable[[Withdrawal], None]] = []
        self.outside: Outside | None = None
        self.asks: Asks | None = None
        self.rules = rules
        self.store = store
        self.openings = Openings(store, clock)
        self.waiting: dict[WithdrawalId, Waiting] = {}  # why those that are approved are not sent; `Payouts` says it
        self.steps: Turns[WithdrawalId] = Turns()  # whoever changes a withdrawal does so in its turn
        self.something = asyncio.Event()  # there may be something to send
        self._sequencer = sequencer
        self._assets = assets
        self._clock = clock
        self._value = value
        self._is_off = is_off
        self._askers: Turns[UserId] = Turns()

    # What people do

    async def request(self, wanted: Wanted) -> Withdrawal:
        """Hold what is to leave, and ask its owner to confirm. The same again is answered with the first.

        Raises what `engine.withdrawals.refusals` and the core refuse; nothing is held then.
        """
        async with self._askers.of(wanted.user):  # so that limits hold however many come at once
            before = await self.store.by_reference(wanted.user, wanted.reference)
            if before is not None:
                return self._same(wanted, before)
            command = await self._checked(wanted)
            (event,) = await self._sequencer.submit(command)
            assert isinstance(event, WithdrawalChanged | AlreadyRequested)
            is_new = isinstance(event, WithdrawalChanged)
            made = await self._find(event.id if isinstance(event, WithdrawalChanged) else event.withdrawal)
        if is_new:
            log.info("withdrawal requested", user=wanted.user, withdrawal=made.asked.id, asset=wanted.asset)
            self.tell(made)
            if self.asks is not None:
                self.asks.ask_to_confirm(wanted.user, made)
        return made

    async def terms(self, user: UserId, asset: AssetCode) -> Terms:
        """Say what a withdrawal costs and how much it may be now, before it is asked for.

        Raises WithdrawalsOff, UnknownAsset.
        """
        self._paid_out(asset)
        under_way, leaving = await self.store.leaving(user, Micros(self._clock() - may.DAY))
        return may.terms(asset, under_way, leaving, self.rules, self._value)

    async def _checked(self, wanted: Wanted) -> RequestWithdrawal:
        """Return the command, once everything that can be known beforehand is well."""
        amount = may.amount_of(wanted.amount, self._paid_out(wanted.asset), self.rules)
        outside = self.outside
        if outside is None:
            raise WithdrawalsUnavailable
        mint = outside.till.mint(wanted.asset)
        assert mint is not None  # as it is paid out here
        targets.check_text(wanted.address, outside.chain)
        means = await self.store.means(wanted.user)
        if not means.wallets and not (means.telegram and self.asks is not None):
            raise NoConfirmation
        if wanted.by_key and not await self.store.knows(wanted.user, wanted.address):
            raise UnknownAddressForKey
        available = await self.store.available(wanted.user, wanted.asset)
        if amount > available:  # the core has the last word; this spares the chain a question
            raise InsufficientFunds(asset=wanted.asset, needed_atoms=amount, available_atoms=available)
        under_way, leaving = await self.store.leaving(wanted.user, Micros(self._clock() - may.DAY))
        may.check_limits(wanted.asset, amount, under_way, leaving, self.rules, self._value)
        try:
            async with asyncio.timeout(LOOK_S):
                target = await targets.find(wanted.address, mint, outside.chain, outside.till.is_ours)
                if target.opens_for is not None:
                    await self.openings.check_with_all_to_come(wanted.user, outside, self.rules.most_open)
        except (ChainUnavailable, TimeoutError):
            raise WithdrawalsUnavailable from None
        fee = self.rules.fees.get(wanted.asset, Atoms(0))
        return RequestWithdrawal(
            self._clock(), wanted.user, wanted.asset, amount, wanted.address, fee, wanted.reference
        )

    def _paid_out(self, code: AssetCode) -> Asset:
        """Return an asset that is paid out here, as far as is known now. Raises WithdrawalsOff, UnknownAsset."""
        if self._is_off:
            raise WithdrawalsOff
        asset = self._assets.get(code)
        if asset is None:
            raise UnknownAsset
        if self.outside is not None and self.outside.till.mint(code) is None:
            raise UnknownAsset("This asset is not paid out here.")
        return asset

    def _same(self, wanted: Wanted, before: Withdrawal) -> Withdrawal:
        """Return what was requested before. Raises ReferenceReused where it was something else."""
        asked, asset = before.asked, self._assets.get(wanted.asset)
        if asset is None or may.amount_of(wanted.amount, asset, Rules()) != asked.amount:
            raise ReferenceReused
        if (asked.asset, asked.address) != (wanted.asset, wanted.address):
            raise ReferenceReused
        return before

    async def of(self, user: UserId, limit: int, before: int | None = None) -> list[Withdrawal]:
        """Return an account's withdrawals, newest first."""
        return await self.store.of(user, limit, before)

    async def find(self, user: UserId, withdrawal: WithdrawalId) -> Withdrawal:
        """Return a withdrawal. Raises UnknownWithdrawal, for somebody else's too."""
        found = await self.store.find(withdrawal)
        if found is None or found.asked.user != user:
            raise UnknownWithdrawal("You have no withdrawal with this id.")
        return found

    async def to_confirm(self, user: UserId, withdrawal: WithdrawalId) -> Withdrawal:
        """Return a withdrawal that waits for its owner's yes. Raises UnknownWithdrawal, NotWaiting."""
        found = await self.find(user, withdrawal)
        if self.state(found) is not WithdrawalState.WAITS_FOR_CONFIRMATION or self._is_late(found):
            raise NotWaiting
        return found

    async def confirm(self, user: UserId, withdrawal: WithdrawalId, by: str) -> Withdrawal:
        """Take its owner's yes, which was proved before: by a wallet's address, or BY_TELEGRAM.

        Raises UnknownWithdrawal, NotWaiting.
        """
        async with self.steps.of(withdrawal):
            asked = (await self.to_confirm(user, withdrawal)).asked
            # With all else that leaves within the day: in parts it would be as large.
            _, leaving = await self.store.leaving(user, Micros(self._clock() - may.DAY))
            most = max(asked.amount, leaving.get(asked.asset, Atoms(0)))
            needed = may.approvals_needed(asked.asset, most, self.rules, self._value)
            await self.store.confirm(withdrawal, self._clock(), by, needed)
        log.info("withdrawal confirmed", user=user, withdrawal=withdrawal, by=by)
        return await self.changed(withdrawal)

    async def cancel(self, user: UserId, withdrawal: WithdrawalId) -> Withdrawal:
        """Give the money back, where nothing is signed yet. Raises UnknownWithdrawal, AlreadySigned."""
        async with self.steps.of(withdrawal):
            await self.find(user, withdrawal)
            if not await self.end(withdrawal, Ending.CANCELED):
                raise AlreadySigned
        return await self._find(withdrawal)

    # What administrators do

    async def approve(self, admin: UserId, withdrawal: WithdrawalId) -> Withdrawal:
        """Agree to a large withdrawal. Raises UnknownWithdrawal, OwnWithdrawal, NotWaiting, AlreadyApproved."""
        async with self.steps.of(withdrawal):
            found = await self._find(withdrawal)
            if found.asked.user == admin:
                raise OwnWithdrawal
            waits = self.state(found) in (WithdrawalState.WAITS_FOR_DELAY, WithdrawalState.WAITS_FOR_APPROVAL)
            if not waits or not found.approvals_needed:
                raise NotWaiting
            if not await self.store.approve(withdrawal, admin, self._clock()):
                raise AlreadyApproved
        return await self.changed(withdrawal)

    async def reject(self, withdrawal: WithdrawalId) -> Withdrawal:
        """Give the money back, where nothing is signed yet. Raises UnknownWithdrawal, AlreadySigned."""
        async with self.steps.of(withdrawal):
            await self._find(withdrawal)
            if not await self.end(withdrawal, Ending.REJECTED):
                raise AlreadySigned
        return await self._find(withdrawal)

    async def under_way(self) -> list[Withdrawal]:
        """Return all whose money is held, oldest first."""
        return await self.store.under_way()

    async def stop(self, reason: str) -> None:
        """Send none any more, also after a restart. What is on its way goes on."""
        await self.store.stop(reason, self._clock())

    async def resume(self) -> None:
        """Send again."""
        await self.store.resume()
        self.something.set()

    # What both need

    def state(self, withdrawal: Withdrawal) -> WithdrawalState:
        """Return where a withdrawal is now."""
        return may.state(withdrawal, self.rules, self._clock())

    async def end(self, withdrawal: WithdrawalId, why: Ending) -> bool:
        """Give the money back; return whether it could be. For whoever has this withdrawal's turn.

        Why is kept first. So, whenever the process dies: a batch that was taken back is not made anew.
        """
        found = await self._find(withdrawal)
        if self.state(found) in (WithdrawalState.COMPLETED, WithdrawalState.CANCELED, WithdrawalState.FAILED):
            return False
        if found.batch is not None and found.batch_state is not BatchState.BATCHED:
            if found.ending is not None:
                await self.store.end(withdrawal, None)
            return False
        if found.batch is not None and self.outside is None:
            return False  # nobody is there to take it back
        await self.store.end(withdrawal, why)
        if found.batch is not None:
            assert self.outside is not None
            if not await self.outside.settling.take_back(found.batch):  # it was signed meanwhile
                await self.store.end(withdrawal, None)
                return False
        await self._sequencer.submit(CancelWithdrawal(self._clock(), found.asked.user, withdrawal))
        self.waiting.pop(withdrawal, None)
        log.info("withdrawal ended", user=found.asked.user, withdrawal=withdrawal, why=why.value)
        ended = await self.changed(withdrawal)
        if self.asks is not None and why is not Ending.CANCELED:
            self.asks.tell(found.asked.user, ended)
        return True

    async def changed(self, withdrawal: WithdrawalId) -> Withdrawal:
        """Tell everybody of a withdrawal as it is now, and return it."""
        found = await self._find(withdrawal)
        self.tell(found)
        self.something.set()
        return found

    def tell(self, withdrawal: Withdrawal) -> None:
        """Tell everybody of a withdrawal."""
        for listener in self.listeners:
            listener(withdrawal)

    def _is_late(self, withdrawal: Withdrawal) -> bool:
        return self._clock() >= may.confirm_by(withdrawal, self.rules)

    async def _find(self, withdrawal: WithdrawalId) -> Withdrawal:
        found = await self.store.find(withdrawal)
        if found is None:
            raise UnknownWithdrawal("There is no withdrawal with this id.")
        return found
