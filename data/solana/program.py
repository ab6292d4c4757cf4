"""What a program must know to settle by it. `token_program` is the one that is used where nothing else is set."""

from collections.abc import Sequence
from typing import Any, Protocol

from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.instruction import Instruction
from solders.pubkey import Pubkey

from engine.ports import Signer
from engine.settlement.attempts import FaultKind
from engine.settlement.fills import Fill
from engine.settlement.types import Move, SettlementBatch


class Program(Protocol):
    """How batches become instructions."""

    def fits(self, moves: Sequence[Move], fills: Sequence[Fill]) -> bool:
        """Tell whether one transaction can carry it all, by its size and its locks. It is asked for every fill."""

    def instructions(self, batch: SettlementBatch, fills: Sequence[Fill]) -> list[Instruction]:
        """Return what a batch does, with a memo that names it."""

    def signers(self, batch: SettlementBatch) -> list[Signer]:
        """Return who signs besides the vault's authority, which pays."""

    def tables(self) -> list[AddressLookupTableAccount]:
        """Return the lookup tables that may be used now."""

    async def prepare(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Do what must be on the chain before a batch; return why it can never be carried out, None where it can.

        Raises ChainUnavailable.
        """

    async def landed(self, batch: SettlementBatch, fills: Sequence[Fill]) -> str | None:
        """Return the transaction by which the chain says that a batch was carried out.

        It is asked before a batch is signed anew, though by then the one before has surely expired. A program whose
        batches can't be told on the chain, or can't be carried out twice, returns None. Raises ChainUnavailable.
        """

    def kind_of(self, program: Pubkey | None, error: Any) -> FaultKind:
        """Return what an instruction's error means; program is whose it is, None where that is not known."""
