"""The books opened for a server that is about to lead: the one who writes them, and those who read."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from clobster.books import named
from clobster.config import ConfigError, Settings
from data.store.connection import Connection
from data.store.migrate import check, upgrade, url_of
from data.store.opening import open_store
from data.store.queries import Queries
from data.store.store import Store


async def open_books(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Queries, Queries]:
    """Open the writer's store, the readers, and those of history; the stack closes them.

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
    if settings.replica is None:
        return store, queries, queries
    assert isinstance(place, str)
    return store, queries, await _open_history(place, settings.replica, queries, stack)


async def _open_history(place: str, url: str, queries: Queries, stack: AsyncExitStack) -> Queries:
    from data.store.replica import History, NotReplica, Replica  # who has none does not wait for the import

    replica = Replica(place, url)
    stack.push_async_callback(replica.close)
    try:
        await replica.start()
    except NotReplica as refused:
        raise ConfigError(f"CLOBSTER_DATABASE_REPLICA_URL: {named(url)} {refused}") from None
    return History(queries, replica)


def _refuse_lazy(connection: Connection) -> None:
    """Raise ConfigError where a PostgreSQL server does not wait for its disk, which `synchronous_commit` can't mend."""
    for setting in ("fsync", "full_page_writes"):
        [held] = connection.execute(f"SHOW {setting}").fetchone()
        if held != "on":
            raise ConfigError(
                f"the PostgreSQL server has {setting} = {held}: with CLOBSTER_ENV=production it must be on"
            )
