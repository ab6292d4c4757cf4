"""History at a hot standby: what was answered is in it, and nothing fails where it is behind or away."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from pydantic import SecretStr

from clobster.config import ConfigError, Settings
from clobster.leading import open_books
from data.store.connection import Reading
from data.store.queries import Queries
from data.store.replica import History, NotReplica, Replica
from tests.data.store.books import Books, books
from tests.support import postgres

PATIENT_S = 60.0


@asynccontextmanager
async def followed(day: Books, *, bound_s: float = PATIENT_S, look_s: float = 0.02) -> AsyncIterator[History]:
    """Read history at the standby; one that is told to be patient never looks behind on a busy machine."""
    assert isinstance(day.database, str)
    replica = Replica(day.database, postgres.standby().url(day.database), bound_s=bound_s, look_s=look_s)
    try:
        await replica.start()
        yield History(day.queries, replica)
    finally:
        await replica.close()


def replicated() -> str:
    """Return the URL of an empty exchange's database that the standby has, too."""
    place = postgres.empty_exchange()
    postgres.standby().wait_for(place)
    return place


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENT_S):
        while not holds():  # noqa: ASYNC110  what is waited for is a server's
            await asyncio.sleep(0.01)


async def test_what_was_just_done_is_there_at_once_and_the_replica_says_so() -> None:
    async with books(replicated()) as day, followed(day) as history:
        ada, bob = await day.person(USDT=1_000), await day.person(BTC=1)
        for count in range(1, 30):
            placed = await day.place(ada, "buy", 1, 100)
            await day.place(bob, "sell", 1, 100)
            await until(lambda: history.replica.away is None and bool(history.replica._idle))
            assert (await history.orders(ada)).items[0].id == placed.id
            assert len((await history.own_trades(bob)).items) == count
        assert history.read_by["primary"] == 0
        assert (await history.ledger(ada)) == (await day.queries.ledger(ada))
        assert (await history.trades(placed.symbol)) == (await day.queries.trades(placed.symbol))


async def test_a_replica_that_is_behind_leaves_it_to_the_primary_until_it_has_caught_up() -> None:
    place, standby = replicated(), postgres.standby()
    async with books(place) as day, followed(day, bound_s=1.0) as history:
        ada = await day.person(USDT=1_000)
        await until(lambda: history.replica.away is None)
        standby.pause(place, is_on=True)
        try:
            placed = await day.place(ada, "buy", 1, 100)
            assert [order.id for order in (await history.orders(ada)).items] == [placed.id]
            assert history.read_by["primary"] == 1
            assert history.health()["there"] is False
        finally:
            standby.pause(place, is_on=False)
        await until(lambda: history.replica.away is None)
        assert [order.id for order in (await history.orders(ada)).items] == [placed.id]


async def test_a_replica_that_is_away_makes_no_request_fail_and_comes_back() -> None:
    place, standby = replicated(), postgres.standby()
    async with AsyncExitStack() as stack:
        day = await stack.enter_async_context(books(place))
        history = await stack.enter_async_context(followed(day, look_s=PATIENT_S))  # so it is a read that notices
        ada = await day.person(USDT=1_000)
        assert history.health() == {"there": True, "reason": None}
        standby.stop()
        try:
            placed = await day.place(ada, "buy", 1, 100)
            pages = await asyncio.gather(*(history.orders(ada) for _ in range(20)))
            assert [[order.id for order in page.items] for page in pages] == [[placed.id]] * 20
            assert history.read_by == {"replica": 0, "primary": 20}
            assert history.health()["there"] is False
            begun_without = await stack.enter_async_context(followed(day))
            assert len((await begun_without.orders(ada)).items) == 1
        finally:
            standby.start()
        await until(lambda: begun_without.replica.away is None)
        assert len((await begun_without.orders(ada)).items) == 1
        assert begun_without.read_by == {"replica": 1, "primary": 1}


async def test_a_replica_that_falls_silent_holds_nobody_up_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.store.replica.ANSWER_S", 0.2)
    place, standby = replicated(), postgres.standby()
    async with books(place) as day, followed(day, bound_s=1.0) as history:
        ada = await day.person(USDT=1_000)
        await until(lambda: history.replica.away is None and bool(history.replica._idle))

        async def fall_silent(reading: Reading) -> list[object]:
            """Read twice; the first time the replica stops in between."""
            found = await reading.execute_fetchall("SELECT id FROM orders")
            if not history.read_by["primary"]:
                standby.freeze(is_on=True)
            return [*found, *await reading.execute_fetchall("SELECT id FROM orders")]

        try:
            placed = await day.place(ada, "buy", 1, 100)
            async with asyncio.timeout(PATIENT_S):
                assert await history.read(fall_silent) == [(placed.id,)] * 2
                for _ in range(20):
                    placed = await day.place(ada, "buy", 1, 100)
                    assert (await history.orders(ada)).items[0].id == placed.id
            assert history.read_by["replica"] == 0
            assert history.health() == {"there": False, "reason": "it does not answer"}
        finally:
            standby.freeze(is_on=False)
        await until(lambda: history.replica.away is None and bool(history.replica._idle))
        assert (await history.orders(ada)).items[0].id == placed.id
        assert history.read_by["replica"] == 1


async def test_who_goes_away_while_they_are_answered_takes_nothing_with_them() -> None:
    async with books(replicated()) as day, followed(day) as history:
        ada = await day.person(USDT=1_000)
        for _ in range(10):
            asked = asyncio.create_task(history.orders(ada))
            await asyncio.sleep(0)
            asked.cancel()
            await asyncio.wait([asked])
        await until(lambda: len(history.replica._idle) == 4)
        assert (await history.orders(ada)).items == []
        assert history.read_by["replica"] >= 1


async def test_another_database_and_the_primary_itself_are_no_replica() -> None:
    place, other = replicated(), replicated()
    for url, why in (
        (postgres.standby().url(other), "is not a replica of the database"),
        (place.replace("postgresql://", "postgres://"), "is not a hot standby"),
        (postgres.standby().url(place).replace("postgres:@", "eve@"), "lets nobody in"),
    ):
        settings = Settings(database_url=SecretStr(place), database_replica_url=SecretStr(url))
        with pytest.raises(ConfigError, match=f"CLOBSTER_DATABASE_REPLICA_URL: .*{why}") as said:
            async with AsyncExitStack() as stack:
                await open_books(settings, stack)
        assert "\n" not in str(said.value)


async def test_a_replica_of_another_schema_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    place, standby = replicated(), postgres.standby()
    monkeypatch.setattr("data.store.replica.CATCH_UP_S", 0.0)
    replica = Replica(place, standby.url(place))
    queries = await Queries.open(place)
    try:
        await History(queries, replica).orders(1)  # not reached yet, and no matter
        standby.pause("/postgres", is_on=True)
        postgres.change(place, "UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(NotReplica, match=r"has schema [0-9]+, the primary 9999"):
            await replica.start()
    finally:
        standby.pause("/postgres", is_on=False)
        await replica.close()
        await queries.close()
