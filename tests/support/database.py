"""Databases with their tables and nothing in them, copied from one that was migrated once in this process."""

import os
import shutil
import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from data.store.migrate import sqlite_url, upgrade
from data.store.opening import Place
from tests.support import postgres

# What a database says of rows that must not be, of what a reader must not do, and of what is not there.
REFUSED = (sqlite3.IntegrityError, asyncpg.IntegrityConstraintViolationError)
READ_ONLY = (sqlite3.OperationalError, asyncpg.ReadOnlySQLTransactionError)
UNKNOWN_TABLE = (sqlite3.OperationalError, asyncpg.UndefinedTableError)
CLOSED = (ValueError, asyncpg.InterfaceError)


def change(place: Place, *statements: str) -> int:
    """Change what a database holds, past everything of ours; return how many rows the last statement changed."""
    if isinstance(place, str):
        return postgres.change(place, *statements)
    with closing(sqlite3.connect(place)) as connection, connection:
        return [connection.execute(statement).rowcount for statement in statements][-1]


def read(place: Place, statement: str) -> list[Any]:
    """Return what a statement selects."""
    if isinstance(place, str):
        return postgres.run(place, statement)
    with closing(sqlite3.connect(place)) as connection:
        return connection.execute(statement).fetchall()


def everything(place: Place) -> dict[str, list[tuple[object, ...]]]:
    """Return all rows of all tables, in their order."""
    if isinstance(place, str):
        return postgres.everything(place)
    with closing(sqlite3.connect(place)) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables}


@pytest.fixture
def on_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """For scenarios that look into the file: their books are in one, whatever `make postgres` asks for."""
    monkeypatch.delenv("CLOBSTER_TEST_DATABASE", raising=False)


def fresh(path: Path, template: Path) -> Place:
    """Return where a new exchange's books are: a copy of a file, or in PostgreSQL where `make postgres` asks for it."""
    if os.environ.get("CLOBSTER_TEST_DATABASE") == "postgres":
        return postgres.empty_exchange()
    shutil.copyfile(template, path)
    return path


@cache
def server_settings(data_dir: Path) -> dict[str, str]:
    """Return what a server on a directory is told of its database: nothing, or PostgreSQL as `fresh` has it."""
    if os.environ.get("CLOBSTER_TEST_DATABASE") == "postgres":
        return {"CLOBSTER_DATABASE_URL": postgres.empty_exchange()}
    return {}


def ensure_database(place: Place) -> None:
    """Make an empty exchange's database; one that is there already stays as it is, as PostgreSQL's always is."""
    if isinstance(place, Path) and not place.exists():
        place.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchange.db"
        upgrade(sqlite_url(path))
        return path.read_bytes()
