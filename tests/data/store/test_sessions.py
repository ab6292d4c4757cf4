"""Sessions that end together, and sessions that nobody needs any more."""

from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from data.store import doors, sessions
from data.store.opening import Place
from engine.accounts.types import Activity, ActivityKind
from engine.accounts.wallet_types import Wallet
from engine.core.types import Micros, UserId
from tests.data.store.books import Books, books
from tests.data.store.test_accounts import opened, session
from tests.support.database import REFUSED

WALLET = "7S3P4HxJpyyigGzodYwHtCxZyUQe9JiBMHyRWXArAaKv"


@pytest.fixture
async def day(place: Place) -> AsyncIterator[Books]:
    async with books(place) as day:
        yield day


async def ended(day: Books, user: UserId, *, door: str | None = None, keep: str | None = None) -> list[str]:
    return await day.store.write(lambda db: sessions.revoke_many(db, user, Micros(500), door=door, keep=keep))


async def live(day: Books, user: UserId) -> set[str]:
    return {each.id for each in await day.accounts.sessions(user, Micros(500))}


async def test_all_sessions_of_an_account_end_at_once_and_no_others(day: Books) -> None:
    ada, bob = await day.person(), await day.person()
    for name in ("phone", "laptop", "tablet"):
        await opened(day.accounts, session(ada, name))
    await opened(day.accounts, session(bob, "bob's"))
    await day.accounts.revoke_session("tablet", Micros(400))
    assert sorted(await ended(day, ada)) == ["laptop", "phone"]
    assert await ended(day, ada) == []
    assert await live(day, ada) == set()
    assert await live(day, bob) == {"bob's"}


async def test_one_session_may_be_kept_and_one_door_meant(day: Books) -> None:
    ada = await day.person()
    await day.store.write(lambda connection: doors.insert_wallet(connection, Wallet(WALLET, ada, Micros(1))))
    for name, door in (("phone", "telegram"), ("laptop", WALLET), ("tablet", WALLET)):
        await opened(day.accounts, session(ada, name, door=door))
    assert await ended(day, ada, door=WALLET, keep="tablet") == ["laptop"]
    assert await ended(day, ada, door="another") == []
    assert await live(day, ada) == {"phone", "tablet"}
    assert await ended(day, ada, keep="phone") == ["tablet"]


async def test_that_they_ended_is_kept_in_the_same_transaction(day: Books) -> None:
    ada = await day.person()
    await opened(day.accounts, session(ada))
    signed_out = Activity(ada, Micros(500), ActivityKind.SIGNED_OUT_EVERYWHERE, "192.0.2.1", "")
    from_nowhere = replace(signed_out, address=None)
    with pytest.raises(REFUSED):
        await day.accounts.revoke_sessions(from_nowhere, keep=None)
    assert await live(day, ada) == {"phone"}
    ended, kept = await day.accounts.revoke_sessions(signed_out, keep=None)
    assert (ended, replace(kept, id=0)) == (["phone"], signed_out)
    assert await day.accounts.activity(ada, 1) == [kept]


async def test_expired_sessions_of_anybody_go_a_bounded_number_at_a_time_the_oldest_first(day: Books) -> None:
    ada, bob = await day.person(), await day.person()
    for number in range(20):  # as many as one account may have
        await opened(day.accounts, session(ada, f"a{number:02}", expires_at=Micros(300 + number)))
        await opened(day.accounts, session(bob, f"b{number:02}", expires_at=Micros(400 + number)))
    carol = await day.person()
    await opened(day.accounts, session(carol, "c", at=600, expires_at=Micros(9_000)))
    assert await kept(day) == [f"b{number:02}" for number in range(20)] + ["c"]
    await opened(day.accounts, session(carol, "d", at=410, expires_at=Micros(9_000)))
    assert await kept(day) == [f"b{number}" for number in range(11, 20)] + ["c", "d"]  # the others live at 410


async def kept(day: Books) -> list[str]:
    found = await day.store.write(lambda db: db.execute("SELECT id FROM sessions ORDER BY id").fetchall())
    return [name for (name,) in found]
