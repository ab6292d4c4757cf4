"""What the engine asks of the outside world. `data` implements it; `clobster.app` joins the two."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from engine.core.snapshot import Snapshot
from engine.core.types import Atoms, Lots, Micros, Side, Symbol, Ticks, UserId
from engine.sequencer.batch import Batch

Clock = Callable[[], Micros]


class LostLead(Exception):  # noqa: N818
    """Another writer has raised the epoch: this one must stop."""


class Store(Protocol):
    """Where the one writer keeps what it did."""

    async def take_lead(self) -> Snapshot:
        """Raise the epoch by one and return the state as the tables tell it; its epoch is the new one."""

    async def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction and return when it is durable.

        Raises LostLead where (epoch, first_seq - 1) is no longer what the sequencer row says.
        """


class ExternalBook(Struct, frozen=True, gc=False):
    """The best levels of another venue's book at one moment: (price, quantity) as decimal strings, best first.

    update_id is that venue's; received_at is our clock's. in_sync is False where the book can't be trusted now.
    """

    symbol: Symbol
    update_id: int
    received_at: Micros
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]
    in_sync: bool = True


class Feed(Protocol):
    """A stream of another venue's books."""

    def books(self) -> AsyncIterator[ExternalBook]:
        """Yield a book of some symbol whenever it has changed; ends when the feed is closed."""

    async def close(self) -> None:
        """End `books`."""


class HedgeOrder(Struct, frozen=True):
    """An order that another venue fills at once as far as its limit allows, and lets expire for the rest.

    client_id names it there. Quantity and price are in lots and ticks of our market of the same symbol.
    """

    client_id: str
    symbol: Symbol
    side: Side
    quantity: Lots
    price: Ticks


class HedgeResult(Struct, frozen=True):
    """What has become of an order: atoms of our base and quote asset exchanged, and the fee's worth in quote atoms.

    The fee is rounded up and never a reason to fail; where it was paid in a third asset the venue's price counts.
    """

    is_final: bool  # nothing more will trade
    base: Atoms
    quote: Atoms
    fee: Atoms


class HedgeRefused(Exception):  # noqa: N818
    """The venue has not taken the order and never will: its rules, its limits or its answer say so."""


class HedgeUnknown(Exception):  # noqa: N818
    """No answer, or one that leaves open whether the order was taken: look it up, never place it again."""


class Hedger(Protocol):
    """A venue on which inventory is offset. Each call ends within seconds and raises nothing but what it says."""

    life_s: float  # after so long an order that was sent and is not known there has not arrived and never will

    async def place(self, order: HedgeOrder) -> HedgeResult:
        """Send an order once. Raises HedgeRefused or HedgeUnknown."""

    async def look_up(self, order: HedgeOrder) -> HedgeResult | None:
        """Return what has become of an order by its client_id, None where the venue knows none. Raises HedgeUnknown."""


class Signer(Protocol):
    """A key that signs, wherever it is kept: in memory, or with a service that never gives it away."""

    @property
    def address(self) -> str:
        """Its public half, in base58."""

    async def sign(self, message: bytes) -> bytes:
        """Return the signature of a transaction's message, 64 bytes."""


class Signers(Protocol):
    """All keys that hold money of ours on Solana. The same account has the same key always."""

    @property
    def vault(self) -> Signer:
        """The vault's authority, which pays what transactions of ours cost, too."""

    def deposits(self, user: UserId) -> Signer:
        """Return who owns the token accounts into which an account's deposits come."""


class Held(Struct, frozen=True):
    """What an account on the chain holds: lamports, and atoms where it is a token account."""

    lamports: int
    atoms: int | None


class Listed(Struct, frozen=True):
    """A transaction in the list of those that name an account."""

    signature: str
    failed: bool


class TokenChange(Struct, frozen=True):
    """By how many atoms a transaction has changed a token account. owner is whose it is, where the chain says so."""

    account: str
    mint: str
    owner: str | None
    atoms: int


class ChainTransaction(Struct, frozen=True):
    """What a transaction did to token accounts, and who has signed it."""

    signature: str
    failed: bool
    signers: tuple[str, ...]
    changes: tuple[TokenChange, ...]


class ChainUnavailable(Exception):  # noqa: N818
    """The chain does not answer, answers nonsense, or asks for peace: try again later."""


class Following(Protocol):
    """Accounts that are followed. Both raise ChainUnavailable when that is over."""

    async def add(self, addresses: Iterable[str]) -> None:
        """Follow some more accounts."""

    async def next(self) -> str:
        """Return the next account that has changed, once that is final. What is not told has maybe changed too."""


class Chain(Protocol):
    """Solana, as far as we look at it: what is finalized, and nothing else.

    Addresses and signatures are in base58. Whatever asks ends within a minute and raises nothing but ChainUnavailable.
    """

    def token_account(self, owner: str, mint: str) -> str:
        """Return the address of an owner's token account for a mint."""

    async def decimals(self, mints: Sequence[str]) -> list[int | None]:
        """Return the decimals of mints, None where there is no SPL Token mint of this address."""

    async def held(self, addresses: Sequence[str]) -> list[Held | None]:
        """Return what accounts hold, None where there is none; 100 at most."""

    async def listed(self, address: str, *, before: str | None, until: str | None, limit: int) -> list[Listed]:
        """Return transactions that name an account, newest first: those before one, down to the one after another.

        A node that does not know `before` returns none.
        """

    async def transaction(self, signature: str) -> ChainTransaction | None:
        """Return what a transaction did; None where the node knows none."""

    async def open_token_accounts(self, payer: Signer, owner: str, mints: Sequence[str]) -> None:
        """Make an owner's token accounts, those that are not there yet, and return when they are confirmed."""

    def following(self) -> AbstractAsyncContextManager[Following]:
        """Be told of changes, until left."""
