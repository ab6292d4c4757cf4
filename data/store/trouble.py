"""What a database can't do now and may do later by itself or by its operator, whoever asks: it is not the question."""

import sqlite3
from typing import Final

_LATER: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
}
# SQLSTATE's classes: connections, resources (a full disk among them), operators (a server that stops or begins), the
# system under it; and a transaction that may only read, as all may where a standby is.
_LATER_CLASSES: Final = ("08", "53", "57", "58", "25006")


def may_pass(error: BaseException) -> bool:
    """Say whether a driver's error is the database's trouble, which may pass."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in _LATER
    told = getattr(error, "sqlstate", None)  # asyncpg's; who keeps books in SQLite does not import it
    return isinstance(error, OSError) or (isinstance(told, str) and told.startswith(_LATER_CLASSES))
