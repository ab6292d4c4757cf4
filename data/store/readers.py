"""A few read-only connections for everybody who asks: on SQLite aiosqlite's, each in a thread of its own.

Readers see what was committed when they began, and never wait for the writer nor make it wait.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self, TypeVar, cast

import aiosqlite
import structlog

from data.store.connection import Reading, Values
from data.store.rows import Row
from data.store.trouble import may_pass
from engine.sequencer.sequencer import Busy

T = TypeVar("T")
log = structlog.get_logger()

MOST_WAITING: Final = 1_000


class Readers:
    """A bounded pool of connections that can't write."""

    def __init__(self, connections: Sequence[Reading]) -> None:
        self._connections = connections
        # The one used last goes first: it has the pages that everybody asks for in its cache.
        self._idle: asyncio.LifoQueue[Reading] = asyncio.LifoQueue()
        for connection in connections:
            self._idle.put_nowait(connection)
        self._asked = 0

    @classmethod
    async def open(cls, place: Path | str, size: int = 2) -> Self:
        """Open a file, or a PostgreSQL URL, `size` times. Raises the driver's error where there is none."""
        if isinstance(place, str):
            return await cls._open_postgres(place, size)
        uri = read_only(place)
        # A connection of aiosqlite that can't be opened leaves its thread behind, so a plain one tries first.
        (await asyncio.to_thread(sqlite3.connect, uri, uri=True, check_same_thread=False)).close()
        async with AsyncExitStack() as opened:
            connections = [
                await opened.enter_async_context(aiosqlite.connect(uri, uri=True, isolation_level=None))
                for _ in range(size)
            ]
            opened.pop_all()
        return cls(connections)

    @classmethod
    async def _open_postgres(cls, url: str, size: int) -> Self:
        from data.store.asking import Looking  # who keeps books in SQLite does not wait for the import

        async with AsyncExitStack() as opened:
            connections = []
            for _ in range(size):
                connections.append(await Looking.open(url))
                opened.push_async_callback(connections[-1].close)
            opened.pop_all()
        return cls(connections)

    @property
    def waiting(self) -> int:
        """How many look something up, or wait for it."""
        return self._asked

    async def close(self) -> None:
        """Finish what was asked for before and close the file."""
        for _ in self._connections:
            await (await self._idle.get()).close()
        for connection in self._connections:  # whoever asks from now on is told that they are closed
            self._idle.put_nowait(connection)

    async def read(self, work: Callable[[Reading], Awaitable[T]]) -> T:
        """Run `work` on a connection, in one transaction, so that all it reads is of one moment.

        Raises Busy where too many wait already, or the database can't be asked now.
        """
        if self._asked >= MOST_WAITING:
            raise Busy("More people are looking things up than can be answered; try again in a moment.")
        self._asked += 1
        try:
            connection = await self._idle.get()
            try:
                return await in_one_moment(connection, work)
            except Exception as error:
                if not may_pass(error):
                    raise
                log.warning("the books can't be read", reason=" ".join(str(error).split()))
                raise Busy("The books can't be read at the moment; try again shortly.") from error
            finally:
                self._idle.put_nowait(connection)
        finally:
            self._asked -= 1


async def rows(connection: Reading, statement: str, values: Values = ()) -> list[Row]:
    """Return all that a statement selects, for one trip to the connection's thread."""
    return cast(list[Row], await connection.execute_fetchall(statement, values))


def read_only(path: Path) -> str:
    """Return the URI by which a SQLite file is opened only to read it, and is not made where there is none."""
    return f"{path.absolute().as_uri()}?mode=ro"


async def in_one_moment(connection: Reading, work: Callable[[Reading], Awaitable[T]]) -> T:
    """Run `work` in one transaction."""
    # A connection does what it is asked in turn: even where this task is cancelled half way, whoever has the
    # connection next begins after this one's end.
    try:
        await rows(connection, "BEGIN")
        return await work(connection)
    finally:
        await connection.rollback()
