"""Which of the drivers' errors may pass by themselves: a start is tried again after them, and people are told to."""

import sqlite3
from pathlib import Path

import asyncpg
import pytest

from data.store.trouble import may_pass, may_pass_for_writer


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        (asyncpg.DiskFullError("no space left on device"), True),
        (asyncpg.ReadOnlySQLTransactionError(""), True),
        (asyncpg.CannotConnectNowError("the database system is starting up"), True),
        (asyncpg.CrashShutdownError(""), True),
        (asyncpg.TooManyConnectionsError(""), True),
        (asyncpg.ConnectionDoesNotExistError(""), True),
        (ConnectionRefusedError(""), True),
        (asyncpg.UndefinedTableError(""), False),
        (asyncpg.UniqueViolationError(""), False),
        (asyncpg.InvalidPasswordError(""), False),
        (asyncpg.InvalidCatalogNameError(""), False),
        (asyncpg.ActiveSQLTransactionError("a relative of read-only ones"), False),
        (ValueError(), False),
    ],
)
def test_trouble_and_mistakes_are_told_apart(error: Exception, passes: bool) -> None:
    is_read_only = isinstance(error, asyncpg.ReadOnlySQLTransactionError)
    assert may_pass_for_writer(error) is passes
    assert may_pass(error) is (passes and not is_read_only), "whoever reads and is told so wanted to write"


def test_a_full_and_a_read_only_file_may_pass_and_a_wrong_statement_does_not(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "file.db")
    try:
        connection.execute("CREATE TABLE t (a)")
        for fault, passes in (("PRAGMA max_page_count = 1", True), ("PRAGMA query_only = ON", False)):
            connection.execute(fault)
            with pytest.raises(sqlite3.Error) as failed:
                connection.execute("INSERT INTO t SELECT randomblob(100000)")
            assert may_pass_for_writer(failed.value)
            assert may_pass(failed.value) is passes
        with pytest.raises(sqlite3.Error) as failed:
            connection.execute("SELECT nothing")
        assert not may_pass_for_writer(failed.value)
    finally:
        connection.close()
