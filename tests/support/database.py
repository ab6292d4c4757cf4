"""Databases with their tables and nothing in them, copied from one that was migrated once in this process."""

import tempfile
from functools import cache
from pathlib import Path

from data.store.migrate import sqlite_url, upgrade


def ensure_database(path: Path) -> None:
    """Make an empty exchange's database; one that is there already stays as it is."""
    if not path.exists():
        path.write_bytes(_migrated())


@cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchange.db"
        upgrade(sqlite_url(path))
        return path.read_bytes()
