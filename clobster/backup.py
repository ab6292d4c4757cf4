"""`clobster backup` and `clobster restore`: a copy of the books while they are in use, and books out of a copy.

A copy is proved before it has its name: SQLite looks at every page of it, and the ledger in it adds up.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from clobster.audit import audit
from clobster.config import ConfigError
from data.store.readers import read_only


def backup(database: Path, copy: Path) -> str:
    """Copy the books, which may be in use, and prove the copy. Return a sentence. Raises ConfigError."""
    if not database.is_file():
        raise ConfigError(f"there are no books at {database}")
    if copy.exists():
        raise ConfigError(f"{copy} is there already: name another file")
    _copy(database, copy)
    return f"{copy} is a whole copy of {database}: {_proved(copy)}"


def restore(copy: Path, database: Path) -> str:
    """Make books of a copy where there are none. Return a sentence. Raises ConfigError."""
    if not copy.is_file():
        raise ConfigError(f"there is no file {copy}")
    for name in ("", "-wal", "-shm"):
        if (beside := database.with_name(database.name + name)).exists():
            raise ConfigError(f"{beside} is there already: move it away first, and keep it")
    _copy(copy, database)
    return f"{database} is restored: {_proved(database)}"


def _copy(source: Path, target: Path) -> None:
    """Copy what was committed when it began, as of one moment. What fails leaves nothing under target's name."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        uri = read_only(source)
        with closing(sqlite3.connect(uri, uri=True)) as reader, closing(sqlite3.connect(unfinished)) as made:
            reader.backup(made)  # in one step, for which no writer waits; each write would begin smaller ones anew
            made.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
            (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                why = " ".join(str(found).split())
                raise ConfigError(f"the copy of {source} is damaged ({why}): do not use it")
        _sync(unfinished)
        unfinished.replace(target)
        _sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _proved(database: Path) -> str:
    report = audit(database)
    if not report.clean:
        raise ConfigError(f"{database} does not stand the audit: {report.lines[0]}")
    return report.lines[-1]


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
