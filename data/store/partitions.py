"""Trades and postings on PostgreSQL stand in parts by their ids, so that old ones can be put away as a whole.

The writer makes the next part before it is needed; a part's name says with which id it begins.
"""

from typing import Final

from data.store.connection import Connection

PART: Final = 1 << 26  # ids; a multiple of a bucket (see `schema`), so a look into one bucket looks into one part
AHEAD: Final = 1 << 20  # this many ids before a part ends, the next one is made
PARTED: Final = ("trades", "postings")


def statements(table: str, last: int) -> list[str]:
    """Return what makes the parts of a table up to that of an id, where they are not there."""
    return [
        f"CREATE TABLE IF NOT EXISTS {table}_{begin} PARTITION OF {table} FOR VALUES FROM ({begin}) TO ({begin + PART})"
        for begin in range(0, last + 1, PART)
    ]


def ensure(connection: Connection) -> dict[str, int]:
    """Make the parts that new rows will go to; return up to which id each table has parts."""
    until = {}
    for table in PARTED:
        [newest] = connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()  # noqa: S608
        for statement in statements(table, newest + AHEAD):
            connection.execute(statement)
        until[table] = (newest + AHEAD) // PART * PART + PART
    return until
