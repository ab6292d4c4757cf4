"""Launch data signs in exactly whom Telegram vouches for."""

import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.webapp_api.launch import BOT_TOKEN, launch_data, launch_fields, sign
from webapp_api.auth.telegram import (
    MAX_LENGTH,
    PRODUCTION_KEY,
    TEST_KEY,
    BadSignature,
    Expired,
    LaunchDataRefused,
    Malformed,
    verify_init_data,
    verify_init_data_signature,
)

DAY_S = 86_400
NOW_S = 1_760_000_000
VECTORS: dict[str, list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "telegram_initdata.json").read_text()
)


WHY = {
    "hash_missing": Malformed,
    "signature_missing": Malformed,
    "unexpected_format": Malformed,
    "duplicate_key": Malformed,
    "auth_date_missing": Malformed,
    "hash_invalid": BadSignature,
    "signature_invalid": BadSignature,
    "expired": Expired,
    "auth_date_in_future": Expired,
}
KEYS = {"prod": PRODUCTION_KEY, "test": TEST_KEY}


def verdict(verify: Callable[[], Any]) -> type[LaunchDataRefused] | None:
    """Return why launch data is refused, or None where it is not."""
    try:
        verify()
    except LaunchDataRefused as refused:
        return type(refused)
    return None


def label(vector: dict[str, Any]) -> type[LaunchDataRefused] | None:
    """Return why a vector is to be refused. Of what is not signed the date is not even looked at."""
    assert vector["valid"] == (vector["reason"] is None)
    if vector["reason"] in {"expired", "auth_date_missing"} and not vector["crypto_ok"]:
        return BadSignature
    return None if vector["valid"] else WHY[vector["reason"]]


def now_of(vector: dict[str, Any]) -> int:
    return vector["now"] or (vector["auth_date"] or NOW_S) + 1


def age_of(vector: dict[str, Any]) -> int:
    return DAY_S if vector["max_age_s"] is None else vector["max_age_s"]


@pytest.mark.parametrize("vector", VECTORS["hmac"], ids=lambda v: v["id"])
def test_every_published_hmac_vector(vector: dict[str, Any]) -> None:
    def verify() -> Any:
        return verify_init_data(
            vector["init_data"], vector["bot_token"], now_s=now_of(vector), max_age_s=age_of(vector)
        )

    assert verdict(verify) is label(vector)


@pytest.mark.parametrize("vector", VECTORS["ed25519"], ids=lambda v: v["id"])
def test_every_published_ed25519_vector(vector: dict[str, Any]) -> None:
    public_key = bytes.fromhex(vector["public_key_hex"])

    def verify() -> Any:
        return verify_init_data_signature(
            vector["init_data"],
            vector["bot_id"],
            public_key=public_key,
            now_s=now_of(vector),
            max_age_s=age_of(vector),
        )

    assert verdict(verify) is label(vector)
    assert KEYS.get(vector["env"], public_key) == public_key


def verified(raw: str, now_s: int = NOW_S, token: str = BOT_TOKEN) -> Any:
    return verify_init_data(raw, token, now_s=now_s, max_age_s=DAY_S)


def test_it_says_who_opened_the_app() -> None:
    user = verified(launch_data(42, NOW_S))
    assert (user.id, user.first_name, user.username, user.language_code) == (42, "Ada", "ada42", "en")


def test_another_bots_data_is_refused() -> None:
    with pytest.raises(BadSignature):
        verified(launch_data(42, NOW_S, bot_token="7000000002:another"))


@pytest.mark.parametrize("vector", [v for v in VECTORS["ed25519"] if v["valid"]], ids=lambda v: v["id"])
def test_another_bots_data_is_refused_by_telegrams_key_too(vector: dict[str, Any]) -> None:
    with pytest.raises(BadSignature):
        verify_init_data_signature(
            vector["init_data"],
            vector["bot_id"] + 1,
            public_key=bytes.fromhex(vector["public_key_hex"]),
            now_s=now_of(vector),
            max_age_s=age_of(vector),
        )


def test_stale_launch_data_is_refused() -> None:
    with pytest.raises(Expired):
        verified(launch_data(42, NOW_S - DAY_S - 1))


def test_future_dated_launch_data_is_refused() -> None:
    with pytest.raises(Expired):
        verified(launch_data(42, NOW_S + 61))


@pytest.mark.parametrize("twice", ["auth_date", "user", "hash"])
def test_a_duplicate_key_is_refused_whichever_of_the_two_was_signed(twice: str) -> None:
    raw = launch_data(42, NOW_S)
    for forged in (f"{raw}&{twice}=0", f"{twice}=0&{raw}", f"{raw}&{twice[0]}%{ord(twice[1]):02x}{twice[2:]}=0"):
        with pytest.raises(Malformed):
            verified(forged)


@pytest.mark.parametrize(("age_s", "good"), [(0, True), (DAY_S, True), (DAY_S + 1, False), (-60, True), (-61, False)])
def test_age_has_a_limit_on_both_sides(age_s: int, good: bool) -> None:
    raw = launch_data(42, NOW_S - age_s)
    if good:
        assert verified(raw).id == 42
    else:
        with pytest.raises(Expired):
            verified(raw)


@pytest.mark.parametrize("field", ["user", "auth_date", "signature", "query_id"])
def test_every_field_is_covered_by_the_hash(field: str) -> None:
    fields = launch_fields(42, NOW_S)
    good_hash = sign(fields).rpartition("hash=")[2]
    fields[field] = fields[field].replace("4", "5") + " "
    forged = sign(fields).rpartition("hash=")[0] + "hash=" + good_hash
    with pytest.raises(BadSignature):
        verified(forged)


def test_a_field_left_out_is_noticed() -> None:
    raw = launch_data(42, NOW_S)
    without = "&".join(pair for pair in raw.split("&") if not pair.startswith("signature="))
    with pytest.raises(BadSignature):
        verified(without)


def test_blank_values_are_signed_too() -> None:
    assert verified(sign({**launch_fields(42, NOW_S), "start_param": ""})).id == 42


def test_a_semicolon_that_is_not_escaped_is_refused_even_where_it_was_signed() -> None:
    raw = sign({**launch_fields(42, NOW_S), "start_param": "a;b"})
    assert verified(raw).id == 42
    with pytest.raises(Malformed):
        verified(raw.replace("%3B", ";"))


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "&",
        "hash",
        "=1&hash=" + "0" * 64,
        "a=%ff&hash=" + "0" * 64,
        "a=\ud800&hash=" + "0" * 64,
        "a=1%0Ab=2&hash=" + "0" * 64,
        "a%3Db=1&hash=" + "0" * 64,
        "a=1&a=1&hash=" + "0" * 64,
        "a=1;hash=" + "0" * 64,
        "a=" + "x" * MAX_LENGTH + "&hash=" + "0" * 64,
        "&".join(f"f{n}=1" for n in range(100)) + "&hash=" + "0" * 64,
        "a=1",
    ],
)
def test_what_is_not_launch_data_is_malformed(raw: str) -> None:
    with pytest.raises(Malformed):
        verified(raw)


@pytest.mark.parametrize(
    "change",
    [
        {"auth_date": ""},
        {"auth_date": "1e9"},
        {"auth_date": "-5"},
        {"auth_date": "٤٢"},
        {"auth_date": "1" * 13},
        {"user": ""},
        {"user": "[]"},
        {"user": '{"id": "42"}'},
        {"user": '{"id": 0}'},
        {"user": '{"id": -1}'},
        {"user": '{"id": 4503599627370496}'},
        {"user": '{"id": 1e400}'},
        {"user": '{"x":' * 1000},
    ],
)
def test_a_well_signed_field_of_the_wrong_shape_is_malformed(change: dict[str, str]) -> None:
    with pytest.raises(Malformed):
        verified(sign({**launch_fields(42, NOW_S), **change}))


def test_the_hash_is_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def watching(a: str, b: str) -> bool:
        compared.append((len(a), len(b)))
        return a == b

    monkeypatch.setattr(hmac, "compare_digest", watching)
    assert verified(launch_data(42, NOW_S)).id == 42
    assert compared == [(64, 64)]


def test_a_client_cannot_tell_a_wrong_hash_from_a_wrong_signature() -> None:
    with pytest.raises(BadSignature) as by_hash:
        verified("auth_date=1&hash=" + "0" * 64)
    with pytest.raises(BadSignature) as by_signature:
        verify_init_data_signature(
            "auth_date=1&signature=" + "A" * 86,
            42,
            public_key=bytes.fromhex(VECTORS["ed25519"][0]["public_key_hex"]),
            now_s=NOW_S,
            max_age_s=DAY_S,
        )
    assert (by_hash.value.code, str(by_hash.value)) == (by_signature.value.code, str(by_signature.value))
