"""Keys are remembered, forgotten the moment they are revoked, and it is kept when they were used last."""

import asyncio

import pytest
import structlog

from data.store.api_keys import SqlApiKeys
from engine.accounts.activity import ActivityFeed
from engine.accounts.api_keys import ApiKeys
from engine.accounts.last_use import EVERY, LastUse
from engine.accounts.types import ApiKey
from tests.webapp_api.house import LIMIT, House, Person
from tests.webapp_api.programs import KEYS, Program, by_secret, made, program
from tests.webapp_api.test_description import crowd
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.key_refusals import InvalidKey
from webapp_api.auth.signing import of_request

SECOND = 1_000_000


async def test_a_key_that_is_revoked_while_it_is_looked_up_does_not_get_in(house: House) -> None:
    ada, deps = await house.person(1), house.deps
    bot = await program(house, ada)

    class RevokedMeanwhile(SqlApiKeys):
        async def find(self, key_id: str) -> ApiKey | None:
            found = await super().find(key_id)
            if not told:
                told.append(key_id)
                assert ada.id is not None
                await keys.revoke(ada.id, key_id, "")
            return found

    told: list[str] = []
    store = RevokedMeanwhile(house.deps.sequencer._store, deps.queries)
    keys = ApiKeys(store, deps.api_keys._sealing, ActivityFeed(), deps.clock)
    guard = KeyGuard(keys, LastUse(store), deps.clock)
    with pytest.raises(InvalidKey):
        await guard.admit(bot.key, of_request(bot.query(), b""), "")
    assert told == [bot.key]


async def test_a_key_that_is_known_costs_no_look_up(house: House) -> None:
    ada = await house.person(1, USDT=10_000)
    bot, new = await program(house, ada), await program(house, ada)
    assert (await bot.ask("GET", "/api/account")).status == 200
    async with crowd(house):
        assert (await bot.ask("POST", "/api/trading/orders", LIMIT)).status == 201
        assert (await new.ask("POST", "/api/trading/orders", LIMIT)).problem == (503, "busy")


async def test_only_so_many_keys_are_remembered(house: House) -> None:
    ada, deps = await house.person(1), house.deps
    guard = KeyGuard(deps.api_keys, LastUse(deps.api_keys._store), deps.clock, max_known=2)
    bots = [await program(house, ada) for _ in range(3)]
    for bot in (*bots, bots[0]):
        assert (await guard.admit(bot.key, of_request(bot.query(), b""), "")).user_id == ada.id
    assert list(guard._known) == [bots[2].key, bots[0].key]


async def last_use(person: Person, key: str, *, after: int = 0) -> tuple[int, str]:
    """Return when and from where a key was used last, once that is kept."""
    async with asyncio.timeout(5):
        while True:
            (found,) = [each for each in (await person.get(KEYS)).body["api_keys"] if each["api_key"] == key]
            if (found["last_used_at"] or 0) > after:
                return found["last_used_at"], found["last_used_address"]
            await asyncio.sleep(0.01)


async def test_the_last_use_is_kept_about_once_a_minute(house: House) -> None:
    ada = await house.person(1)
    bot, unused = await program(house, ada), await program(house, ada)
    before = house.clock() // 1000
    await bot.ask("GET", "/api/account")
    first, address = await last_use(ada, bot.key)
    assert before <= first <= house.clock() // 1000
    assert address == "127.0.0.1"
    await bot.ask("GET", "/api/account")
    await asyncio.sleep(0.05)
    assert (await last_use(ada, bot.key))[0] == first
    house.clock.ahead_s += EVERY // SECOND + 1
    await bot.ask("GET", "/api/account")
    second, _ = await last_use(ada, bot.key, after=first)
    assert second - first >= EVERY // 1000
    (never,) = [each for each in (await ada.get(KEYS)).body["api_keys"] if each["api_key"] == unused.key]
    assert never["last_used_at"] is None


async def test_a_refused_request_is_no_use(house: House) -> None:
    ada = await house.person(1)
    bot = await program(house, ada)
    await Program(house, bot.key, by_secret("x")).ask("GET", "/api/account")
    await bot.ask("GET", "/api/account", at_ms=1)
    await asyncio.sleep(0.05)
    assert [each["last_used_at"] for each in (await ada.get(KEYS)).body["api_keys"]] == [None]


async def test_nothing_fails_where_the_last_use_can_not_be_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await house.person(1)
    bot = await program(house, ada)

    async def broken(*_: object) -> None:
        raise OSError("the disk is full")

    with structlog.testing.capture_logs() as logs:
        with monkeypatch.context() as patch:
            patch.setattr(SqlApiKeys, "used", broken)
            assert (await bot.ask("GET", "/api/account")).status == 200
            await asyncio.sleep(0.05)
            assert (await bot.ask("GET", "/api/account")).status == 200
        assert [entry["log_level"] for entry in logs] == ["warning"]
    house.clock.ahead_s += EVERY // SECOND + 1
    await bot.ask("GET", "/api/account")
    assert await last_use(ada, bot.key)


async def test_logs_say_why_and_never_a_secret_or_a_signature(house: House) -> None:
    ada = await house.person(1)
    with structlog.testing.capture_logs() as logs:
        key = await made(ada, addresses=["192.0.2.1"])
        bot = Program(house, key["api_key"], by_secret(key["secret"]))
        queries = [bot.query(), bot.query(at_ms=1), bot.query().replace("signature=", "signature=0")]
        for query in queries:
            await bot.send("GET", "/api/account", query)
        await Program(house, key["secret"], bot.sign).ask("GET", "/api/account")  # in the wrong place
    assert [(entry["key"], entry["why"]) for entry in logs] == [
        (bot.key, "from another address"),
        (bot.key, "outside its window"),
        (bot.key, "wrong signature"),
        (key["secret"][:8], "unknown"),
    ]
    for told in (key["secret"], *(query.partition("signature=")[2] for query in queries)):
        assert told not in str(logs)
