"""svm_clob as a program to settle by: fills are its trades, all else is SPL Token's as ever."""

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import structlog
from msgspec.structs import replace
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.transaction_status import InstructionErrorCustom

from data.solana.asking import send, value
from data.solana.program import Program
from data.solana.svm_clob import starting, transactions
from data.solana.svm_clob.errors import PASSING, sentence
from data.solana.svm_clob.landed import Contradicted, Read, landed
from data.solana.svm_clob.place import Place
from engine.core.types import FEES, UserId
from engine.ports import ChainUnavailable, Signer, Signers
from engine.settlement.attempts import FaultKind
from engine.settlement.fills import Fill
from engine.settlement.types import BatchKind, Move, SettlementBatch

log = structlog.get_logger()

MOST_OWNERS: Final = 100_000  # remembered: to derive one takes as long as all else that is done for a fill
MOST_SEARCH_S: Final = 45.0
TELL_EVERY_S: Final = 60.0
TOO_LITTLE: Final = 1  # SPL Token's error, for a deposit of more than there is


class SvmClob:
    """`data.solana.program.Program` by svm_clob; `tokens` carries sweeps and withdrawals."""

    def __init__(self, client: AsyncClient, place: Place, signers: Signers, tokens: Program) -> None:
        self._client = client
        self._place = replace(place, owner=lru_cache(MOST_OWNERS)(place.owner))
        self._signers = signers
        self._tokens = tokens
        self._prepared = {FEES}  # which never trades
        self._tell_at_s = 0.0
        self._turn = asyncio.Lock()
        self._read = Read()
        self._searching = asyncio.Lock()  # one after another, so that each finds what the one before has read

    async def check(self) -> None:
        """Return where all is as it must be to begin. Raises ChainUnavailable, or Unusable."""
        await starting.check(self._client, self._place)

    def fits(self, moves: Sequence[Move], fills: Sequence[Fill]) -> bool:
        """Tell whether one transaction can carry it all. What can never settle is alone, to be refused by itself."""
        if not fills:
            return self._tokens.fits(moves, fills)
        if any(self._place.refusal(fill) is not None for fill in fills):
            return len(fills) == 1
        return transactions.fits(self._place, fills, self.tables())

    def instructions(self, batch: SettlementBatch, fills: Sequence[Fill]) -> list[Instruction]:
        """Return what a batch does, with a memo that names it."""
        if batch.kind is not BatchKind.FILLS:
            return self._tokens.instructions(batch, fills)
        return [transactions.memo(batch.id), *transactions.settling(self._place, fills)]

    def signers(self, batch: SettlementBatch) -> list[Signer]:
        """Return who signs besides the vault's authority: for fills nobody."""
        return [] if batch.kind is BatchKind.FILLS else self._tokens.signers(batch)

    def tables(self) -> list[AddressLookupTableAccount]:
        """Return the lookup tables that may be used now."""
        return self._tokens.tables()

    async def prepare(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Make the user accounts that are not there yet; return why a fill can't settle, None where all can.

        Raises ChainUnavailable.
        """
        if batch.kind is not BatchKind.FILLS:
            return await self._tokens.prepare(batch, fills)
        for fill in fills:
            if (refused := self._place.refusal(fill)) is not None:
                return refused
        async with self._turn:
            new = {user for fill in fills for user in (fill.buyer, fill.seller)} - self._prepared
            if new:
                await self._make_accounts(new)
        return None

    async def _make_accounts(self, users: set[UserId]) -> None:
        missing = await starting.missing_accounts(self._client, self._place, users)
        signers, client = self._signers, self._client
        making = (send(client, [signers.vault, signers.deposits(user)], how) for user, how in missing.items())
        made = await asyncio.gather(*making, return_exceptions=True)  # all of them, though one may fail
        for each in made:
            if isinstance(each, BaseException):
                raise each
        self._prepared |= users

    async def landed(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Return the transaction by which the chain says that a batch was carried out. Raises ChainUnavailable."""
        if batch.kind is not BatchKind.FILLS:
            return await self._tokens.landed(batch, fills)
        try:
            async with asyncio.timeout(MOST_SEARCH_S), self._searching:
                slot: int = await value(lambda: self._client.get_slot(Finalized))
                found = await landed(self._client, self._place, fills, slot, self._read)
            signatures = {each.signature for each in found.values()}
            if len(signatures) > 1 or (signatures and len(found) < len(fills)):
                raise Contradicted(
                    f"batch {batch.id} is on the chain in part: {sorted(found)}, by {sorted(signatures)}"
                )
        except TimeoutError:
            raise ChainUnavailable("the order book's history is long: next time it is read on") from None
        except Contradicted as error:
            log.error("a batch is not signed again: the chain contradicts us", batch=batch.id, why=str(error))
            raise
        return next(iter(signatures), None)

    def kind_of(self, program: Pubkey | None, error: Any) -> FaultKind:
        """Return what an instruction's error means."""
        if not isinstance(error, InstructionErrorCustom) or program not in {None, self._place.program}:
            return self._tokens.kind_of(program, error)
        if error.code in PASSING:
            # What the chain has confirmed, a fork may have taken away: all is looked for once more.
            self._prepared = {FEES}
            if (now_s := asyncio.get_running_loop().time()) >= self._tell_at_s:
                log.error("svm_clob does not take our fills now", why=sentence(error.code))
                self._tell_at_s = now_s + TELL_EVERY_S
            return FaultKind.PASSING
        return FaultKind.FUNDS if error.code == TOO_LITTLE else FaultKind.REFUSED
