import re
import shutil
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
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


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    """Return a copy of our migrations, for more versions to be put into its versions."""
    copy = tmp_path / "scripts"
    shutil.copytree(Path(migrations.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def newest() -> str:
    return max(path.name[:4] for path in (Path(migrations.__file__).parent / "versions").glob("0*.py"))


def test_a_migration_that_fails_half_way_leaves_nothing(path: Path, scripts: Path) -> None:
    upgrade(sqlite_url(path))
    connection = sqlite3.connect(path)
    connection.execute("INSERT INTO assets VALUES ('BTC', 8)")
    connection.commit()
    connection.close()
    before = objects(path)
    (scripts / "versions" / "9001_good.py").write_text(version("9001", newest(), "CREATE TABLE good (x)"))
    (scripts / "versions" / "9002_bad.py").write_text(
        version(
            "9002",
            "9001",
            "CREATE TABLE half (x)",
            "DROP TABLE wallets",
            "UPDATE assets SET decimals = 9",
            "INSERT INTO half SELECT 1 FROM no_such_table",
        )
    )
    with pytest.raises(OperationalError, match="no_such_table"):
        upgrade(sqlite_url(path), scripts)

    assert objects(path) == before
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(newest(),)]
    assert connection.execute("SELECT decimals FROM assets").fetchall() == [(8,)]
    connection.close()


def test_a_first_migration_that_fails_leaves_an_empty_file(path: Path, scripts: Path) -> None:
    first = scripts / "versions" / "0001_the_first_schema.py"
    first.write_text(first.read_text() + '    op.execute("INSERT INTO assets SELECT 1 FROM no_such_table")\n')
    with pytest.raises(OperationalError, match="no_such_table"):
        upgrade(sqlite_url(path), scripts)
    assert objects(path) == {}
    upgrade(sqlite_url(path))
    check(sqlite_url(path))


def test_of_two_programs_that_migrate_at_once_one_waits(path: Path) -> None:
    program = "import sys; from data.store.migrate import upgrade; upgrade(sys.argv[1])"
    running = [subprocess.Popen([sys.executable, "-c", program, sqlite_url(path)]) for _ in range(3)]
    assert [program.wait(20) for program in running] == [0, 0, 0]
    check(sqlite_url(path))


def version(revision: str, down_revision: str, *steps: str) -> str:
    lines = [
        "from alembic import op",
        f"revision, down_revision = {revision!r}, {down_revision!r}",
        "def upgrade():",
        *(f"    op.execute({step!r})" for step in steps),
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
