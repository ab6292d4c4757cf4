"""The books' database as the settings name it, opened for a server that is about to lead."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from clobster.config import ConfigError, Settings
from data.store.migrate import SchemaMismatch, check, is_postgres, upgrade, url_of
from data.store.opening import Place, open_store
from data.store.queries import Queries
from data.store.store import Store
from engine.core.snapshot import Snapshot
from engine.ports import LostLead


async def open_books(settings: Settings, stack: AsyncExitStack) -> tuple[Store, Queries]:
    """Open the writer's store and the readers. Raises ConfigError where that can't be."""
    place = settings.database
    if isinstance(place, Path):
        place.parent.mkdir(parents=True, exist_ok=True)
    with reaching(place):
        # In production the schema is changed by `clobster migrate`, by a person, with a backup.
        await asyncio.to_thread(upgrade if settings.env == "development" else check, url_of(place))
        store = await open_store(place)
        stack.push_async_callback(store.close)
        queries = await Queries.open(place)
        stack.push_async_callback(queries.close)
    return store, queries


async def lead(store: Store) -> Snapshot:
    """Become the one who writes. Raises ConfigError where somebody else is."""
    try:
        return await store.take_lead()
    except LostLead as lost:
        raise ConfigError(str(lost)) from None


def named(place: Place) -> str:
    """Return how a database is called where people read it: without a password."""
    return str(place) if isinstance(place, Path) else re.sub(r"//[^@/]*@", "//", place).partition("?")[0]


@contextmanager
def reaching(place: Place) -> Iterator[None]:
    """Say in one line what is wrong with the database, as ConfigError."""
    if not is_postgres(place):
        errors: tuple[type[Exception], ...] = (SchemaMismatch,)
    else:
        import asyncpg

        errors = (SchemaMismatch, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
    try:
        yield
    except SchemaMismatch as mismatch:
        raise ConfigError(str(mismatch)) from None
    except errors as error:
        raise ConfigError(f"the database {named(place)} can't be used: {error}") from None
