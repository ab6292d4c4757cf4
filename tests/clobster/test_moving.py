"""An exchange moves from SQLite to PostgreSQL, whole, and goes on there."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from clobster import backup as backing_up
from clobster import cli
from clobster.books import named
from clobster.config import ConfigError, Settings
from clobster.leading import open_books
from data.store.copying import NotEmpty, copy
from tests.data.store.books import books
from tests.data.store.test_sqlite import a_busy_day
from tests.support import postgres
from tests.support.database import change, everything, read


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    """Return books in which much has happened."""
    async with books(tmp_path / "clobster.db") as day:
        await a_busy_day(day)
    return tmp_path / "clobster.db"


def moved(file: Path, target: str) -> int:
    return cli.main(["copy-database", str(file), target, "--data-dir", str(file.parent)])


def test_all_is_there_and_proved(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = postgres.database()
    assert moved(file, target) == 0
    said = capsys.readouterr().out
    assert f"orders: {len(everything(target)['orders'])} rows, " in said
    assert "clean: " in said
    before, after = everything(file), everything(target)
    assert {name: sorted(rows, key=repr) for name, rows in before.items() if name in after} == {
        name: sorted(rows, key=repr) for name, rows in after.items()
    }


async def test_it_goes_on_there(file: Path) -> None:
    target = postgres.empty_exchange()
    async with books(file) as day:
        state = day.exchange.state_hash()
    await asyncio.to_thread(copy, file, target)
    async with books(target) as day:
        assert day.exchange.state_hash() == state
        cleo = await day.accounts.person_by_telegram(99, "Cleo", None, "en", day.now())
        await day.fund(cleo.id, USDT=1_000)  # postings go on behind the newest
        await day.place(cleo.id, "buy", 1, 100)
        entries = (await day.queries.ledger(cleo.id)).items
        assert [entry.id for entry in entries] == sorted((entry.id for entry in entries), reverse=True)


def test_a_database_that_was_used_is_not_written_over(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = postgres.empty_exchange()
    assert moved(file, target) == 0
    kept = everything(target)
    assert moved(file, target) == 2
    assert (NotEmpty.__doc__ or "") in capsys.readouterr().err
    assert everything(target) == kept


def test_what_reads_otherwise_than_it_was_written_is_not_kept(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = postgres.empty_exchange()
    before = everything(target)
    postgres.run(
        target,
        "CREATE FUNCTION louder() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN new.first_name = upper(new.first_name); RETURN new; END'",
        "CREATE TRIGGER louder BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION louder()",
    )
    assert moved(file, target) == 2
    assert "users does not read as it was written" in capsys.readouterr().err
    assert everything(target) == before


def test_books_that_are_wrong_are_told(file: Path) -> None:
    change(file, "UPDATE balances SET available = available + 1 WHERE owner = 1000 AND asset = 'USDT'")
    assert moved(file, postgres.database()) == 1


@pytest.mark.parametrize(
    ("source", "target"),
    [("clobster.db", "other.db"), ("postgresql://a/b", "postgresql://a/c"), ("none.db", "postgresql://a/c")],
)
def test_what_can_not_be_moved_is_said(
    tmp_path: Path, source: str, target: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["copy-database", source, target, "--data-dir", str(tmp_path)]
    assert cli.main(arguments) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_server_that_is_not_there_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"postgresql://ada:secret@/books?host={tmp_path}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLOBSTER_DATABASE_URL", url)
        for command in ("migrate", "audit"):
            assert cli.main([command, "--data-dir", str(tmp_path)]) == 2
            said = capsys.readouterr().err
            assert said.startswith("clobster: the database postgresql:///books can't be used (")
            assert len(said.splitlines()) == 1
            assert "secret" not in said


def test_a_databases_name_has_no_password() -> None:
    assert (
        named("postgresql://ada:secret@db.example:5432/books?sslmode=require") == "postgresql://db.example:5432/books"
    )


def test_a_backup_of_postgresql_reads_as_what_was_moved_there(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, back = postgres.database(), file.with_name("back.db")
    assert moved(file, target) == 0
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", target)
    for code in (0, 2):  # it is not written over
        assert cli.main(["backup", str(back), "--data-dir", str(file.parent)]) == code
    said = capsys.readouterr()
    assert f"{back} is a whole copy of postgresql:///clobster_" in said.out
    assert f"{back} is there already" in said.err
    before, after = everything(file), everything(back)
    assert {name: sorted(rows, key=repr) for name, rows in after.items()} == {
        name: sorted(rows, key=repr) for name, rows in before.items()
    }


def test_a_backup_of_postgresql_that_reads_otherwise_is_not_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target, back = postgres.empty_exchange(), file.with_name("back.db")
    assert moved(file, target) == 0
    upgraded = backing_up.upgrade

    def upgrade(url: str) -> None:
        upgraded(url)
        change(
            Path(url.removeprefix("sqlite:///")),
            "CREATE TRIGGER louder AFTER INSERT ON users BEGIN UPDATE users SET first_name = upper(first_name); END",
        )

    monkeypatch.setattr(backing_up, "upgrade", upgrade)
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", target)
    assert cli.main(["backup", str(back), "--data-dir", str(file.parent)]) == 2
    assert "users does not read as it was written" in capsys.readouterr().err
    assert not list(file.parent.glob("back*"))


def test_an_older_schema_is_not_backed_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    target = postgres.empty_exchange()
    change(target, "UPDATE alembic_version SET version_num = '0001'")
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", target)
    assert cli.main(["backup", str(tmp_path / "copy.db"), "--data-dir", str(tmp_path)]) == 2
    assert "the database has schema 0001" in capsys.readouterr().err
    assert not list(tmp_path.glob("copy*"))


async def test_production_refuses_a_server_that_does_not_wait_for_its_disk() -> None:
    settings = Settings(database_url=SecretStr(postgres.empty_exchange()))  # whose fsync is off
    async with AsyncExitStack() as stack:
        await open_books(settings, stack)
    with pytest.raises(ConfigError, match="fsync = off"):
        async with AsyncExitStack() as stack:
            await open_books(settings.model_copy(update={"env": "production"}), stack)


MAY = """
    SELECT has_schema_privilege('reporting', 'public', 'USAGE'), has_schema_privilege('reporting', 'public', 'CREATE'),
        has_table_privilege('reporting', 'trades', 'SELECT WITH GRANT OPTION'),
        has_table_privilege('reporting', 'postings', 'SELECT'), has_table_privilege('reporting', 'postings', 'INSERT'),
        has_table_privilege('reporting', 'markets', 'SELECT'), has_table_privilege('reporting', 'sessions', 'SELECT'),
        has_column_privilege('reporting', 'users', 'kind', 'UPDATE'),
        has_column_privilege('reporting', 'users', 'kind', 'SELECT')
"""


async def test_other_roles_may_read_restored_books_as_they_did_those_that_were_set_aside(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place, arguments = postgres.empty_exchange(), ["--data-dir", str(file.parent)]
    assert await asyncio.to_thread(moved, file, place) == 0
    postgres.run(
        place,
        "DROP ROLE IF EXISTS reporting",
        "CREATE ROLE reporting",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "GRANT USAGE ON SCHEMA public TO reporting",
        "GRANT SELECT ON trades, postings TO reporting WITH GRANT OPTION",
        "GRANT SELECT ON markets TO PUBLIC",
        "GRANT UPDATE (kind) ON users TO reporting",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO reporting",
        "CREATE VIEW volumes AS SELECT sum(quantity) FROM trades",
    )
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", place)
    try:
        before = postgres.run(place, MAY)
        assert before == [(True, False, True, True, False, True, False, True, False)]
        copy = str(file.with_name("copy.db"))
        assert await asyncio.to_thread(cli.main, ["backup", copy, *arguments]) == 0
        assert await asyncio.to_thread(cli.main, ["restore", "--set-aside", copy, *arguments]) == 0
        assert postgres.run(place, MAY) == before
        later = "SELECT has_table_privilege('reporting', 'later', 'SELECT')"
        assert postgres.run(place, "CREATE TABLE later (id bigint)", later) == [(True,)]
        said = capsys.readouterr().out
        assert "other roles have their 6 privileges again" in said
        assert "not granted again, do it by hand: GRANT SELECT ON TABLE public.volumes TO reporting: " in said
    finally:
        postgres.run(place, "DROP OWNED BY reporting", "DROP ROLE reporting")


@pytest.mark.parametrize("on", ["sqlite", "postgres"])
async def test_books_are_set_aside_for_those_of_a_copy(
    on: str, file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = file if on == "sqlite" else postgres.empty_exchange()
    if isinstance(place, str):
        assert await asyncio.to_thread(moved, file, place) == 0
        monkeypatch.setenv("CLOBSTER_DATABASE_URL", place)
    arguments = ["--data-dir", str(file.parent)]

    async def run(*command: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.main, [*command, *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    copy = str(file.with_name("copy.db"))
    assert (await run("backup", copy))[0] == 0
    code, before = await run("counts")
    assert (code, len(before.split())) == (0, 4)
    async with books(place) as day:
        cleo = await day.person(USDT=1_000)
        await day.place(cleo, "buy", 1, 100)
        assert (await run("counts"))[1] != before
        if isinstance(place, str):  # a file's directory is locked by a whole server
            code, said = await run("restore", "--set-aside", copy)
            assert (code, said) == (2, "clobster: An exchange runs on these books. Stop it first.\n")
    after = (await run("counts"))[1]
    assert (await run("restore", "--set-aside", f"{copy}.none"))[0] == 2
    assert (await run("counts"))[1] == after
    code, said = await run("restore", "--set-aside", copy)
    assert (code, "the books that were there are in" in said) == (0, True), said
    assert (await run("counts"))[1] == before
    if isinstance(place, str):
        [[kept]] = postgres.run(place, "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'set_aside_%'")
        [[orders]] = postgres.run(place, f"SELECT next_order FROM {kept}.sequencer")
    else:
        [aside] = file.parent.glob("set_aside_*/clobster.db")
        [[orders]] = read(aside, "SELECT next_order FROM sequencer")
    assert orders == int(after.split()[0])
    async with books(place) as day:
        await day.place(await day.person(USDT=1_000), "buy", 1, 100)
