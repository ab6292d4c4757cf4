"""Reads that say as of which command they are: whoever also follows the batches then knows which are contained."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from typing_extensions import override

from data.store.connection import Reading
from data.store.queries import Queries
from data.store.readers import rows

T = TypeVar("T")

_SEQ: Final = "SELECT seq FROM sequencer"


class Moment(Queries):
    """One question, asked over the connections of `queries`. seq is how many commands its answer contains."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self.seq = 0

    @override
    async def read(self, work: Callable[[Reading], Awaitable[T]]) -> T:
        """Run `work` like `Queries.read`, and read seq in the same transaction."""

        async def read_both(connection: Reading) -> tuple[int, T]:
            [[seq]] = await rows(connection, _SEQ)
            return seq, await work(connection)

        self.seq, result = await self._queries.read(read_both)
        return result
