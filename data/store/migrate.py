"""Bring a database's schema to the newest version, or say that it is not there.

Alembic's scripts are in the package `migrations`. All that are due run in one real transaction, so that where one fails
nothing is changed. BEGIN IMMEDIATE, or an advisory lock on PostgreSQL, makes a second program that migrates at the same
moment wait and find everything done.

Alembic is imported only where there is something to do: its imports cost a start more than recovering a small exchange.
So what is newest is read from the names of the migrations, which begin with their revisions; a test holds them so.
"""

import asyncio
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, TypeVar

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

T = TypeVar("T")

MIGRATING: Final = 0x436C6F6202  # the advisory lock of whoever migrates
CONNECT_S: Final = 10.0


class SchemaMismatch(Exception):  # noqa: N818
    """The database's schema is not the one that this program works with."""


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, as `upgrade` and `check` take it."""
    return f"sqlite:///{path.absolute()}"


def is_postgres(place: Path | str) -> bool:
    """Say whether a place is a PostgreSQL database's URL."""
    return isinstance(place, str) and place.startswith(("postgresql://", "postgres://"))


def url_of(place: Path | str) -> str:
    """Return the URL of a SQLite file or a PostgreSQL database."""
    return place if isinstance(place, str) else sqlite_url(place)


def upgrade(url: str, scripts: Path | None = None) -> None:
    """Bring the database up to the newest schema; a SQLite file is made where there is none. Blocks.

    scripts is another directory of migrations than our own.
    """
    location = scripts or files("migrations")
    if _run(url, _version) == newest(location):
        return
    _run(url, lambda connection: _upgrade(connection, str(location)))


def _upgrade(connection: Connection, location: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", location.replace("%", "%%"))
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def check(url: str) -> None:
    """Raise SchemaMismatch where the database's schema is older or newer than this program's. Blocks."""
    if not is_postgres(url) and not Path(name := make_url(url).database or "").is_file():
        raise SchemaMismatch(f"there is no database {name}: make it with `clobster migrate`")
    wanted = newest(files("migrations"))
    found = _run(url, _version)
    if found != wanted:
        raise SchemaMismatch(
            f"the database has schema {found or 'none'}, this program works with {wanted}:"
            " run `clobster migrate` of the program's version, or the program that belongs to the database"
        )


def newest(scripts: Path | Traversable) -> str:
    """Return the revision of the newest migration in a directory of them."""
    names = [script.name for script in (scripts / "versions").iterdir()]
    return max(name.partition("_")[0] for name in names if name.endswith(".py") and name[0].isdigit())


def _version(connection: Connection) -> str | None:
    """Return the revision that the database says it has, or None where it was never migrated."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found


def _run(url: str, work: Callable[[Connection], T]) -> T:
    if is_postgres(url):
        return asyncio.run(_run_on_postgres(url, work))
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "begin", _begin_immediate)
    try:
        with engine.connect() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def _run_on_postgres(url: str, work: Callable[[Connection], T]) -> T:
    import asyncpg
    from sqlalchemy.ext.asyncio import create_async_engine

    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url, timeout=CONNECT_S)

    engine = create_async_engine("postgresql+asyncpg://", poolclass=NullPool, async_creator=connect)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _begin_immediate(connection: Connection) -> None:
    # Python's driver begins before INSERT but not before CREATE TABLE: by itself half a migration would stay.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
