"""A few read-only connections for everybody who asks, each in a thread of its own.

Readers see what was committed when they began, and never wait for the writer nor make it wait (WAL).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Self, TypeVar

from engine.sequencer.sequencer import Busy

T = TypeVar("T")

MOST_WAITING: Final = 1_000


class Readers:
    """A bounded pool of connections that can't write."""

    def __init__(self, connections: list[sqlite3.Connection]) -> None:
        self._connections = connections
        self._idle: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        for connection in connections:
            self._idle.put(connection)
        self._threads = ThreadPoolExecutor(len(connections), "store-reader")
        self._asked = 0

    @classmethod
    async def open(cls, path: Path, size: int = 2) -> Self:
        """Open the file `size` times. Raises sqlite3.OperationalError where there is none."""
        return cls(await asyncio.to_thread(lambda: [connect_read_only(path) for _ in range(size)]))

    async def close(self) -> None:
        """Finish what was asked for before and close the file."""
        await asyncio.to_thread(self._threads.shutdown)
        for connection in self._connections:
            connection.close()

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` on a connection, in one transaction, so that all it reads is of one moment.

        Raises Busy where too many wait already.
        """
        if self._asked >= MOST_WAITING:
            raise Busy("More people are looking things up than can be answered; try again in a moment.")
        self._asked += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._run, work)
        finally:
            self._asked -= 1

    def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._idle.get()
        try:
            connection.execute("BEGIN")
            try:
                return work(connection)
            finally:
                connection.execute("ROLLBACK")
        finally:
            self._idle.put(connection)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open a SQLite file only to read it. Raises sqlite3.OperationalError where there is none."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
