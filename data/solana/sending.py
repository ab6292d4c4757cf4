"""`engine.settlement.ports.Sender` by solana-py: v0 transactions of a program's instructions."""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Finalized
from solana.rpc.core import RPCException
from solana.rpc.models import TxOpts
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.hash import Hash
from solders.instruction import Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.rpc.errors import SendTransactionPreflightFailureMessage
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import (
    TransactionConfirmationStatus,
    TransactionErrorFieldless,
    TransactionErrorInstructionError,
    TransactionStatus,
)

from data.solana.asking import asked, value
from data.solana.program import Program
from engine.core.types import Micros
from engine.ports import ChainUnavailable, Signer
from engine.settlement import attempts
from engine.settlement.attempts import Attempt, Fault, FaultKind, Level, Status, Statuses
from engine.settlement.ports import Unsigned

MOST_UNITS: Final = 1_400_000  # of compute, that a transaction may ask for
SPARE_UNITS: Final = 2_000  # beside a tenth, and as much again for every signing that came to nothing
MOST_FEE_ACCOUNTS: Final = 128
FEE_LIFE_S: Final = 5.0
LEAST_AGAIN: Final = 1_000  # millionths of a lamport a unit, for what has expired once
MICRO: Final = 1_000_000
_BUDGETS: Final = 2  # instructions before those of the program
_LEVELS: Final = (
    (TransactionConfirmationStatus.Finalized, Level.FINALIZED),
    (TransactionConfirmationStatus.Confirmed, Level.CONFIRMED),
)


class RpcSender:
    """`engine.settlement.ports.Sender`. fee_cap is what a transaction may pay for its priority, in lamports."""

    def __init__(self, client: AsyncClient, program: Program, authority: Signer, *, fee_cap: int) -> None:
        self._client = client
        self._program = program
        self._authority = authority
        self._payer = Pubkey.from_string(authority.address)
        self._fee_cap = fee_cap
        self._fee = 0  # millionths of a lamport a unit
        self._fee_until_s = 0.0
        self.fits = program.fits

    async def sign(self, batches: Sequence[Unsigned], at: Micros) -> list[Attempt | Fault]:
        """Try batches out and sign them; return a signing or the fault for each, in their order. Nothing is sent."""
        latest = await value(lambda: self._client.get_latest_blockhash(Confirmed))
        fee = await self._recent_fee(batches)
        signing = (self._sign(each, latest.blockhash, latest.last_valid_block_height, fee, at) for each in batches)
        return await asyncio.gather(*signing)

    async def _sign(
        self, unsigned: Unsigned, blockhash: Hash, last_height: int, fee: int, at: Micros
    ) -> Attempt | Fault:
        batch = unsigned.batch
        if not self.fits(batch.moves, unsigned.fills):
            return Fault(FaultKind.REFUSED, "it is too large without the lookup tables that there were")
        try:
            if unsigned.earlier and (landed := await self._program.landed(batch, unsigned.fills)) is not None:
                return Attempt(landed, batch.id, None, last_height, at)
            if (refused := await self._program.prepare(batch, unsigned.fills)) is not None:
                return Fault(FaultKind.REFUSED, refused)
            instructions = self._program.instructions(batch, unsigned.fills)
            trial = self._message(instructions, MOST_UNITS, 0, blockhash)
            outcome = await self._tried(trial)
        except ChainUnavailable as error:
            return Fault(FaultKind.PASSING, str(error))
        if outcome.err is not None:
            return self._fault(outcome.err, instructions)
        units = (outcome.units_consumed or MOST_UNITS) * 11 // 10 + SPARE_UNITS
        units = min(MOST_UNITS, units << min(unsigned.earlier, 4))
        if unsigned.earlier:
            fee = max(fee, LEAST_AGAIN) << min(unsigned.earlier, 8)
        message = self._message(instructions, units, min(fee, self._fee_cap * MICRO // units), blockhash)
        signed = await self._signed(message, [self._authority, *self._program.signers(batch)])
        return Attempt(str(signed.signatures[0]), batch.id, bytes(signed), last_height, at)

    def _message(self, instructions: list[Instruction], units: int, fee: int, blockhash: Hash) -> MessageV0:
        budgets = [set_compute_unit_limit(units), set_compute_unit_price(fee)]
        return MessageV0.try_compile(self._payer, budgets + instructions, self._program.tables(), blockhash)

    async def _tried(self, message: MessageV0) -> Any:
        unsigned = [Signature.default()] * message.header.num_required_signatures
        transaction = VersionedTransaction.populate(message, unsigned)
        return await value(lambda: self._client.simulate_transaction(transaction, commitment=Confirmed))

    async def _signed(self, message: MessageV0, signers: Sequence[Signer]) -> VersionedTransaction:
        by_key = {signer.address: signer for signer in signers}
        content = to_bytes_versioned(message)
        signatures = [
            Signature.from_bytes(await by_key[str(key)].sign(content))
            for key in message.account_keys[: message.header.num_required_signatures]
        ]
        return VersionedTransaction.populate(message, signatures)

    async def _recent_fee(self, batches: Sequence[Unsigned]) -> int:
        """Return what others paid lately, a quarter of them more, for accounts that we write, too."""
        loop = asyncio.get_running_loop()
        if loop.time() >= self._fee_until_s:
            written = dict.fromkeys(
                address for each in batches for move in each.batch.moves for address in (move.source, move.target)
            )
            keys = [Pubkey.from_string(address) for address in list(written)[:MOST_FEE_ACCOUNTS]]
            found = await value(lambda: self._client.get_recent_prioritization_fees(keys))
            fees = sorted(each.prioritization_fee for each in found)
            self._fee = fees[len(fees) * 3 // 4] if fees else 0
            self._fee_until_s = loop.time() + FEE_LIFE_S
        return self._fee

    async def send(self, raw: bytes) -> Fault | None:
        """Send bytes; return why the node refuses them. That it has them already is none."""

        async def send() -> Fault | None:
            try:
                await self._client.send_raw_transaction(raw, TxOpts(preflight_commitment=Confirmed))
            except RPCException as error:
                refused = error.args[0] if error.args else None
                if not isinstance(refused, SendTransactionPreflightFailureMessage) or refused.data.err is None:
                    raise
                if refused.data.err == TransactionErrorFieldless.AlreadyProcessed:
                    return None
                return self._fault(refused.data.err, None)
            return None

        return await asked(send)

    async def finalized(self) -> attempts.Finalized:
        """Return the newest final block."""
        info = await value(lambda: self._client.get_epoch_info(Finalized))
        return attempts.Finalized(info.absolute_slot, info.block_height)

    async def statuses(self, signatures: Sequence[str], *, search: bool) -> Statuses:
        """Return where transactions are, 256 at most; search looks for those of long ago, too."""
        wanted = [Signature.from_string(each) for each in signatures]

        async def ask() -> Statuses:
            answer = await self._client.get_signature_statuses(wanted, search_transaction_history=search)
            if len(answer.value) != len(wanted):
                raise ChainUnavailable("fewer statuses were answered than asked for")
            found = [self._status(each) for each in answer.value]
            since = await self._history_since() if search and None in found else None
            return Statuses(answer.context.slot, found, since)

        return await asked(ask)

    async def _history_since(self) -> Micros | None:
        """Return when the node's history begins, 0 where it has all; None where it does not say."""
        try:
            first = (await self._client.get_first_available_block()).value
            began_s = (await self._client.get_block_time(first)).value if first else 0
        except RPCException:
            return None
        return None if began_s is None else Micros(began_s * MICRO)

    def _status(self, status: TransactionStatus | None) -> Status | None:
        if status is None:
            return None
        level = next((level for name, level in _LEVELS if status.confirmation_status == name), Level.PROCESSED)
        return Status(level, status.slot, None if status.err is None else self._fault(status.err, None))

    def _fault(self, error: Any, instructions: Sequence[Instruction] | None) -> Fault:
        """Return what a transaction's error means. What is no instruction's is the chain's, or ours, to mend."""
        if not isinstance(error, TransactionErrorInstructionError):
            return Fault(FaultKind.PASSING, str(error))
        place = error.index - _BUDGETS
        is_known = instructions is not None and 0 <= place < len(instructions)
        program = instructions[place].program_id if instructions is not None and is_known else None
        return Fault(self._program.kind_of(program, error.err), f"instruction {error.index}: {error.err}")
