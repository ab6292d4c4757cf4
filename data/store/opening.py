"""The writer's store on whichever database the books are in: a SQLite file, or a PostgreSQL database by its URL."""

from pathlib import Path

from data.store.sqlite import SqliteStore
from data.store.store import Store

Place = Path | str


async def open_store(place: Place) -> Store:
    """Open the one writer's store. Raises the driver's error where there is no such database."""
    if isinstance(place, Path):
        return await SqliteStore.open(place)
    from data.store.postgres import PostgresStore  # who keeps books in SQLite does not wait for the import

    return await PostgresStore.open(place)
