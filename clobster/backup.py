"""`clobster backup` and `clobster restore`: a copy of the books while they are in use, and books out of a copy.

A copy is a SQLite file, also of books in PostgreSQL. It is proved before it has its name: SQLite looks at every page of
it, and the ledger in it adds up.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from clobster.audit import audit
from clobster.books import named
from clobster.config import ConfigError
from data.store.migrate import check, sqlite_url, upgrade
from data.store.opening import Place
from data.store.readers import read_only


def backup(database: Place, copy: Path) -> str:
    """Copy the books, which may be in use, and prove the copy. Return a sentence. Raises ConfigError."""
    if isinstance(database, Path) and not database.is_file():
        raise ConfigError(f"there are no books at {database}")
    if copy.exists():
        raise ConfigError(f"{copy} is there already: name another file")
    fill = partial(_copy_file, database) if isinstance(database, Path) else partial(_fetch, database)
    _make(copy, fill)
    return f"{copy} is a whole copy of {named(database)}: {_proved(copy)}"


def restore(copy: Path, database: Path) -> str:
    """Make books of a copy where there are none. Return a sentence. Raises ConfigError."""
    if not copy.is_file():
        raise ConfigError(f"there is no file {copy}")
    for beside in _beside(database):
        if beside.exists():
            raise ConfigError(f"{beside} is there already: move it away first, and keep it")
    _make(database, partial(_copy_file, copy))
    return f"{database} is restored: {_proved(database)}"


def set_aside(database: Place, copy: Path) -> tuple[str, str]:
    """Move the books that there are away, to make others of a copy. Return their name, and a sentence.

    Raises ConfigError.
    """
    if not copy.is_file():
        raise ConfigError(f"there is no file {copy}")
    name = f"set_aside_{time.strftime('%Y%m%d_%H%M%S', time.gmtime())}"
    if isinstance(database, Path):
        (folder := database.parent / name).mkdir(parents=True)
        for beside in _beside(database):
            if beside.exists():
                beside.replace(folder / beside.name)
        return name, f"the books that were there are in {folder}"
    from data.store.copying import InUse, set_aside

    try:
        set_aside(database, name)
    except InUse as refused:
        raise ConfigError(f"{refused} Stop it first.") from None
    return name, f"the books that were there are in the schema {name} of {named(database)}"


def grant_again(database: str, aside: str) -> list[str]:
    """Grant other roles on new books what they had on those that were set aside. Return what there is to say of it."""
    from data.store.grants import grant_again

    done, failed = grant_again(database, aside)
    said = [f"other roles have their {done} privileges again"] if done else []
    return said + [f"not granted again, do it by hand: {each}" for each in failed]


def _beside(database: Path) -> list[Path]:
    return [database.with_name(database.name + name) for name in ("", "-wal", "-shm")]


def _make(target: Path, fill: Callable[[Path], None]) -> None:
    """Make a file by filling another one, which gets its name when it is whole. What fails leaves nothing under it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        fill(unfinished)
        with closing(sqlite3.connect(unfinished)) as made:
            made.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
            (found,) = made.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok":
                why = " ".join(str(found).split())
                raise ConfigError(f"what was made for {target} is damaged ({why}): do not use it")
        _sync(unfinished)
        unfinished.replace(target)
        _sync(target.parent)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy_file(source: Path, target: Path) -> None:
    """Copy what was committed when it began, as of one moment."""
    with closing(sqlite3.connect(read_only(source), uri=True)) as reader, closing(sqlite3.connect(target)) as made:
        reader.backup(made)  # in one step, for which no writer waits; each write would begin smaller ones anew


def _fetch(source: str, target: Path) -> None:
    """Copy what was committed when it began from PostgreSQL, as of one moment."""
    from data.store.copying import Differs, fetch  # who keeps books in SQLite does not wait for the import

    check(source)
    upgrade(sqlite_url(target))
    try:
        fetch(source, target)
    except Differs as differs:
        raise ConfigError(f"the copy of {named(source)} is not whole ({differs}): do not use it") from None


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
