"""What a database can't do now and may do later by itself or by its operator, whoever asks: it is not the question."""

import sqlite3
from typing import Final

_AWAY: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL}
# SQLSTATE's classes: connections, resources (a full disk among them), operators (a server that stops or begins), and
# the system under it.
_AWAY_CLASSES: Final = ("08", "53", "57", "58")
_READ_ONLY: Final = "25006"


def may_pass(error: BaseException) -> bool:
    """Say whether a driver's error is the database's trouble, which may pass."""
    if isinstance(error, sqlite3.Error):
        return _sqlite_code(error) in _AWAY
    return isinstance(error, OSError) or _sqlstate(error).startswith(_AWAY_CLASSES)


def may_pass_for_writer(error: BaseException) -> bool:
    """Say the same where something was written: the database may take none for a while, as a standby does."""
    is_read_only = _sqlite_code(error) == sqlite3.SQLITE_READONLY or _sqlstate(error) == _READ_ONLY
    return is_read_only or may_pass(error)


def _sqlite_code(error: BaseException) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _sqlstate(error: BaseException) -> str:
    return getattr(error, "sqlstate", None) or ""  # asyncpg's; who keeps books in SQLite does not import it
