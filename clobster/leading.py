"""The books opened for a server that is about to lead: the one who writes them, and those who read."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from clobster.config import ConfigError, Settings
from data.store.connection import Connection
from data.store.migrate import check, upgrade, url_of
from data.store.opening import open_store
from data.store.queries import Queries
from data.store.store import Store


async def open_books(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Queries]:
    """Open the writer's store and the readers; the stack closes them.

    Raises SchemaMismatch, ConfigError, or the driver's errors.
    """
    place = settings.database
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
    # In production the schema is changed by `clobster migrate`, by a person, with a backup.
    await asyncio.to_thread(upgrade if settings.env == "development" else check, url_of(place))
    store = await open_store(place)
    stack.push_async_callback(store.close)
    if settings.env == "production" and not isinstance(place, Path):
        await store.write(_refuse_lazy)
    queries = await Queries.open(place)
    stack.push_async_callback(queries.close)
    return store, queries


def _refuse_lazy(connection: Connection) -> None:
    """Raise ConfigError where a PostgreSQL server does not wait for its disk, which `synchronous_commit` can't mend."""
    for setting in ("fsync", "full_page_writes"):
        [held] = connection.execute(f"SHOW {setting}").fetchone()
        if held != "on":
            raise ConfigError(
                f"the PostgreSQL server has {setting} = {held}: with CLOBSTER_ENV=production it must be on"
            )
