"""Copy books from a SQLite file to a PostgreSQL database or back, whole or not at all, and find both the same."""

# ruff: noqa: S608  statements are put together from our own columns only

import asyncio
import hashlib
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
from msgspec import Struct
from sqlalchemy import Table, Text

from data.store import partitions, schema
from data.store.asking import ONE_MOMENT, connect
from data.store.postgres import LEAD
from data.store.readers import read_only

ROWS: Final = 5_000  # at once in memory


class NotEmpty(Exception):  # noqa: N818
    """The database that is to be copied to has been used already."""


class Differs(Exception):  # noqa: N818
    """What was copied does not read as what was to be copied. Nothing of it was kept."""


class Copied(Struct, frozen=True):
    """How many rows a table has, and the SHA-256 of all of them in the order of their keys."""

    table: str
    rows: int
    digest: str


def copy(source: Path, target: str) -> list[Copied]:
    """Copy the books of a SQLite file that nobody writes to into a new PostgreSQL database of the same schema. Blocks.

    Raises NotEmpty, Differs.
    """
    with closing(sqlite3.connect(read_only(source), uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        return asyncio.run(_copy(connection, target))


def fetch(source: str, target: Path) -> list[Copied]:
    """Copy the books of a PostgreSQL database, as of one moment, into a new SQLite file of the same schema. Blocks.

    The books may be in use meanwhile. Raises Differs.
    """
    with closing(sqlite3.connect(target, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        copied = asyncio.run(_fetch(source, connection))
        connection.execute("COMMIT")
        return copied


class InUse(Exception):  # noqa: N818
    """An exchange runs on these books."""


def set_aside(url: str, name: str) -> None:
    """Leave a PostgreSQL database without books: its schema gets another name, and an empty one its. Blocks.

    Raises InUse.
    """
    asyncio.run(_set_aside(url, name))


async def _set_aside(url: str, name: str) -> None:
    connection = await connect(url)
    try:
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", LEAD):
                raise InUse(InUse.__doc__)
            await connection.execute(f"ALTER SCHEMA public RENAME TO {name}; CREATE SCHEMA public")
    finally:
        await connection.close()


async def _fetch(url: str, target: sqlite3.Connection) -> list[Copied]:
    source = await connect(url, ONE_MOMENT)
    try:
        async with source.transaction():
            target.execute("DELETE FROM sequencer")  # genesis, which the database has too
            target.execute("DELETE FROM users")
            return [await _fetch_table(source, target, table) for table in schema.metadata.sorted_tables]
    finally:
        await source.close()


async def _fetch_table(source: asyncpg.Connection, target: sqlite3.Connection, table: Table) -> Copied:
    told, written = _Telling(table.name), _Telling(table.name)
    places = ", ".join("?" for _ in table.columns)
    async for rows in _all_rows(source, table):
        told.add(rows)
        target.executemany(f"INSERT INTO {table.name} ({_columns(table)}) VALUES ({places})", rows)
    for rows in _in_pieces(target.execute(_all_of(table))):
        written.add(rows)
    if told.told() != written.told():
        raise Differs(f"{table.name} does not read as it was written")
    return told.told()


async def _copy(source: sqlite3.Connection, url: str) -> list[Copied]:
    target = await connect(url)
    try:
        async with target.transaction():
            await target.execute("LOCK TABLE sequencer IN ACCESS EXCLUSIVE MODE")
            if await target.fetchval("SELECT epoch FROM sequencer") != 0 or await target.fetchval(
                "SELECT count(*) FROM users WHERE kind = 'person'"
            ):
                raise NotEmpty(NotEmpty.__doc__)
            await target.execute("DELETE FROM sequencer")  # genesis, which the file has too
            await target.execute("DELETE FROM users")
            copied = []
            for table in schema.metadata.sorted_tables:
                await _make_parts(source, target, table)
                told = await _copy_table(source, target, table)
                if await _digest(target, table) != told:
                    raise Differs(f"{table.name} does not read as it was written")
                copied.append(told)
            return copied
    finally:
        await target.close()


async def _make_parts(source: sqlite3.Connection, target: asyncpg.Connection, table: Table) -> None:
    if table.name in partitions.PARTED:
        [newest] = source.execute(f"SELECT coalesce(max(id), 0) FROM {table.name}").fetchone()
        for statement in partitions.statements(table.name, newest):
            await target.execute(statement)


async def _copy_table(source: sqlite3.Connection, target: asyncpg.Connection, table: Table) -> Copied:
    told = _Telling(table.name)
    columns = [column.name for column in table.columns]
    for rows in _in_pieces(source.execute(_all_of(table))):
        told.add(rows)
        await target.copy_records_to_table(table.name, records=rows, columns=columns)
    # Where the database gives ids it goes on behind the newest.
    if table.autoincrement_column is not None and told.rows:
        key = table.autoincrement_column.name
        sequence = await target.fetchval("SELECT pg_get_serial_sequence($1, $2)", table.name, key)
        if sequence is not None:
            await target.execute(f"SELECT setval('{sequence}', (SELECT max({key}) FROM {table.name}))")
    return told.told()


async def _digest(target: asyncpg.Connection, table: Table) -> Copied:
    told = _Telling(table.name)
    async for rows in _all_rows(target, table):
        told.add(rows)
    return told.told()


async def _all_rows(connection: asyncpg.Connection, table: Table) -> AsyncIterator[list[tuple[Any, ...]]]:
    cursor = await connection.cursor(_all_of(table, 'COLLATE "C"'))
    while rows := await cursor.fetch(ROWS):
        yield [tuple(row) for row in rows]


def _all_of(table: Table, collation: str = "") -> str:
    """Return the statement that selects all rows in the order of their keys, text by its bytes."""
    key = ", ".join(
        f"{column.name} {collation}" if isinstance(column.type, Text) else column.name for column in table.primary_key
    )
    return f"SELECT {_columns(table)} FROM {table.name} ORDER BY {key}"


def _columns(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def _in_pieces(cursor: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(ROWS):
        yield rows


class _Telling:
    def __init__(self, table: str) -> None:
        self._table = table
        self._hash = hashlib.sha256()
        self._encoder = msgspec.msgpack.Encoder()
        self.rows = 0

    def add(self, rows: Iterable[tuple[Any, ...]]) -> None:
        for row in rows:
            self._hash.update(self._encoder.encode(row))
            self.rows += 1

    def told(self) -> Copied:
        return Copied(self._table, self.rows, self._hash.hexdigest())
