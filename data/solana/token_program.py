"""Settling by SPL Token alone: every move is a transfer between token accounts."""

import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import AccountMeta, Instruction
from solders.pubkey import Pubkey
from solders.token import ID as TOKEN_PROGRAM_ID
from solders.transaction_status import InstructionErrorCustom, InstructionErrorFieldless
from spl.memo.constants import MEMO_PROGRAM_ID
from spl.token.instructions import create_idempotent_associated_token_account

from engine.core.types import AssetCode
from engine.ports import Signer, Signers
from engine.settlement.attempts import FaultKind
from engine.settlement.fills import Fill
from engine.settlement.types import Move, SettlementBatch
from engine.settlement.vault import LookupTable

MOST_BYTES: Final = 1232  # of a transaction: an IPv6 packet
MOST_LOCKS: Final = 64  # accounts of a transaction
MOST_STEPS: Final = 64  # instructions, those that others call among them
_KEY: Final = 32
_SIGNATURE: Final = 64
_FRAME: Final = 1 + 1 + 3 + 1 + _KEY + 1 + 1  # signatures' count, version, header, keys' count, blockhash, two counts
_BUDGET: Final = (1 + 1 + 1 + 5) + (1 + 1 + 1 + 9)  # its two instructions
_MEMO: Final = 1 + 1 + 1 + len("clobster batch ") + 20
_TRANSFER: Final = 1 + 1 + 4 + 1 + 10
_OPENING: Final = 1 + 1 + 6 + 1 + 1
_OPENING_STEPS: Final = 6  # it calls the token program and the system program
_PROGRAMS: Final = 3  # budget, memo, token
_LONG: Final = 128  # from here on a count takes two bytes
_CHECKED: Final = struct.Struct("<BQB")
_TRANSFER_CHECKED: Final = 12
_TOO_LITTLE: Final = 1  # SPL Token's custom error
_PASSING: Final = (
    InstructionErrorFieldless.ComputationalBudgetExceeded,
    InstructionErrorFieldless.ProgramFailedToComplete,
    InstructionErrorFieldless.InsufficientFunds,  # lamports
)


class TokenProgram:
    """`data.solana.program.Program` by SPL Token."""

    def __init__(
        self,
        signers: Signers,
        mints: Mapping[AssetCode, tuple[str, int]],
        tables: Callable[[], Sequence[LookupTable]],
    ) -> None:
        """Take mints with their decimals, and what tells the lookup tables."""
        self._signers = signers
        self._authority = Pubkey.from_string(signers.vault.address)
        self._mints = {code: (Pubkey.from_string(mint), decimals) for code, (mint, decimals) in mints.items()}
        self._names = {code: mint for code, (mint, _) in mints.items()}
        self._given = tables
        self._tables: list[AddressLookupTableAccount] = []
        self._table_of: dict[str, int] = {}
        self._known: list[tuple[str, int]] = []

    def tables(self) -> list[AddressLookupTableAccount]:
        """Return the lookup tables that may be used now."""
        given = self._given()
        known = [(table.address, len(table.addresses)) for table in given]
        if known != self._known:  # they only grow
            self._known = known
            self._tables = [
                AddressLookupTableAccount(
                    Pubkey.from_string(table.address), [Pubkey.from_string(each) for each in table.addresses]
                )
                for table in given
            ]
            self._table_of = {}
            for number, table in enumerate(given):
                for each in table.addresses:
                    self._table_of.setdefault(each, number)
        return self._tables

    def fits(self, moves: Sequence[Move], fills: Sequence[Fill]) -> bool:
        """Tell whether one transaction can carry it all: counted, not tried, as it is asked for every fill."""
        self.tables()
        named = {self._names[move.asset] for move in moves}
        signers = {self._authority_name()}
        opening = 0
        for move in moves:
            named.add(move.source)
            named.add(move.target)
            if move.signer is not None:
                signers.add(self._signers.deposits(move.signer).address)
            if move.opens_for is not None:
                named.add(move.opens_for)
                opening += 1
        named -= signers
        steps = _PROGRAMS + len(moves) + opening * _OPENING_STEPS
        programs = _PROGRAMS + (2 if opening else 0)  # the system program and that of associated accounts
        if len(named) + len(signers) + programs > MOST_LOCKS or steps > MOST_STEPS:
            return False
        in_tables = Counter(self._table_of[name] for name in named if name in self._table_of)
        written = len(named) - in_tables.total() + len(signers) + programs
        size = _FRAME + len(signers) * _SIGNATURE + written * _KEY + _BUDGET + _MEMO
        size += len(moves) * _TRANSFER + opening * _OPENING
        size += sum(_KEY + 1 + 1 + count for count in in_tables.values()) + (1 if len(moves) > _LONG else 0)
        return size <= MOST_BYTES

    def _authority_name(self) -> str:
        return self._signers.vault.address

    def instructions(self, batch: SettlementBatch, fills: Sequence[Fill]) -> list[Instruction]:
        """Return what a batch does, with a memo that names it."""
        made = [Instruction(MEMO_PROGRAM_ID, f"clobster batch {batch.id}".encode(), [])]
        for move in batch.moves:
            mint, decimals = self._mints[move.asset]
            if move.opens_for is not None:
                owner = Pubkey.from_string(move.opens_for)
                made.append(create_idempotent_associated_token_account(self._authority, owner, mint))
            signer = self._authority
            if move.signer is not None:
                signer = Pubkey.from_string(self._signers.deposits(move.signer).address)
            accounts = [
                AccountMeta(Pubkey.from_string(move.source), is_signer=False, is_writable=True),
                AccountMeta(mint, is_signer=False, is_writable=False),
                AccountMeta(Pubkey.from_string(move.target), is_signer=False, is_writable=True),
                AccountMeta(signer, is_signer=True, is_writable=False),
            ]
            # spl.token builds the same eight times as slowly, and this is on the loop, fifty times a transaction.
            made.append(Instruction(TOKEN_PROGRAM_ID, _CHECKED.pack(_TRANSFER_CHECKED, move.atoms, decimals), accounts))
        return made

    def signers(self, batch: SettlementBatch) -> list[Signer]:
        """Return who signs besides the vault's authority: the owners of deposit accounts."""
        users = dict.fromkeys(move.signer for move in batch.moves if move.signer is not None)
        return [self._signers.deposits(user) for user in users]

    async def prepare(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Return None: token accounts are made beforehand, or by the batch itself."""
        return None

    async def landed(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Return None: that the signing before has expired is all that is needed."""
        return None

    def kind_of(self, program: Pubkey | None, error: Any) -> FaultKind:
        """Return what an instruction's error means."""
        if error in _PASSING:
            return FaultKind.PASSING
        if isinstance(error, InstructionErrorCustom) and error.code == _TOO_LITTLE:
            return FaultKind.FUNDS if program in {None, TOKEN_PROGRAM_ID} else FaultKind.PASSING  # else: lamports
        return FaultKind.REFUSED
