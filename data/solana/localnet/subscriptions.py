"""What somebody may subscribe to, and what each subscription hears when a block comes to its commitment."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, Final

import msgspec
from msgspec import Struct
from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from data.solana.localnet import params
from data.solana.localnet.account_methods import Matches, account_filters
from data.solana.localnet.blocks import Block, Commitment
from data.solana.localnet.chain import Chain
from data.solana.localnet.errors import InvalidParamsError
from data.solana.localnet.history import Executed
from data.solana.localnet.params import Params, View

_GONE: Final = Account(0, b"", Pubkey.default())


class Told(Struct, frozen=True):
    """One notification: the slot that it is true of (None where its kind has no context) and the value."""

    slot: int | None
    value: Any


class Arrived:
    """A block that has come to a commitment. Its transactions are read once, where anybody wants them."""

    def __init__(self, chain: Chain, block: Block) -> None:
        self.chain = chain
        self.block = block
        self.find = chain.find(block)

    @cached_property
    def transactions(self) -> list[Executed]:
        """The block's transactions, in order."""
        return self.chain.history.transactions_in(self.block.slot) if self.block.transactions else []

    @cached_property
    def changed(self) -> dict[Pubkey, Account]:
        """The accounts that the block changed, as they were at its end."""
        return {key: self.find(key) or _GONE for key in self.block.before}

    def named(self, executed: Executed) -> set[Pubkey]:
        """Return the accounts that a transaction names."""
        message = VersionedTransaction.from_bytes(executed.raw).message
        loaded = msgspec.json.decode(executed.meta, type=_Meta).loadedAddresses
        return {*message.account_keys, *map(Pubkey.from_string, loaded.writable + loaded.readonly)}


class _Loaded(Struct):
    writable: list[str]
    readonly: list[str]


class _Meta(Struct):
    loadedAddresses: _Loaded  # noqa: N815  the RPC's name
    logMessages: list[str]  # noqa: N815


class AccountSubscription(Struct, frozen=True):
    """One account, whenever it changes."""

    commitment: Commitment
    key: Pubkey
    view: View

    def hear(self, arrived: Arrived) -> Iterable[Told]:
        """Yield the account where the block changed it."""
        account = arrived.changed.get(self.key)
        if account is not None:
            yield Told(arrived.block.slot, self.view.show(account, arrived.find))


class ProgramSubscription(Struct, frozen=True):
    """The accounts of a program that pass the filters."""

    commitment: Commitment
    program: Pubkey
    view: View
    filters: list[Matches]

    def hear(self, arrived: Arrived) -> Iterable[Told]:
        """Yield each account of the program that the block changed."""
        for key, account in arrived.changed.items():
            if account.owner == self.program and all(passes(account) for passes in self.filters):
                shown = self.view.show(account, arrived.find)
                yield Told(arrived.block.slot, {"pubkey": str(key), "account": shown})


class LogsSubscription(Struct, frozen=True):
    """The logs of every transaction, or of those that name an account."""

    commitment: Commitment
    mentions: Pubkey | None

    def hear(self, arrived: Arrived) -> Iterable[Told]:
        """Yield the logs of the block's transactions."""
        for executed in arrived.transactions:
            if self.mentions is None or self.mentions in arrived.named(executed):
                logs = msgspec.json.decode(executed.meta, type=_Meta).logMessages
                value = {"signature": str(executed.signature), "err": msgspec.Raw(executed.err), "logs": logs}
                yield Told(arrived.block.slot, value)


class SignatureSubscription(Struct, frozen=True):
    """One transaction: told once, then it is over."""

    commitment: Commitment
    signature: Signature

    def hear(self, arrived: Arrived) -> Iterable[Told]:
        """Yield the transaction's error, or null, where it is in the block."""
        for executed in arrived.transactions:
            if executed.signature == self.signature:
                yield Told(arrived.block.slot, {"err": msgspec.Raw(executed.err)})

    def already(self, chain: Chain) -> Told | None:
        """Return what there is to tell at once, where the transaction has come that far before."""
        found = chain.history.find(self.signature)
        if found is None or found.slot > chain.blocks.at(self.commitment).slot:
            return None
        return Told(found.slot, {"err": msgspec.Raw(found.err)})


class SlotSubscription(Struct, frozen=True):
    """Every slot that begins."""


class RootSubscription(Struct, frozen=True):
    """Every slot that becomes final."""


Heard = AccountSubscription | ProgramSubscription | LogsSubscription | SignatureSubscription
Subscription = Heard | SlotSubscription | RootSubscription


def _account(given: Params) -> Subscription:
    options = given.options(1)
    return AccountSubscription(options.commitment, given.pubkey(0), View.of(options))


def _program(given: Params) -> Subscription:
    options = given.options(1)
    return ProgramSubscription(options.commitment, given.pubkey(0), View.of(options), account_filters(options))


def _logs(given: Params) -> Subscription:
    commitment = given.options(1).commitment
    match given.get(0):
        case "all" | "allWithVotes":
            return LogsSubscription(commitment, None)
        case {"mentions": [address]}:
            return LogsSubscription(commitment, params.pubkey(address))
        case {"mentions": _}:
            raise InvalidParamsError("Invalid Request: Only 1 address supported")
        case _:
            raise InvalidParamsError("Invalid params: give all, allWithVotes or mentions")


def _signature(given: Params) -> Subscription:
    options = given.options(1)
    if options.flag("enableReceivedNotification"):
        raise InvalidParamsError("Invalid params: localnet has no received notifications")
    return SignatureSubscription(options.commitment, given.signature(0))


KINDS: Final[dict[str, tuple[Callable[[Params], Subscription], int]]] = {
    "account": (_account, 2),
    "logs": (_logs, 2),
    "program": (_program, 2),
    "root": (lambda _: RootSubscription(), 0),
    "signature": (_signature, 2),
    "slot": (lambda _: SlotSubscription(), 0),
}
KIND_OF: Final = {
    AccountSubscription: "account",
    LogsSubscription: "logs",
    ProgramSubscription: "program",
    RootSubscription: "root",
    SignatureSubscription: "signature",
    SlotSubscription: "slot",
}
