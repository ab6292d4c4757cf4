"""The books' place: how it is called, and what is wrong with it said in one line."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from clobster.config import ConfigError
from clobster.sources import NotNow
from data.store.migrate import SchemaMismatch, is_postgres
from data.store.opening import Place
from data.store.trouble import may_pass_for_writer
from engine.ports import LostLead


def named(place: Place) -> str:
    """Return how a database is called where people read it: without a password."""
    return str(place) if isinstance(place, Path) else re.sub(r"//[^@/]*@", "//", place).partition("?")[0]


@contextmanager
def opening(place: Place) -> Iterator[None]:
    """Say what is wrong with a database, or with its place, in one line. Raises ConfigError, or NotNow of them."""
    errors: tuple[type[Exception], ...] = (DBAPIError, sqlite3.Error, OSError)
    if is_postgres(place):
        import asyncpg  # who keeps books in SQLite does not wait for the import

        errors += (asyncpg.PostgresError, asyncpg.InterfaceError)
    try:
        yield
    except SchemaMismatch as refused:
        raise ConfigError(str(refused)) from None
    except LostLead as refused:
        raise NotNow(str(refused)) from None
    except errors as error:
        cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
        why = " ".join(str(cause).split())
        # A server that does not answer may come; a path that can't be used is wrong.
        is_wrong = not may_pass_for_writer(cause) or (isinstance(place, Path) and isinstance(cause, OSError))
        raise (ConfigError if is_wrong else NotNow)(
            f"the database {named(place)} can't be used ({why}): mend that, or name another in CLOBSTER_DATABASE_URL"
        ) from None
