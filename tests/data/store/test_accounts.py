import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from data.store.accounts import SqlAccounts
from data.store.activities import MOST_KEPT
from data.store.opening import Place
from engine.accounts.ports import AccountStore
from engine.accounts.types import (
    MAX_SESSIONS,
    Account,
    Activity,
    ActivityKind,
    Device,
    Renewal,
    Rotation,
    Session,
)
from engine.core.types import MARKET_MAKER, Micros, UserId
from tests.data.store.books import books
from tests.support.database import REFUSED

TRAIN = Device("mini-app on a train", "198.51.100.7")


@pytest.fixture
async def accounts(place: Place) -> AsyncIterator[SqlAccounts]:
    async with books(place) as day:
        yield day.accounts


def session(user: UserId, name: str = "phone", at: int = 100, **other: object) -> Session:
    whole = {"expires_at": 1_000, "user_agent": "ua", "address": "192.0.2.1", **other}
    return Session(id=name, user_id=user, refresh_hash=b"1", created_at=Micros(at), refreshed_at=Micros(at), **whole)


async def opened(accounts: AccountStore, session: Session) -> list[str]:
    """Open a session and return the ids of those that it pushed out."""
    signed_in = Activity(session.user_id, session.created_at, ActivityKind.SIGNED_IN, session.address, session.door)
    kept, pushed_out = await accounts.open_session(session, signed_in)
    assert replace(kept, id=0) == signed_in
    return pushed_out


async def ada(accounts: AccountStore) -> Account:
    return await accounts.person_by_telegram(77, "Ada", "ada", "en", Micros(1))


async def test_people_get_ids_from_1000_and_keep_them(accounts: SqlAccounts) -> None:
    first = await ada(accounts)
    second = await accounts.person_by_telegram(2**52, "Bob", None, None, Micros(2))
    assert first == Account(UserId(1000), 77, "Ada", "ada", "en", Micros(1))
    assert second.id == 1001
    assert await ada(accounts) == first
    assert await accounts.account(first.id) == first
    assert await accounts.account(UserId(1002)) is None
    assert await accounts.account(MARKET_MAKER) is None  # nobody signs in as the house


async def test_names_follow_telegram(accounts: SqlAccounts) -> None:
    before = await ada(accounts)
    after = await accounts.person_by_telegram(77, "Ada L.", None, "de", Micros(9))
    assert after == replace(before, first_name="Ada L.", username=None, language_code="de")
    assert await accounts.account(before.id) == after


async def test_the_same_person_arriving_many_times_at_once_is_one(accounts: SqlAccounts) -> None:
    arrived = await asyncio.gather(*(ada(accounts) for _ in range(10)))
    assert {account.id for account in arrived} == {1000}
    assert (await accounts.person_by_telegram(78, "Bob", None, None, Micros(1))).id == 1001


async def rotate(
    accounts: AccountStore, old: bytes, new: bytes, at: int = 200, name: str = "phone", device: Device = TRAIN
) -> Rotation:
    """Exchange a session's token, and see that a reuse, and nothing else, is told."""
    renewal = Renewal(name, old, new, Micros(at), Micros(at + 1_000), device)
    rotation, told = await accounts.rotate_session(renewal)
    assert (told is not None) == (rotation is Rotation.REUSED)
    return rotation


async def test_a_refresh_token_is_good_once_and_tells_where_the_session_was_used_last(accounts: SqlAccounts) -> None:
    user = (await ada(accounts)).id
    await opened(accounts, session(user))
    assert await rotate(accounts, b"1", b"2") is Rotation.ROTATED
    assert await accounts.session("phone") == replace(
        session(user),
        refresh_hash=b"2",
        previous_refresh_hash=b"1",
        refreshed_at=Micros(200),
        expires_at=Micros(1_200),
        user_agent=TRAIN.user_agent,
        address=TRAIN.address,
    )
    assert await rotate(accounts, b"2", b"3", name="tablet") is Rotation.UNKNOWN
    assert await rotate(accounts, b"2", b"3", 220) is Rotation.ROTATED


@pytest.mark.parametrize("copy", [b"2", b"1", b"x"], ids=["the one before", "an older one", "none that it ever had"])
async def test_a_token_that_is_not_the_newest_ends_the_session_and_is_kept_in_the_same_moment(
    accounts: SqlAccounts, copy: bytes
) -> None:
    user = (await ada(accounts)).id
    await opened(accounts, session(user))
    for old, new in ((b"1", b"2"), (b"2", b"3")):
        assert await rotate(accounts, old, new) is Rotation.ROTATED
    eve = Device("stolen", "203.0.113.9")
    assert await rotate(accounts, copy, b"4", 230, device=eve) is Rotation.REUSED

    # Whoever comes with a token of the past holds a copy: nobody goes on, and it is told once.
    assert await rotate(accounts, b"3", b"4", 240) is Rotation.EXPIRED
    assert await rotate(accounts, copy, b"4", 250, device=eve) is Rotation.EXPIRED
    ended = await accounts.session("phone")
    assert ended is not None
    assert (ended.revoked_at, ended.address) == (230, TRAIN.address)
    told = await accounts.activity(user, 10)
    assert [(each.kind, each.at, each.address, each.detail) for each in told] == [
        (ActivityKind.REFRESH_TOKEN_REUSED, 230, "203.0.113.9", TRAIN.user_agent),
        (ActivityKind.SIGNED_IN, 100, "192.0.2.1", "telegram"),
    ]


async def test_of_two_refreshes_at_once_one_is_a_copy(accounts: SqlAccounts) -> None:
    await opened(accounts, session((await ada(accounts)).id))
    both = await asyncio.gather(*(rotate(accounts, b"1", new) for new in (b"2", b"3")))
    assert sorted(both, key=lambda rotation: rotation.value) == [Rotation.REUSED, Rotation.ROTATED]


async def test_an_expired_session_is_over(accounts: SqlAccounts) -> None:
    user = (await ada(accounts)).id
    await opened(accounts, session(user))
    assert len(await accounts.sessions(user, Micros(999))) == 1
    assert await accounts.sessions(user, Micros(1_000)) == []
    assert await rotate(accounts, b"1", b"2", 1_000) is Rotation.EXPIRED
    assert await rotate(accounts, b"0", b"2", 1_000) is Rotation.EXPIRED
    assert not await accounts.revoke_session("phone", Micros(1_000))


async def test_a_session_is_revoked_once(accounts: SqlAccounts) -> None:
    user = (await ada(accounts)).id
    await opened(accounts, session(user))
    assert await accounts.revoke_session("phone", Micros(200))
    assert not await accounts.revoke_session("phone", Micros(201))
    assert not await accounts.revoke_session("tablet", Micros(201))
    assert await accounts.sessions(user, Micros(202)) == []


async def test_live_sessions_newest_first_and_not_too_many(accounts: SqlAccounts) -> None:
    user = (await ada(accounts)).id
    bob = (await accounts.person_by_telegram(78, "Bob", None, None, Micros(1))).id
    await opened(accounts, session(bob, "bob's", 50))
    await opened(accounts, session(user, "dead", 60, expires_at=Micros(70)))
    for number in range(MAX_SESSIONS + 2):
        await opened(accounts, session(user, f"device {number}", 100 + number))
    live = await accounts.sessions(user, Micros(500))
    assert [one.id for one in live] == [f"device {number}" for number in range(MAX_SESSIONS + 1, 1, -1)]
    assert await accounts.session("device 1") is None
    assert await accounts.session("dead") is None
    assert await accounts.session("bob's") is not None


async def test_a_session_of_nobody_is_refused(accounts: SqlAccounts) -> None:
    with pytest.raises(REFUSED):
        await opened(accounts, session(UserId(4_321)))


async def test_what_happened_is_kept_newest_first_and_the_oldest_go(accounts: SqlAccounts) -> None:
    user = (await ada(accounts)).id
    bob = (await accounts.person_by_telegram(78, "Bob", None, None, Micros(1))).id
    await opened(accounts, session(bob, "bob's", 50))
    for number in range(MOST_KEPT + 1):
        await opened(accounts, session(user, "phone", 100 + number, address=f"192.0.2.{number % 200}"))
        await accounts.revoke_session("phone", Micros(101 + number))
    latest = await accounts.activity(user, MOST_KEPT + 1)
    assert [each.at for each in latest] == list(range(100 + MOST_KEPT, 100, -1))
    assert (latest[0].kind, latest[0].detail, latest[0].address) == (ActivityKind.SIGNED_IN, "telegram", "192.0.2.100")
    assert [each.at for each in await accounts.activity(user, 2)] == [100 + MOST_KEPT, 99 + MOST_KEPT]
    assert len(await accounts.activity(bob, 10)) == 1
