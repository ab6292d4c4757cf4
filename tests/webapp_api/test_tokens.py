"""Access tokens: one algorithm, every claim required, nothing forged."""

import base64
import json
from typing import Any

import jwt
import pytest

from engine.core.types import Micros, UserId
from webapp_api.auth.token_keys import KeyRing, TokenKey
from webapp_api.auth.tokens import LIFE_S, MAX_LENGTH, AccessTokens
from webapp_api.refusals import Unauthorized

SECRET = "a secret of access tokens for tests"
KEY = TokenKey.of(SECRET)
NOW_S = 1_760_000_000
ADA = UserId(1000)


class Clock:
    def __init__(self) -> None:
        self.now_s = NOW_S

    def __call__(self) -> Micros:
        return Micros(self.now_s * 1_000_000)


def tokens(clock: Clock | None = None) -> AccessTokens:
    return AccessTokens(KeyRing(KEY), clock or Clock())


def claims(**change: Any) -> dict[str, Any]:
    good = {
        "iss": "clobster",
        "aud": "clobster-api",
        "sub": "1000",
        "sid": "session",
        "iat": NOW_S,
        "exp": NOW_S + 60,
    }
    return {name: value for name, value in (good | change).items() if value is not None}


def signed(payload: dict[str, Any], secret: str = SECRET, algorithm: str = "HS256", kid: Any = KEY.id) -> str:
    """Return a token made by hand; its header has no kid where that is None."""
    return jwt.encode(payload, secret, algorithm, headers={} if kid is None else {"kid": kid})


def refused(token: str) -> bool:
    try:
        tokens().verify(token)
    except Unauthorized:
        return True
    return False


def test_a_token_says_who_and_until_when() -> None:
    good = tokens().verify(tokens().issue(ADA, "session"))
    assert (good.user, good.session, good.expires_at) == (ADA, "session", NOW_S + LIFE_S)


def test_it_expires() -> None:
    clock = Clock()
    token = tokens(clock).issue(ADA, "session")
    clock.now_s += LIFE_S - 1
    assert tokens(clock).verify(token).user == ADA
    clock.now_s += 1
    with pytest.raises(Unauthorized):
        tokens(clock).verify(token)


def test_a_token_of_ours_made_by_hand_is_good() -> None:
    assert not refused(signed(claims()))


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "sid", "iat", "exp"])
def test_every_claim_is_required(missing: str) -> None:
    assert refused(signed(claims(**{missing: None})))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "somebody"},
        {"aud": "another-api"},
        {"aud": ["another-api"]},
        {"exp": NOW_S},
        {"exp": NOW_S - 1},
        {"exp": str(NOW_S + 60)},
        {"exp": NOW_S + 60.5},
        {"sub": "ada"},
        {"sub": ""},
        {"sid": 7},
    ],
    ids=str,
)
def test_every_claim_is_checked(change: dict[str, Any]) -> None:
    assert refused(signed(claims(**change)))


def test_another_secret_is_refused() -> None:
    assert refused(signed(claims(), "another secret of thirty-two bytes"))


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_with_our_secret_is_refused(algorithm: str) -> None:
    long_secret = SECRET * 2
    key = TokenKey.of(long_secret)
    token = signed(claims(), long_secret, algorithm, key.id)
    with pytest.raises(Unauthorized):
        AccessTokens(KeyRing(key), Clock()).verify(token)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE"])
def test_alg_none_is_refused_in_every_spelling(name: str) -> None:
    header, payload = part({"alg": name, "typ": "JWT", "kid": KEY.id}), part(claims())
    assert refused(f"{header}.{payload}.")
    assert refused(f"{header}.{payload}")
    assert refused(f"{header}.{payload}.{signed(claims()).split('.')[2]}")


@pytest.mark.parametrize("name", ["", None, "RS256", "ES256", "EdDSA", "HS256 ", "hs256"])
def test_a_token_does_not_choose_how_it_is_checked(name: str | None) -> None:
    header, payload = part({"alg": name, "typ": "JWT", "kid": KEY.id}), part(claims())
    signature = signed(claims()).split(".")[2]
    assert refused(f"{header}.{payload}.")
    assert refused(f"{header}.{payload}.{signature}")


def test_changed_claims_break_the_signature() -> None:
    header, _, signature = signed(claims()).split(".")
    assert refused(f"{header}.{part(claims(sub='1001'))}.{signature}")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "\ud800",
        "é.é.é",
        "a" * (MAX_LENGTH + 1),
        f"{part(b'[' * 300)}.{part(claims())}.",
        f"{part([])}.{part(claims())}.",
        f"{part({'alg': 'HS256'})}.{part(b'null')}.x",
    ],
    ids=lambda token: token[:16].encode("ascii", "replace").decode(),
)
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token)
