"""LiteSVM: accounts, programs and the execution of transactions. Which transactions may run is the chain's business.

LiteSVM accepts its own latest blockhash only and forgets signatures; a cluster does neither. So both checks are off
here and `chain` makes them. Signatures are verified once, in `Sent`.
"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec import Struct
from solders.account import Account
from solders.clock import Clock
from solders.hash import Hash
from solders.litesvm import LiteSVM
from solders.message import Message, MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_metadata import FailedTransactionMetadata, TransactionMetadata

SLOTS_PER_EPOCH: Final = 432_000
SLOT_MS: Final = 400
_TABLE_HEADER: Final = 56  # bytes of a lookup table before its addresses
_NOTHING: Final = Account(0, b"", Pubkey.default())


class Keys(Struct, frozen=True):
    """The accounts that a transaction names, in the runtime's order."""

    static: list[Pubkey]
    loaded_writable: list[Pubkey]
    loaded_readonly: list[Pubkey]
    written: list[Pubkey]

    @property
    def all(self) -> list[Pubkey]:
        """Return them as instructions count them."""
        return self.static + self.loaded_writable + self.loaded_readonly


class Sent:
    """A transaction as somebody sent it: well formed, and not yet believed."""

    def __init__(self, transaction: VersionedTransaction) -> None:
        assert isinstance(transaction.message, Message | MessageV0), "no other version is let in"
        self.transaction = transaction
        self.message = transaction.message
        self.signature: Signature = transaction.signatures[0]

    @cached_property
    def signed(self) -> bool:
        """Tell whether every signature holds."""
        return all(self.transaction.verify_with_results())


class Outcome(Struct, frozen=True):
    """What came of a transaction. `err` is None or the error as JSON shows it."""

    err: Any
    committed: bool  # in a block, whether or not it failed: the fee is paid
    details: TransactionMetadata
    accounts: list[tuple[Pubkey, Account]]  # after a simulation


class Vm:
    """The machine. Every change of an account goes through here."""

    def __init__(self) -> None:
        self._svm = LiteSVM().with_blockhash_check(False).with_transaction_history(0).with_sigverify(False)

    @property
    def first_slot(self) -> int:
        """The slot in which the built-in programs are there: time may not begin before."""
        return self._svm.get_clock().slot

    def begin(self, slot: int, time: int, earlier: list[tuple[int, Hash]]) -> None:
        """Move the clock to a slot, at `time` in seconds; `earlier` are the slots and hashes before it."""
        epoch, since = divmod(slot, SLOTS_PER_EPOCH)
        began = time - since * SLOT_MS // 1000
        self._svm.expire_blockhash()
        self._svm.set_clock(Clock(slot, began, epoch, epoch + 1, time))
        self._svm.set_slot_hashes(earlier)

    def account(self, key: Pubkey) -> Account | None:
        """Return an account as it is now."""
        return self._svm.get_account(key)

    def put(self, key: Pubkey, account: Account | None) -> None:
        """Set an account, or take it away."""
        self._svm.set_account(key, account or _NOTHING)

    def owned_by(self, program: Pubkey) -> list[tuple[Pubkey, Account]]:
        """Return every account that a program owns."""
        return self._svm.get_program_accounts(program)

    def add_program(self, program: Pubkey, elf: bytes) -> None:
        """Deploy a program. Raises ValueError where it is none."""
        try:
            self._svm.add_program(program, elf)
        except BaseException as error:  # whatever the loader's binding makes of it
            raise ValueError(f"not a program: {error}") from None

    def rent(self, size: int) -> int:
        """Return the lamports that keep an account of `size` bytes."""
        return self._svm.minimum_balance_for_rent_exemption(size)

    def keys(self, message: Message | MessageV0) -> Keys:
        """Return the accounts of a message, those of its lookup tables too."""
        static = message.account_keys
        writable: list[Pubkey] = []
        readonly: list[Pubkey] = []
        for lookup in message.address_table_lookups if isinstance(message, MessageV0) else ():
            table = self._svm.get_account(lookup.account_key)
            writable += _addresses(table, lookup.writable_indexes)
            readonly += _addresses(table, lookup.readonly_indexes)
        header = message.header
        signers, unsigned = static[: header.num_required_signatures], static[header.num_required_signatures :]
        written = signers[: len(signers) - header.num_readonly_signed_accounts]
        written += unsigned[: len(unsigned) - header.num_readonly_unsigned_accounts]
        return Keys(static, writable, readonly, written + writable)

    def execute(self, sent: Sent) -> Outcome:
        """Run a transaction for good."""
        assert sent.signed, "nobody runs what its owner has not signed"
        result = self._svm.send_transaction(sent.transaction)
        if isinstance(result, TransactionMetadata):
            return Outcome(None, True, result, [])
        return _failed(result)

    def simulate(self, sent: Sent) -> Outcome:
        """Run a transaction and change nothing, whether or not it is signed."""
        result = self._svm.simulate_transaction(sent.transaction)
        if isinstance(result, FailedTransactionMetadata):
            return _failed(result)
        return Outcome(None, True, result.meta(), result.post_accounts())


def _addresses(table: Account | None, indexes: Iterable[int]) -> list[Pubkey]:
    data = table.data[_TABLE_HEADER:] if table else b""
    parts = (data[32 * index : 32 * index + 32] for index in indexes)
    return [Pubkey.from_bytes(part) for part in parts if len(part) == 32]


def _failed(result: FailedTransactionMetadata) -> Outcome:
    err = msgspec.json.decode(result.to_json())["err"]
    # What never ran (no payer, no such lookup table) has no signature.
    return Outcome(err, result.meta().signature() != Signature.default(), result.meta(), [])
