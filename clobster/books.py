"""The books' place: how it is called, and what is wrong with it said in one line."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from clobster.config import ConfigError
from data.store.migrate import SchemaMismatch, is_postgres
from data.store.opening import Place
from engine.ports import LostLead


def named(place: Place) -> str:
    """Return how a database is called where people read it: without a password."""
    return str(place) if isinstance(place, Path) else re.sub(r"//[^@/]*@", "//", place).partition("?")[0]


@contextmanager
def opening(place: Place) -> Iterator[None]:
    """Say what is wrong with a database, or with its place, in one line. Raises ConfigError."""
    errors: tuple[type[Exception], ...] = (DBAPIError, sqlite3.Error, OSError)
    if is_postgres(place):
        import asyncpg  # who keeps books in SQLite does not wait for the import

        errors += (asyncpg.PostgresError, asyncpg.InterfaceError)
    try:
        yield
    except (SchemaMismatch, LostLead) as refused:
        raise ConfigError(str(refused)) from None
    except errors as error:
        why = " ".join(str(error.orig if isinstance(error, DBAPIError) else error).split())
        raise ConfigError(
            f"the database {named(place)} can't be used ({why}): mend that, or name another in CLOBSTER_DATABASE_URL"
        ) from None
