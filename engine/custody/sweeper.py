"""Sweeps what was credited out of deposit accounts into the vault, where fills and withdrawals take it from.

What is true is what is written down: a sweep counts from its batch on, which is kept before anything is signed, and
counts no more when that has failed. In memory is only at which accounts to look.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import structlog
from msgspec import Struct

from engine.core.types import FEES, MARKET_MAKER, AssetCode, Atoms
from engine.custody.accounts import DepositAccount
from engine.custody.ports import SweepStore
from engine.custody.sweeping import Unswept, together
from engine.custody.watch import DepositWatch
from engine.ports import Signers
from engine.settlement.fills import Purse
from engine.settlement.ports import Vault
from engine.settlement.settlement import Settlement
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch
from engine.trying import keep_trying

log = structlog.get_logger()

ROUND_S: Final = 1.0  # between two looks at what was put off, or is too little
MOST_UNDER_WAY: Final = 64  # batches: a quarter of those that settlement carries
FIRST_WAIT_S: Final = 2.0
LONGEST_WAIT_S: Final = 600.0
MOST_DOUBLED: Final = 10


class _PutOff(Struct, frozen=True):
    """A sweep that has failed: how often, and when it is tried again, in the loop's seconds."""

    times: int
    until_s: float


class Sweeper:
    """The loop, which also has vault accounts made beforehand. Both end before settlement does.

    minimums are what is swept at least, by asset, where neither a fill nor a withdrawal waits for it.
    """

    def __init__(
        self,
        store: SweepStore,
        watch: DepositWatch,
        vault: Vault,
        settlement: Settlement,
        signers: Signers,
        assets: Iterable[AssetCode],
        minimums: Mapping[AssetCode, Atoms],
        *,
        round_s: float = ROUND_S,
        first_wait_s: float = FIRST_WAIT_S,
    ) -> None:
        self._store = store
        self._watch = watch
        self._vault = vault
        self._settlement = settlement
        self._signers = signers
        self._minimums = minimums
        self._round_s = round_s
        self._first_wait_s = first_wait_s
        self._waiting: dict[str, None] = {}  # accounts where something may have to be swept; first come, first served
        self._small: dict[str, Purse] = {}  # where too little is to be swept unless somebody needs it
        self._put_off: dict[str, _PutOff] = {}
        self._under_way = set(settlement.under_way(BatchKind.SWEEP))
        self._wanted: set[Purse] = set()  # by withdrawals
        self._something = asyncio.Event()
        # By vault account that is to be made: the deposit account that waits for it. The house's have none.
        self._to_open: dict[Purse, str | None] = {
            (user, code): None for code in assets for user in (FEES, MARKET_MAKER)
        }
        self._opening = asyncio.Event()
        self._told: set[str] = set()

    async def run(self) -> None:
        """Sweep until cancelled."""
        self._watch.listeners.append(self._on_account)
        self._settlement.listeners.append(self._on_batch)
        try:
            for account in self._watch.accounts():
                self._look_at(account)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(keep_trying("vault accounts", self._open_accounts))
                tasks.create_task(keep_trying("sweeps", self._sweep_on))
        finally:
            self._watch.listeners.remove(self._on_account)
            self._settlement.listeners.remove(self._on_batch)

    # What happens

    def _on_account(self, account: DepositAccount) -> None:
        purse = account.user, account.asset
        if self._vault.find(*purse) is None:
            self._to_open[purse] = account.token_account
            self._opening.set()
        self._look_at(account)

    def _look_at(self, account: DepositAccount) -> None:
        if account.seen:
            self._waiting[account.token_account] = None
            self._something.set()

    def _on_batch(self, batch: SettlementBatch) -> None:
        if batch.kind is not BatchKind.SWEEP:
            return
        if batch.state not in {BatchState.SETTLED, BatchState.FAILED}:
            self._under_way.add(batch.id)
            return
        self._under_way.discard(batch.id)
        self._something.set()  # there is room
        for move in batch.moves:
            if batch.state is BatchState.FAILED:
                self._fail(move, batch.reason)
            elif batch.signature is not None:
                self._put_off.pop(move.source, None)
                self._watch.look_again(move.source, batch.signature)

    def _fail(self, move: Move, why: str | None) -> None:
        """Try it again later, and alone: of those in a batch it may be another that was at fault."""
        times = self._put_off[move.source].times + 1 if move.source in self._put_off else 1
        wait_s = min(LONGEST_WAIT_S, self._first_wait_s * 2 ** min(times - 1, MOST_DOUBLED))
        self._put_off[move.source] = _PutOff(times, asyncio.get_running_loop().time() + wait_s)
        self._waiting[move.source] = None
        if times > 1:
            log.error("a deposit can't be swept, and is tried again", account=move.signer, address=move.source, why=why)

    # Vault accounts

    async def _open_accounts(self) -> None:
        while True:
            self._opening.clear()
            opening = list(self._to_open)
            await self._vault.ensure(opening)
            for purse in opening:
                if (token_account := self._to_open.pop(purse)) is not None:
                    self._waiting[token_account] = None
                    self._something.set()
            await self._opening.wait()

    # Sweeping

    async def _sweep_on(self) -> None:
        for token_account, signature in await self._store.not_passed():
            self._watch.look_again(token_account, signature)
        while True:
            self._something.clear()
            await self._look()
            is_at_rest = not self._waiting and not self._small
            try:
                async with asyncio.timeout(None if is_at_rest else self._round_s):
                    await self._something.wait()
            except TimeoutError:
                pass

    async def _look(self) -> None:
        """Sweep what is to be swept now, as far as there is room for it."""
        if self._minimums and (self._small or self._waiting):
            self._wanted = await self._store.wanted()
            self._waiting.update((account, None) for account, purse in self._small.items() if self._is_needed(*purse))
        now_s = asyncio.get_running_loop().time()
        while (room := MOST_UNDER_WAY - len(self._under_way)) > 0:
            due = [each for each in self._waiting if each not in self._put_off or self._put_off[each].until_s <= now_s]
            some = due[:room]
            if not some:
                return
            for account in some:
                del self._waiting[account]
                self._small.pop(account, None)
            try:
                await self._sweep(await self._store.unswept(some))
            except BaseException:  # what has come into a batch is found there
                self._waiting.update(dict.fromkeys(some))
                raise

    async def _sweep(self, found: Sequence[Unswept]) -> None:
        moves = [move for each in found if (move := self._move(each)) is not None]
        alone = [move for move in moves if move.source in self._put_off]
        others = [move for move in moves if move.source not in self._put_off]
        for batch in (*((move,) for move in alone), *together(others, self._settlement.fits)):
            await self._settlement.add(BatchKind.SWEEP, batch)

    def _move(self, found: Unswept) -> Move | None:
        """Return how an account is swept, None where it is not to be now."""
        atoms = found.atoms
        if not atoms:
            return None
        purse = found.user, found.asset
        if atoms < self._minimums.get(found.asset, 0) and not self._is_needed(*purse):
            self._small[found.token_account] = purse
            return None
        if found.owner != self._signers.deposits(found.user).address:
            if found.token_account not in self._told:
                self._told.add(found.token_account)
                log.error("a deposit can't be swept: it lies under a key of before", address=found.token_account)
            return None
        vault = self._vault.find(*purse)
        if vault is None:
            self._to_open[purse] = found.token_account
            self._opening.set()
            return None
        return Move(found.asset, atoms, found.token_account, vault.token_account, signer=found.user)

    def _is_needed(self, *purse: *Purse) -> bool:
        return purse in self._wanted or self._settlement.lacks(*purse)
