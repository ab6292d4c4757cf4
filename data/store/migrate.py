"""Bring a database's schema to the newest version, or say that it is not there.

Alembic's scripts are in the package `migrations`. Each migration runs in one real transaction, so that one that fails
half way leaves nothing: BEGIN IMMEDIATE also makes a second program that migrates at the same moment wait and find
everything done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
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
    config = _config(scripts)
    with _connected(url) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "heads")


def check(url: str) -> None:
    """Raise SchemaMismatch where the database's schema is older or newer than this program's. Blocks."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(parsed.database or "").is_file():
        raise SchemaMismatch(f"there is no database {parsed.database}: make it with `clobster migrate`")
    wanted = set(ScriptDirectory.from_config(_config()).get_heads())
    with _connected(url) as connection:
        found = set(MigrationContext.configure(connection).get_current_heads())
    if found != wanted:
        raise SchemaMismatch(
            f"the database has schema {_names(found)}, this program works with {_names(wanted)}:"
            " run `clobster migrate` of the program's version, or the program that belongs to the database"
        )


def _names(heads: set[str]) -> str:
    return ", ".join(sorted(heads)) or "none"


def _config(scripts: Path | None = None) -> Config:
    config = Config()
    location = str(scripts or files("migrations"))
    config.set_main_option("script_location", location.replace("%", "%%"))
    return config


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
