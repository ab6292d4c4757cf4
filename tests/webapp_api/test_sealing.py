"""A stolen database tells no secret, rows can't be swapped in it, and the encryption key can be changed."""

import base64
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from msgspec.structs import replace

from engine.accounts.activity import ActivityFeed
from engine.accounts.api_keys import ApiKeys, CannotOpen, WantedKey
from engine.accounts.types import Scope
from engine.accounts.wallet_types import Asker
from tests.webapp_api.house import House, open_house
from tests.webapp_api.programs import Program, by_secret, made
from webapp_api.auth.sealing import Seal, is_encryption_key, made_encryption_key

A, B = (base64.b64encode(bytes([letter]) * 32).decode() for letter in b"AB")


def bytes_of(folder: Path) -> bytes:
    """Return all that lies in the files of the database."""
    return b"".join(path.read_bytes() for path in folder.glob("exchange.db*"))


def test_what_is_sealed_opens_under_its_name_only() -> None:
    seal = Seal(A)
    sealed = seal.seal(b"secret", "one")
    assert seal.open(sealed, "one") == b"secret"
    assert b"secret" not in sealed
    assert sealed != seal.seal(b"secret", "one")
    for broken in (sealed[:-1], sealed + b"x", sealed[:1], b"", sealed[:30] + bytes([sealed[30] ^ 1]) + sealed[31:]):
        with pytest.raises(CannotOpen):
            seal.open(broken, "one")
    with pytest.raises(CannotOpen):
        seal.open(sealed, "two")


def test_the_previous_key_opens_and_seals_nothing() -> None:
    old, both, new = Seal(A), Seal(B, A), Seal(B)
    sealed = old.seal(b"secret", "one")
    assert both.open(sealed, "one") == b"secret"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal(b"secret", "one"))
    assert new.open(both.seal(b"secret", "one"), "one") == b"secret"
    with pytest.raises(CannotOpen):
        new.open(sealed, "one")
    with pytest.raises(ValueError, match="same name"):
        Seal(A, A)


def test_an_encryption_key_is_base64_of_32_bytes() -> None:
    assert is_encryption_key(made_encryption_key())
    assert made_encryption_key() != made_encryption_key()
    for text in ("", "A" * 32, A[:-1], A + "AAAA", base64.b64encode(bytes(31)).decode(), "é" * 32, A.replace("Q", "_")):
        assert not is_encryption_key(text)


@pytest.mark.usefixtures("on_a_file")
async def test_a_stolen_database_does_not_tell_a_secret(house: House, tmp_path: Path) -> None:
    key = await made(await house.person(1))
    stolen = bytes_of(tmp_path)
    assert key["api_key"].encode() in stolen  # so it would be found
    secret = key["secret"].encode()
    for form in (secret, base64.b64encode(secret), secret.hex().encode()):
        assert form not in stolen


@pytest.mark.usefixtures("on_a_file")
async def test_rows_swapped_in_the_database_open_nothing(template: Path, tmp_path: Path) -> None:
    async with open_house(template, tmp_path) as house:
        ada, eve = await house.person(1), await house.person(2)
        hers, own = await made(ada), await made(eve)
        for_eve = Program(house, hers["api_key"], by_secret(own["secret"]))
        with closing(sqlite3.connect(tmp_path / "exchange.db")) as stolen, stolen:
            stolen.execute(
                "UPDATE api_keys SET secret = (SELECT secret FROM api_keys WHERE id = ?) WHERE id = ?",
                (own["api_key"], hers["api_key"]),
            )
        assert (await for_eve.ask("GET", "/api/account")).problem == (401, "invalid_credentials")
        still = Program(house, own["api_key"], by_secret(own["secret"]))
        assert (await still.ask("GET", "/api/account")).body["id"] == eve.id


async def asker(house: House) -> Asker:
    user = (await house.person(1)).id
    assert user is not None
    return Asker(user, (await house.deps.accounts.sessions(user))[0].id)


async def test_all_secrets_are_sealed_anew_and_what_can_not_be_is_counted(house: House) -> None:
    store, feed, clock = house.deps.api_keys._store, ActivityFeed(), house.deps.clock
    ada = await asker(house)
    wanted = WantedKey("bot", frozenset({Scope.READ}))
    lost = await made(await house.person(2))  # by another key yet
    before = ApiKeys(store, Seal(A), feed, clock)
    keys = [await before.create(ada, wanted) for _ in range(3)]
    ed25519 = await before.create(ada, replace(wanted, public_key=bytes(32)))

    assert await ApiKeys(store, Seal(B, A), feed, clock).seal_anew() == (3, 1)
    assert await ApiKeys(store, Seal(B, A), feed, clock).seal_anew() == (0, 1)
    after = ApiKeys(store, Seal(B), feed, clock)
    for key in (*keys, ed25519):
        found = await after.find(key.key.id)
        assert found is not None
        assert after.material(found) == (key.secret.encode() if key.secret else bytes(32))
    still = Program(house, lost["api_key"], by_secret(lost["secret"]))
    assert (await still.ask("GET", "/api/account")).status == 200


async def test_a_secret_that_can_not_be_opened_lets_nobody_in_and_is_logged(house: House) -> None:
    ada = await asker(house)
    foreign = ApiKeys(house.deps.api_keys._store, Seal(A), ActivityFeed(), house.deps.clock)
    key = await foreign.create(ada, WantedKey("bot", frozenset({Scope.READ})))
    assert key.secret is not None
    with structlog.testing.capture_logs() as logs:
        answer = await Program(house, key.key.id, by_secret(key.secret)).ask("GET", "/api/account")
    assert answer.problem == (401, "invalid_credentials")
    assert [(entry["log_level"], entry["key"]) for entry in logs] == [("error", key.key.id)]
