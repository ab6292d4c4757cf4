"""What statements are run by, on either database, and a statement where the two databases' words differ.

Statements are written with SQLite's parameters (? and :name). SQLite's own connections are run by as they are; what
stands for them on PostgreSQL puts its parameters in their place (see `words`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

Values = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Asked(Protocol):
    """Whoever runs statements in a thread: the call returns when it is done."""

    def execute(self, statement: str, values: Values = ..., /) -> Cursor:
        """Run a statement."""


class Connection(Asked, Protocol):
    """The writer's, in the writer's thread."""

    def executemany(self, statement: str, values: Iterable[Values], /) -> object:
        """Run a statement once for each of the values; how many rows that changed is not told."""


class Reading(Protocol):
    """A reader's, on the event loop."""

    async def execute_fetchall(self, statement: str, values: Values = ..., /) -> Iterable[Any]:
        """Return all that a statement selects."""

    async def rollback(self) -> None:
        """End the transaction."""

    async def close(self) -> None:
        """Close the connection."""


class Both(str):
    """A statement in SQLite's words, which knows itself in PostgreSQL's too."""

    postgres: str

    __slots__ = ("postgres",)

    def __new__(cls, sqlite: str, postgres: str) -> "Both":
        """Make one of the two."""
        both = super().__new__(cls, sqlite)
        both.postgres = postgres
        return both
