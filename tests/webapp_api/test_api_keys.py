"""Keys are made, listed and revoked by their owner, and by nobody and nothing else."""

import asyncio
import base64
import string
from typing import Any

import pytest
from nacl.signing import SigningKey

from data.store.api_keys import SqlApiKeys
from engine.accounts.types import MAX_API_KEYS, Activity
from tests.webapp_api.house import House, Person
from tests.webapp_api.programs import EVERYTHING, KEYS, Program, by_private_key, made, program

PUBLIC = base64.b64encode(SigningKey(bytes(range(32))).verify_key.encode()).decode()


async def listed(person: Person) -> list[dict[str, Any]]:
    answer = await person.get(KEYS)
    assert answer.status == 200
    found: list[dict[str, Any]] = answer.body["api_keys"]
    return found


async def test_a_key_is_made_and_its_secret_told_once(house: House) -> None:
    ada = await house.person(1)
    key = await made(ada, name="market bot é", scopes=["trade", "read"])
    for name in ("api_key", "secret"):
        assert len(key[name]) == 64
        assert set(key[name]) <= set(string.ascii_letters + string.digits)
    assert {name: key[name] for name in ("name", "kind", "scopes", "addresses", "expires_at", "last_used_at")} == {
        "name": "market bot é",
        "kind": "hmac_sha256",
        "scopes": ["read", "trade"],
        "addresses": [],
        "expires_at": None,
        "last_used_at": None,
    }
    answer = await ada.get(KEYS)
    assert "secret" not in str(answer.body)
    assert key["secret"] not in str(answer.body)
    del key["secret"]
    assert answer.body == {"api_keys": [key]}


async def test_keys_and_secrets_are_never_the_same_twice(house: House) -> None:
    ada = await house.person(1)
    keys = [await made(ada) for _ in range(5)]
    assert len({key[name] for key in keys for name in ("api_key", "secret")}) == 10


async def test_a_key_with_ed25519_has_no_secret(house: House) -> None:
    ada = await house.person(1)
    key = await made(ada, kind="ed25519", public_key=PUBLIC)
    assert (key["kind"], key["secret"]) == ("ed25519", None)
    bot = Program(house, key["api_key"], by_private_key(SigningKey(bytes(range(32)))))
    assert (await bot.ask("GET", "/api/account")).body["id"] == ada.id
    other = Program(house, key["api_key"], by_private_key(SigningKey(bytes(32))))
    assert (await other.ask("GET", "/api/account")).problem == (401, "invalid_credentials")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "invalid_request"),
        ({"name": "x" * 65}, "invalid_request"),
        ({"name": "   "}, "invalid_api_key"),
        ({"name": "a\nb"}, "invalid_api_key"),
        ({"name": "a\x00"}, "invalid_request"),
        ({"name": "\u202eevil"}, "invalid_api_key"),
        ({"name": None}, "invalid_request"),
        ({"scopes": []}, "invalid_request"),
        ({"scopes": ["admin"]}, "invalid_request"),
        ({"scopes": "read"}, "invalid_request"),
        ({"kind": "rsa"}, "invalid_request"),
        ({"kind": "ed25519"}, "invalid_api_key"),
        ({"public_key": PUBLIC}, "invalid_api_key"),
        ({"kind": "ed25519", "public_key": "AAAA"}, "invalid_api_key"),
        ({"kind": "ed25519", "public_key": base64.b64encode(bytes(32)).decode()}, "invalid_api_key"),
        ({"kind": "ed25519", "public_key": "A" * 1025}, "invalid_request"),
        ({"addresses": ["192.0.2.1/24"]}, "invalid_api_key"),
        ({"addresses": ["192.0.2.0/255.255.255.0"]}, "invalid_api_key"),
        ({"addresses": ["192.0.2.0/33"]}, "invalid_api_key"),
        ({"addresses": ["192.0.2"]}, "invalid_api_key"),
        ({"addresses": ["fe80::1%eth0"]}, "invalid_api_key"),
        ({"addresses": ["::ffff:192.0.2.1"]}, "invalid_api_key"),
        ({"addresses": ["2001:db8::1/32"]}, "invalid_api_key"),
        ({"addresses": ["localhost"]}, "invalid_api_key"),
        ({"addresses": [" 192.0.2.1"]}, "invalid_api_key"),
        ({"addresses": [""]}, "invalid_api_key"),
        ({"addresses": [3221225985]}, "invalid_request"),
        ({"addresses": [f"192.0.2.{last}" for last in range(21)]}, "invalid_request"),
        ({"expires_at": 1}, "invalid_api_key"),
        ({"expires_at": 0}, "invalid_request"),
        ({"expires_at": 10**18}, "invalid_request"),
        ({"expires_at": "2030-01-01"}, "invalid_request"),
        ({"user_id": 1}, "invalid_request"),
        ({"secret": "mine"}, "invalid_request"),
    ],
)
async def test_what_can_be_no_key_is_not_made(house: House, change: dict[str, Any], code: str) -> None:
    ada = await house.person(1)
    answer = await ada.post(KEYS, {"name": "bot", "scopes": EVERYTHING} | change)
    assert answer.problem == (400, code)
    assert await listed(ada) == []


async def test_addresses_are_kept_as_they_are_usually_written_and_once(house: House) -> None:
    ada = await house.person(1)
    given = ["192.0.2.7", "192.0.2.7/32", "198.51.100.0/24", "2001:DB8:0::/32", "2001:db8::7"]
    assert (await made(ada, addresses=given))["addresses"] == [
        "192.0.2.7",
        "198.51.100.0/24",
        "2001:db8::/32",
        "2001:db8::7",
    ]
    assert len((await made(ada, addresses=[f"192.0.2.{last}" for last in range(20)]))["addresses"]) == 20


async def test_an_account_has_only_so_many_keys(house: House) -> None:
    ada, bob = await house.person(1), await house.person(2)
    for _ in range(MAX_API_KEYS):
        key = await made(ada)
    one_more = {"name": "bot", "scopes": ["read"]}
    assert (await ada.post(KEYS, one_more)).problem == (409, "too_many_api_keys")
    await made(bob)
    assert (await ada.delete(f"{KEYS}/{key['api_key']}")).status == 204
    await made(ada)
    assert len(await listed(ada)) == MAX_API_KEYS


async def test_of_many_made_at_once_only_so_many_are(house: House) -> None:
    ada = await house.person(1)
    asked = [ada.post(KEYS, {"name": f"bot {number}", "scopes": ["read"]}) for number in range(MAX_API_KEYS + 15)]
    answers = await asyncio.gather(*asked)
    assert sorted(answer.status for answer in answers) == [201] * MAX_API_KEYS + [409] * 15
    assert len(await listed(ada)) == MAX_API_KEYS


async def test_a_key_is_revoked_once_and_by_its_owner_only(house: House) -> None:
    ada, eve = await house.person(1), await house.person(2)
    key = await made(ada)
    path = f"{KEYS}/{key['api_key']}"
    assert (await eve.delete(path)).problem == (404, "unknown_api_key")
    assert await listed(eve) == []
    assert len(await listed(ada)) == 1
    revoked = await asyncio.gather(*(ada.delete(path) for _ in range(5)))
    assert sorted(answer.status for answer in revoked) == [204, 404, 404, 404, 404]
    assert await listed(ada) == []
    for text in ("%00", "%ff", "x" * 5000, "'%20OR%201=1", key["api_key"].swapcase()):
        assert (await ada.delete(f"{KEYS}/{text}")).problem == (404, "unknown_api_key")


async def test_making_and_revoking_is_told_to_the_owner(house: House) -> None:
    ada, bob = await house.person(1), await house.person(2)
    told: list[Activity] = []
    house.deps.api_keys._feed.listeners.append(told.append)
    key = await made(ada, name="grid")
    await ada.delete(f"{KEYS}/{key['api_key']}")
    detail = f"grid ({key['api_key'][:8]})"
    happened = (await ada.get("/api/account/activity")).body["activity"]
    assert [(each["kind"], each["detail"], each["address"]) for each in happened[:2]] == [
        ("api_key_revoked", detail, "127.0.0.1"),
        ("api_key_created", detail, "127.0.0.1"),
    ]
    assert [each.id for each in told] == [each["id"] for each in reversed(happened[:2])]
    assert key["secret"] not in str(happened) + str(told)
    assert len((await bob.get("/api/account/activity")).body["activity"]) == 1


async def test_no_key_manages_keys(house: House) -> None:
    ada = await house.person(1)
    bot = await program(house, ada)
    asked: list[tuple[str, str, Any]] = [
        ("GET", KEYS, None),
        ("POST", KEYS, {"name": "child", "scopes": ["read"]}),
        ("DELETE", f"{KEYS}/{bot.key}", None),
    ]
    for method, path, body in asked:
        assert (await bot.ask(method, path, body)).problem == (403, "needs_a_session")
    assert len(await listed(ada)) == 1


async def test_a_session_that_has_ended_makes_no_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was let in, and logged out everywhere before its key was kept: the key would have outlived that."""
    ada, keep = await house.person(1), SqlApiKeys.add

    async def late(store: SqlApiKeys, *key: Any) -> Any:
        assert (await ada.post("/api/auth/logout-all")).status == 204
        return await keep(store, *key)

    with monkeypatch.context() as patch:
        patch.setattr(SqlApiKeys, "add", late)
        assert (await ada.post(KEYS, {"name": "bot", "scopes": EVERYTHING})).problem == (401, "unauthorized")
    assert (await (await house.person(1)).get(KEYS)).body["api_keys"] == []
