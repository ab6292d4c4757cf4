"""What stands for SQLite's connections on PostgreSQL: asyncpg's, under the same two or three calls.

A statement is prepared once a connection and kept. A `sum` of integers is a numeric there, and is read as an int.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from data.store.connection import Values
from data.store.rows import Row
from data.store.words import translated

CONNECT_S: Final = 10.0
LOST: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.AdminShutdownError)
ONE_MOMENT: Final = {"default_transaction_isolation": "repeatable read", "default_transaction_read_only": "on"}


async def connect(url: str, settings: Mapping[str, str] | None = None) -> asyncpg.Connection:
    """Open a connection. Raises OSError or asyncpg.PostgresError where that can't be."""
    known = {"application_name": "clobster", "timezone": "UTC", "jit": "off", **(settings or {})}
    connection = await asyncpg.connect(url, timeout=CONNECT_S, server_settings=known)
    try:
        await connection.set_type_codec("numeric", schema="pg_catalog", encoder=str, decoder=_whole, format="text")
    except BaseException:
        connection.terminate()
        raise
    return connection


class Asking:
    """Statements on one connection of asyncpg's, each prepared once."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self._prepared: dict[str, PreparedStatement] = {}

    async def prepared(self, text: str) -> PreparedStatement:
        """Return a statement of PostgreSQL's own words, prepared."""
        known = self._prepared.get(text)
        if known is None:
            known = self._prepared[text] = await self.connection.prepare(text)
        return known

    async def run(self, statement: str, values: Values) -> "Answer":
        """Run a statement with SQLite's parameters."""
        words = translated(statement)
        arguments = words.arguments(values)
        if float in map(type, arguments):  # asyncpg would cut its fraction off
            raise TypeError("no float is kept in the books")
        prepared = await self.prepared(words.text)
        try:
            found = await prepared.fetch(*arguments)
        except asyncpg.CharacterNotInRepertoireError:
            raise UnicodeError("PostgreSQL keeps no NUL in a text") from None
        return Answer([tuple(record) for record in found], _count(prepared.get_statusmsg()))


class Answer:
    """`data.store.connection.Cursor` with all rows in memory."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Row], rowcount: int) -> None:
        self._rows = iter(rows)
        self.rowcount = rowcount

    def fetchone(self) -> Any:
        """Return the next row, None where there is none."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        """Go through the rows that are left."""
        return self._rows


class Waiting:
    """`data.store.connection.Connection`: a loop of its own runs while its one thread waits for each answer."""

    def __init__(self, url: str, settings: Mapping[str, str] | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        try:
            self.asking = Asking(self.wait(connect(url, settings)))
        except BaseException:
            self._loop.close()
            raise

    @property
    def is_lost(self) -> bool:
        """Whether the connection is known to be closed."""
        return bool(self.asking.connection.is_closed())

    def wait(self, coroutine: Any) -> Any:
        """Run a coroutine to its end."""
        return self._loop.run_until_complete(coroutine)

    def run(self, command: str) -> str:
        """Run a command that is not worth being prepared, such as BEGIN; return what was done."""
        done: str = self.wait(self.asking.connection.execute(command))
        return done

    def execute(self, statement: str, values: Values = (), /) -> Answer:
        """Run a statement."""
        answer: Answer = self.wait(self.asking.run(statement, values))
        return answer

    def executemany(self, statement: str, values: Iterable[Values], /) -> None:
        """Run a statement once for each of the values, without waiting for each."""
        words = translated(statement)
        self.wait(self.asking.connection.executemany(words.text, [words.arguments(each) for each in values]))

    def close(self) -> None:
        """Close the connection."""
        try:
            with suppress(OSError, asyncpg.PostgresError):
                self.wait(self.asking.connection.close(timeout=CONNECT_S))
        finally:
            self._loop.close()


class Aside:
    """`data.store.connection.Asked` for whoever may be in an event loop: waits in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._thread = ThreadPoolExecutor(1, "store-aside")
        self._waiting = self._thread.submit(Waiting, url, ONE_MOMENT).result()

    def execute(self, statement: str, values: Values = (), /) -> Answer:
        """Run a statement."""
        return self._thread.submit(self._waiting.execute, statement, values).result()

    def close(self) -> None:
        """Close the connection."""
        self._thread.submit(self._waiting.close).result()
        self._thread.shutdown()


class Looking:
    """`data.store.connection.Reading`: sees one moment and can't write. One that was lost is opened anew, if it may."""

    def __init__(self, url: str, asking: Asking, *, comes_back: bool = True) -> None:
        self._url = url
        self._asking = asking
        self._is_over = not comes_back

    @classmethod
    async def open(cls, url: str, *, comes_back: bool = True) -> "Looking":
        """Open a connection."""
        return cls(url, Asking(await connect(url, ONE_MOMENT)), comes_back=comes_back)

    @property
    def connection(self) -> asyncpg.Connection:
        """The driver's connection, for what is no part of a transaction."""
        return self._asking.connection

    async def execute_fetchall(self, statement: str, values: Values = (), /) -> Iterable[Row]:
        """Return all that a statement selects."""
        if statement == "BEGIN":
            try:
                await self._asking.connection.execute(statement)
            except LOST:
                if self._is_over:
                    raise
                self._asking = Asking(await connect(self._url, ONE_MOMENT))
                await self._asking.connection.execute(statement)
            return []
        return (await self._asking.run(statement, values)).fetchall()

    async def rollback(self) -> None:
        """End the transaction."""
        if not self._asking.connection.is_closed():
            await self._asking.connection.execute("ROLLBACK")

    async def close(self) -> None:
        """Close the connection, for good."""
        self._is_over = True
        await self._asking.connection.close(timeout=CONNECT_S)


def _count(status: str) -> int:
    """Return how many rows a statement's status, such as UPDATE 3, says were changed."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0


def _whole(text: str) -> int:
    """Read a numeric of ours, which has nothing behind the point."""
    return int(text)
