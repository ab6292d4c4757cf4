"""The books' place: what is wrong with it is said in one line."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from clobster.config import ConfigError


@contextmanager
def opening(database: Path) -> Iterator[None]:
    """Say what is wrong with a database, or with its place, in one line. Raises ConfigError."""
    try:
        yield
    except (DBAPIError, sqlite3.Error, OSError) as error:
        why = error.orig if isinstance(error, DBAPIError) else error
        raise ConfigError(
            f"the database {database} can't be used ({why}): mend that, or name another in CLOBSTER_DATABASE_URL"
        ) from None
