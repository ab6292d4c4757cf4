"""What is PostgreSQL's own: who leads, parts of tables, lost connections, and statements in its words."""

import asyncio
import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from msgspec.structs import replace

import data.store as store_package
from data.store import asking, migrate, partitions, schema
from data.store.audit import AuditReads
from data.store.connection import Both
from data.store.migrate import SchemaMismatch, check
from data.store.postgres import PostgresStore
from data.store.queries import Queries
from data.store.words import translated
from engine.core.types import OrderStatus
from engine.ports import LostLead
from engine.sequencer.sequencer import Busy
from tests.data.store.books import books
from tests.data.store.test_sqlite import a_busy_day
from tests.support import postgres
from tests.support.database import everything


async def test_a_second_writer_is_refused_while_the_first_one_leads() -> None:
    place = postgres.empty_exchange()
    async with books(place) as day:
        second = await PostgresStore.open(place, takeover_ms=50)
        try:
            with pytest.raises(LostLead, match="another exchange runs on this database"):
                await second.take_lead()
        finally:
            await second.close()
        ada = await day.person(USDT=1_000)  # the first one goes on
        assert (await day.place(ada, "buy", 1, 100)).status is OrderStatus.NEW
        assert day.batches[-1].epoch == 1


async def test_a_writer_that_was_cut_off_acknowledges_nothing_while_another_leads() -> None:
    place = postgres.empty_exchange()
    day = books(place)
    first = await day.__aenter__()
    ada = await first.person(USDT=1_000)
    await first.place(ada, "buy", 1, 100)
    postgres.run(place, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    async with books(place) as second:
        before = everything(place)
        with pytest.raises((OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
            await first.place(ada, "buy", 1, 101)
        for _ in range(2):  # nor does it find its way back
            with pytest.raises(Busy, match="can't be written"):
                await first.store.write(lambda connection: connection.execute("DELETE FROM sessions"))
        assert everything(place) == before
        assert second.exchange.state.orders.keys() == {1}
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await day.__aexit__(None, None, None)


async def test_a_batch_that_does_not_follow_is_refused() -> None:
    place = postgres.empty_exchange()
    async with books(place) as day:
        ada = await day.person(USDT=1_000)
        await day.place(ada, "buy", 1, 100)
        nothing = {name: [] for name in ("orders", "trades", "postings", "balances", "deposits", "withdrawals")}
        batch, seq = replace(day.batches[-1], **nothing), day.batches[-1].last_seq
        before = everything(place)
        for epoch, first in ((1, seq), (1, seq + 2), (2, seq + 1), (0, seq + 1)):
            with pytest.raises(LostLead):
                await day.store.commit(replace(batch, epoch=epoch, first_seq=first, last_seq=first))
        assert everything(place) == before


async def test_rows_go_on_in_the_next_part_and_are_found_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "PART", 1 << 5)
    monkeypatch.setattr(partitions, "AHEAD", 1 << 5)
    place = postgres.empty_exchange()
    async with books(place) as day:
        ada, bob = await day.person(USDT=100_000), await day.person(BTC=1)
        for _ in range(40):
            await day.place(ada, "buy", 1, 1_000)
            await day.place(bob, "sell", 1, 1_000)
        pages = [await day.queries.own_trades(ada, limit=30)]
        pages.append(await day.queries.own_trades(ada, limit=30, cursor=pages[0].next_cursor))
        assert [own.trade.id for page in pages for own in page.items] == list(range(40, 0, -1))
        assert len((await day.queries.ledger(bob, limit=1_000)).items) == 121  # a deposit, holds, trades and fees
        with AuditReads(place) as reads:
            assert reads.findings() == []
    parts = postgres.run(place, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'trades'::regclass")
    assert parts[0][0] >= 3
    async with books(place) as day:  # a new writer knows where they end
        await day.place(bob, "buy", 1, 1)


async def test_a_commit_is_on_the_disk_and_readers_see_one_moment() -> None:
    place = postgres.empty_exchange()
    async with books(place) as day:
        shown = await day.store.write(lambda connection: connection.execute("SHOW synchronous_commit").fetchone())
        assert shown == ("on",)
        found = await day.queries.read(lambda c: c.execute_fetchall("SHOW transaction_isolation"))
        assert list(found) == [("repeatable read",)]


async def test_what_failed_half_way_is_never_called_done() -> None:
    async with books(postgres.empty_exchange()) as day:

        def passes_over_an_error(connection) -> None:
            connection.execute("UPDATE sequencer SET seq = seq + 1000")
            with suppress(asyncpg.DivisionByZeroError):
                connection.execute("SELECT 1 / 0")

        with pytest.raises(AssertionError, match="ROLLBACK"):
            await day.store.write(passes_over_an_error)
        await day.person(USDT=1_000)


async def test_readers_come_back_after_the_server_was_gone() -> None:
    place = postgres.empty_exchange()
    queries = await Queries.open(place)
    try:
        postgres.run(
            place,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        assert await asyncio.gather(*(queries.balances(1000) for _ in range(4))) == [[]] * 4
    finally:
        await queries.close()


async def test_what_was_written_on_sqlite_reads_alike(tmp_path) -> None:
    """The same day on both: all that there is to ask is answered alike."""
    told = []
    for place in (tmp_path / "books.sqlite", postgres.empty_exchange()):
        async with books(place) as day:
            ada = await a_busy_day(day)
            with AuditReads(place) as reads:
                snapshot = reads.snapshot()
            told.append(
                [
                    snapshot,
                    day.exchange.state_hash(),
                    await day.queries.orders(ada),
                    await day.queries.own_trades(ada),
                    await day.queries.ledger(ada),
                    await day.queries.fills([order.id for order in (await day.queries.orders(ada)).items]),
                    await day.queries.deposits(ada),
                    await day.queries.withdrawals(ada),
                ]
            )
    assert told[0] == told[1]


def test_migrations_make_the_schema() -> None:
    def compare(connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"include_object": _is_ours})
        return compare_metadata(context, schema.metadata)

    assert migrate._run(postgres.empty_exchange(), compare) == []


def _is_ours(thing: object, name: str, kind: str, reflected: bool, other: object) -> bool:
    # Alembic does not see indexes by an expression; of unique columns it sees what makes them so.
    return not (kind == "table" and name.rpartition("_")[2].isdigit())


async def test_of_programs_that_migrate_at_once_one_does_it() -> None:
    place = postgres.database()
    program = "import sys; from data.store.migrate import upgrade; upgrade(sys.argv[1])"
    running = [await asyncio.create_subprocess_exec(sys.executable, "-c", program, place) for _ in range(3)]
    assert [await process.wait() for process in running] == [0, 0, 0]
    await asyncio.to_thread(check, place)
    assert len(everything(place)["users"]) == 4


async def test_another_schema_is_refused() -> None:
    place = postgres.empty_exchange()
    postgres.run(place, "UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(SchemaMismatch, match="the database has schema 0001"):
        await asyncio.to_thread(check, place)


@pytest.mark.parametrize(
    ("sqlite", "postgres_", "names"),
    [
        ("SELECT ? + ?", "SELECT $1 + $2", []),
        ("SELECT :b, :a, :b", "SELECT $1, $2, $1", ["b", "a"]),
        ("SELECT 'a ? :b' || ?", "SELECT 'a ? :b' || $1", []),
        ("SELECT 1::bigint", "SELECT 1::bigint", []),
        ("FROM t INDEXED BY ix_t WHERE a", "FROM t WHERE a", []),
        ("FROM t CROSS JOIN u ON a = b", "FROM t JOIN u ON a = b", []),
        ("FROM t CROSS JOIN (SELECT 1) AS u", "FROM t CROSS JOIN (SELECT 1) AS u", []),
        (Both("one", "other :a"), "other $1", ["a"]),
    ],
)
def test_statements_in_postgresqls_words(sqlite: str, postgres_: str, names: list[str]) -> None:
    words = translated(sqlite)
    assert (words.text, words.names) == (postgres_, names)


def _statements() -> list[tuple[str, str]]:
    """Return every statement that stands in a module of the store, under its name."""
    found = []
    for module in sorted(module.name for module in iter_modules(store_package.__path__)):
        for name, value in vars(import_module(f"data.store.{module}")).items():
            if isinstance(value, str) and value.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
                found.append((f"{module}.{name}", value))
    return found


async def test_every_statement_is_understood_and_takes_whole_integers() -> None:
    connection = await asking.connect(postgres.empty_exchange())
    try:
        assert len(_statements()) > 100
        wrong = []
        for name, statement in _statements():
            if name.startswith(("kept.", "copying.")):
                continue
            try:
                prepared = await connection.prepare(translated(statement).text)
            except asyncpg.PostgresError as error:
                wrong.append(f"{name}: {error}")
            else:
                wrong += [f"{name}: {each.name}" for each in prepared.get_parameters() if each.name.startswith("int4")]
        assert not wrong, "\n".join(wrong)
    finally:
        await connection.close()
