"""The one writer's store: a connection of its own in a thread of its own, one hop of it a batch.

What is told apart by database is how a transaction begins and ends, and how a batch is written.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

import structlog

from data.store.connection import Connection
from data.store.snapshot import load
from data.store.trouble import may_pass_for_writer
from engine.core.snapshot import Snapshot
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy

T = TypeVar("T")

MOST_WAITING: Final = 1_000  # writes besides the batches
LOOK_S: Final = 1.0

log = structlog.get_logger()


class Writer(Protocol):
    """A database's own way of writing. Everything but its making happens in the store's thread."""

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return when that is durable; where it raises nothing is kept."""

    def lead(self, connection: Connection) -> None:
        """See to it that nobody else can write from now on, or raise LostLead."""

    def write_batch(self, connection: Connection, batch: Batch) -> None:
        """Write a batch's rows. Raises LostLead where it does not follow on the last one, or somebody else leads."""

    def look(self) -> None:
        """Raise the driver's error where the way to the database is lost, and nobody has noticed."""

    def close(self) -> None:
        """Close what is open."""


class Store:
    """`engine.ports.Store` on a database that `data.store.migrate.upgrade` has made."""

    def __init__(self, writer: Writer, thread: ThreadPoolExecutor) -> None:
        self._writer = writer
        self._thread = thread
        self._waiting = 0

    @property
    def waiting(self) -> int:
        """How many writes besides the batches wait, or are under way."""
        return self._waiting

    async def close(self) -> None:
        """Finish what was asked for before and close the database."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close)
        self._thread.shutdown(wait=False)

    async def take_lead(self) -> Snapshot:
        """Raise the epoch by one and return the state as the tables tell it; its epoch is the new one.

        Raises LostLead where another writer leads and can't be put out (PostgreSQL only).
        """
        return await self._run(self._take_lead)

    async def commit(self, batch: Batch) -> None:
        """Write a batch in one transaction and return when it is durable.

        Raises LostLead where (epoch, first_seq - 1) is no longer what the sequencer row says, the driver's error where
        the database refuses. Then nothing of the batch is kept.
        """
        await self._run(lambda connection: self._writer.write_batch(connection, batch))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own in the writer's thread, and return when that is durable.

        What `work` raises is raised here, and then nothing is kept. Raises Busy where too many wait already, or the
        database can't take it now.
        """
        if self._waiting >= MOST_WAITING:
            raise Busy("More people are signing in than can be taken; try again in a moment.")
        self._waiting += 1
        try:
            return await self._run(work)
        except Exception as error:
            if not may_pass_for_writer(error):
                raise
            log.warning("the books can't be written", reason=" ".join(str(error).split()))
            raise Busy("The books can't be written at the moment; try again shortly.") from error
        finally:
            self._waiting -= 1

    async def attend(self) -> None:
        """Look now and then whether there is still a way to write, until cancelled. Raises the driver's error."""
        while True:
            await asyncio.sleep(LOOK_S)
            await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.look)

    def _take_lead(self, connection: Connection) -> Snapshot:
        self._writer.lead(connection)
        connection.execute("UPDATE sequencer SET epoch = epoch + 1 WHERE id = 1")
        return load(connection)

    async def _run(self, work: Callable[[Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.transact, work)
