"""API keys on a real file: kept whole, counted, found by their owner, and when they were used last."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from data.store import sessions
from data.store.api_keys import SqlApiKeys
from data.store.opening import Place
from engine.accounts.last_use import EVERY, LastUse
from engine.accounts.types import MAX_API_KEYS, Activity, ActivityKind, ApiKey, KeyKind, KeyUse, Scope, Session
from engine.accounts.wallet_types import Asker
from engine.core.types import Micros, UserId
from tests.data.store.books import Books, books
from tests.support.database import REFUSED


@pytest.fixture
async def day(place: Place) -> AsyncIterator[Books]:
    async with books(place) as opened:
        yield opened


@pytest.fixture
def keys(day: Books) -> SqlApiKeys:
    return SqlApiKeys(day.store, day.queries)


def key(user: UserId, name: str = "one", at: int = 100) -> ApiKey:
    scopes = frozenset({Scope.TRADE, Scope.READ})
    return ApiKey(name, user, "bot", KeyKind.HMAC_SHA256, b"sealed", scopes, ("192.0.2.1", "2001:db8::/32"), Micros(at))


def of(key: ApiKey, kind: ActivityKind = ActivityKind.API_KEY_CREATED) -> Activity:
    return Activity(key.user_id, key.created_at, kind, "192.0.2.1", key.name)


async def person(day: Books) -> UserId:
    """Register somebody who is signed in; the session's name is the account's."""
    user = await day.person()
    session = Session(str(user), user, b"1", Micros(1), Micros(1), Micros(1_000), "", "")
    await day.store.write(lambda connection: sessions.keep(connection, session))
    return user


def by(user: UserId) -> Asker:
    return Asker(user, str(user), "192.0.2.1")


async def add(keys: SqlApiKeys, key: ApiKey) -> Activity | None:
    return await keys.add(key, of(key), by(key.user_id))


async def test_a_key_is_kept_as_it_is(day: Books, keys: SqlApiKeys) -> None:
    ada, bob = await person(day), await person(day)
    first = key(ada)
    second = replace(key(ada, "two", 200), kind=KeyKind.ED25519, addresses=(), expires_at=Micros(900))
    for each in (first, second):
        kept = await add(keys, each)
        assert kept is not None
        assert replace(kept, id=0) == of(each)
    assert await keys.find("one") == first
    assert await keys.find("three") is None
    assert await keys.of_account(ada) == [second, first]
    assert await keys.of_account(bob) == []
    assert [each.kind for each in await day.accounts.activity(ada, 10)] == [ActivityKind.API_KEY_CREATED] * 2


async def test_one_too_many_is_not_kept_and_not_told(day: Books, keys: SqlApiKeys) -> None:
    ada, bob = await person(day), await person(day)
    added = [add(keys, key(ada, str(number))) for number in range(MAX_API_KEYS + 5)]
    kept = await asyncio.gather(*added)
    assert len([each for each in kept if each is not None]) == MAX_API_KEYS
    assert len(await keys.of_account(ada)) == MAX_API_KEYS
    assert len(await day.accounts.activity(ada, 100)) == MAX_API_KEYS
    assert await add(keys, key(bob, "bob's")) is not None


async def test_a_key_is_removed_by_its_owner_once(day: Books, keys: SqlApiKeys) -> None:
    ada, bob = await person(day), await person(day)
    await add(keys, key(ada))
    assert await keys.remove("one", of(key(bob), ActivityKind.API_KEY_REVOKED)) is None
    assert await keys.find("one") is not None
    removed = [keys.remove("one", of(key(ada), ActivityKind.API_KEY_REVOKED)) for _ in range(3)]
    assert len([each for each in await asyncio.gather(*removed) if each is not None]) == 1
    assert await keys.find("one") is None
    assert await day.accounts.activity(bob, 10) == []
    assert len(await day.accounts.activity(ada, 10)) == 2


async def test_the_database_refuses_what_must_never_be(day: Books, keys: SqlApiKeys) -> None:
    ada = await person(day)
    for wrong in (key(UserId(4_321)), replace(key(ada), scopes=frozenset())):
        with pytest.raises(REFUSED):
            await keys.add(wrong, of(key(ada)), by(ada))
    await add(keys, key(ada))
    with pytest.raises(REFUSED):
        await add(keys, key(ada))
    assert len(await day.accounts.activity(ada, 10)) == 1


async def test_uses_are_kept_and_those_of_keys_that_are_gone_are_left_out(day: Books, keys: SqlApiKeys) -> None:
    ada = await person(day)
    await add(keys, key(ada))
    await keys.used([KeyUse("gone", Micros(500), "192.0.2.9"), KeyUse("one", Micros(500), "192.0.2.9")])
    assert await keys.find("one") == replace(key(ada), last_used_at=Micros(500), last_used_address="192.0.2.9")


async def test_sealed_secrets_are_replaced_page_by_page(day: Books, keys: SqlApiKeys) -> None:
    ada = await person(day)
    for name in ("a", "b", "c"):
        await add(keys, key(ada, name))
    public = replace(key(ada, "bb"), kind=KeyKind.ED25519)
    await add(keys, public)
    assert [each.id for each in await keys.sealed("", 2)] == ["a", "b"]
    assert [each.id for each in await keys.sealed("b", 2)] == ["c"]
    await keys.replace_secrets({"a": b"anew", "gone": b"x"})
    assert [each.secret for each in await keys.sealed("", 9)] == [b"anew", b"sealed", b"sealed"]


class Counted(SqlApiKeys):
    """A store that remembers what it was told to keep."""

    def __init__(self, day: Books) -> None:
        super().__init__(day.store, day.queries)
        self.written: list[list[KeyUse]] = []

    async def used(self, uses: list[KeyUse]) -> None:
        self.written.append(uses)
        await super().used(uses)


async def test_uses_are_gathered_into_one_write_and_each_key_once_a_minute(day: Books) -> None:
    store = Counted(day)
    uses = LastUse(store, gather_s=0.02)
    for at in range(5):
        for name in ("a", "b"):
            uses.note(name, Micros(at), "192.0.2.1")
    await asyncio.sleep(0.1)
    assert [[use.key for use in written] for written in store.written] == [["a", "b"]]
    uses.note("a", Micros(EVERY - 1), "")
    uses.note("b", Micros(EVERY), "")
    await asyncio.sleep(0.1)
    assert store.written[1:] == [[KeyUse("b", EVERY, "")]]
    await uses.close()
    assert len(store.written) == 2


async def test_what_was_noted_is_kept_at_the_end_and_nothing_after(day: Books) -> None:
    store = Counted(day)
    uses = LastUse(store, gather_s=60)
    uses.note("a", Micros(1), "")
    await uses.close()
    uses.note("b", Micros(1), "")
    await uses.close()
    assert [[use.key for use in written] for written in store.written] == [["a"]]


async def test_only_so_many_uses_wait(day: Books) -> None:
    store = Counted(day)
    uses = LastUse(store, gather_s=60, max_noted=3)
    for number in range(10):
        uses.note(str(number), Micros(number), "")
    assert len(uses._noted) == 3
    await uses.close()
    assert [[use.key for use in written] for written in store.written] == [["0", "1", "2"]]
