import re
import sqlite3
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import migrations
from data.store.migrate import SchemaMismatch, check, sqlite_url, upgrade
from data.store.schema import metadata


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books 100%.sqlite"  # a name that a URL or a config file could trip over


def objects(path: Path) -> dict[str, list[str]]:
    """Return the SQL of everything in a database, each as its sorted clauses."""
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    finally:
        connection.close()
    return {
        name: sorted(re.split(r", (?=CONSTRAINT )| \) (?=\w*)", re.sub(r"\s+", " ", sql) + " ")) for name, sql in rows
    }


def test_migrations_make_exactly_the_schema(path: Path, tmp_path: Path) -> None:
    upgrade(sqlite_url(path))
    engine = create_engine(sqlite_url(path), poolclass=NullPool)
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*expression-based index.*")  # compared below
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []

    whole = tmp_path / "whole.sqlite"
    engine = create_engine(sqlite_url(whole), poolclass=NullPool)
    metadata.create_all(engine)
    made = objects(path)
    del made["alembic_version"]
    assert made == objects(whole)


def test_a_migrated_database_passes_the_check_and_migrating_again_changes_nothing(path: Path) -> None:
    upgrade(sqlite_url(path))
    before = objects(path)
    check(sqlite_url(path))
    upgrade(sqlite_url(path))
    assert objects(path) == before


def test_no_database_is_said_and_none_is_made(path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="there is no database"):
        check(sqlite_url(path))
    assert not path.exists()


@pytest.mark.parametrize("version", ["0000", "9999"])
def test_an_older_or_newer_schema_is_refused(path: Path, version: str) -> None:
    upgrade(sqlite_url(path))
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.commit()
    connection.close()
    with pytest.raises(SchemaMismatch, match=f"has schema {version}"):
        check(sqlite_url(path))


def test_a_migration_that_fails_half_way_leaves_nothing(path: Path, tmp_path: Path) -> None:
    upgrade(sqlite_url(path))
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO assets VALUES ('BTC', 8)")
    connection.commit()
    connection.close()
    before = objects(path)

    ours = Path(migrations.__file__).parent
    scripts = tmp_path / "scripts"
    (scripts / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_the_first_schema.py"):
        (scripts / name).write_text((ours / name).read_text())
    (scripts / "versions" / "0002_good.py").write_text(version("0002", "0001", "op.execute('CREATE TABLE good (x)')"))
    (scripts / "versions" / "0003_bad.py").write_text(
        version(
            "0003",
            "0002",
            "op.execute('CREATE TABLE half (x)')",
            "op.execute('DROP TABLE wallets')",
            'op.execute("UPDATE assets SET decimals = 9")',
            "op.execute('INSERT INTO half SELECT 1 FROM no_such_table')",
        )
    )
    with pytest.raises(Exception, match="no_such_table"):
        upgrade(sqlite_url(path), scripts)

    after = objects(path)
    assert set(after) - set(before) == {"good"}  # the migration before it is whole, of this one there is nothing
    assert "wallets" in after
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0002",)]
    assert connection.execute("SELECT decimals FROM assets").fetchall() == [(8,)]
    connection.close()


def version(revision: str, down_revision: str, *steps: str) -> str:
    lines = [
        "from alembic import op",
        f"revision, down_revision = {revision!r}, {down_revision!r}",
        "def upgrade():",
        *(f"    {step}" for step in steps),
    ]
    return "\n".join(lines)


def test_genesis_and_the_house_are_there(path: Path) -> None:
    upgrade(sqlite_url(path))
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT * FROM sequencer").fetchall() == [(1, 0, 0, bytes(32), 0, 1, 1, 1)]
    assert connection.execute("SELECT id, kind, first_name FROM users").fetchall() == [
        (1, "house", "vault"),
        (2, "house", "fees"),
        (3, "house", "market maker"),
        (4, "house", "hedge"),
    ]
    connection.close()
