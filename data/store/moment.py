"""Reads that say as of which command they are: whoever also follows the batches then knows which are contained."""

import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from typing_extensions import override

from data.store.queries import Queries

T = TypeVar("T")

_SEQ: Final = "SELECT seq FROM sequencer"


class Moment(Queries):
    """One question, asked over the connections of `queries`. seq is how many commands its answer contains."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self.seq = 0

    @override
    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` like `Queries.read`, and read seq in the same transaction."""

        def read_both(connection: sqlite3.Connection) -> tuple[int, T]:
            (seq,) = connection.execute(_SEQ).fetchone()
            return seq, work(connection)

        self.seq, result = await self._queries.read(read_both)
        return result
