"""Bring a database's schema to the newest version, or say that it is not there.

Alembic's scripts are in the package `migrations`. All that are due run in one real transaction, so that where one fails
nothing is changed: BEGIN IMMEDIATE also makes a second program that migrates at the same moment wait and find
everything done.

Alembic is imported only where there is something to do: its imports cost a start more than recovering a small exchange.
So what is newest is read from the names of the migrations, which begin with their revisions; a test holds them so.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from sqlalchemy import Connection, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool


class SchemaMismatch(Exception):  # noqa: N818
    """The database's schema is not the one that this program works with."""


def sqlite_url(path: Path) -> str:
    """Return the URL of a SQLite file, as `upgrade` and `check` take it."""
    return f"sqlite:///{path.absolute()}"


def upgrade(url: str, scripts: Path | None = None) -> None:
    """Bring the database up to the newest schema; a SQLite file is made where there is none. Blocks.

    scripts is another directory of migrations than our own.
    """
    location = scripts or files("migrations")
    with _connected(url) as connection:
        if _version(connection) == newest(location):
            return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(location).replace("%", "%%"))
    with _connected(url) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def check(url: str) -> None:
    """Raise SchemaMismatch where the database's schema is older or newer than this program's. Blocks."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise SchemaMismatch(f"there is no database {parsed.database}: make it with `clobster migrate`")
    wanted = newest(files("migrations"))
    with _connected(url) as connection:
        found = _version(connection)
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


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "begin", _begin_immediate)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _begin_immediate(connection: Connection) -> None:
    # Python's driver begins before INSERT but not before CREATE TABLE: by itself half a migration would stay.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
