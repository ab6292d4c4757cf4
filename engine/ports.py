"""What the engine asks of the outside world. `data` implements it; `clobster.app` joins the two."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from msgspec import Struct

from engine.core.snapshot import Snapshot
from engine.core.types import Micros, Symbol
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
