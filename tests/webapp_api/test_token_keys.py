"""Keys of access tokens: each has its algorithm, and one may be replaced while tokens of the other are still good."""

import base64
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.webapp_api.test_tokens import ADA, Clock, claims, part
from webapp_api.auth.token_keys import Algorithm, KeyRing, TokenKey
from webapp_api.auth.tokens import MAX_LENGTH, AccessTokens
from webapp_api.refusals import Unauthorized

SECRETS: dict[Algorithm, tuple[str, str]] = {
    "HS256": ("the first secret of access tokens, for tests", "the second secret of access tokens, for tests"),
    "EdDSA": (base64.b64encode(b"1" * 32).decode(), base64.b64encode(b"2" * 32).decode()),
}


def keys(algorithm: Algorithm) -> list[TokenKey]:
    return [TokenKey.of(secret, algorithm) for secret in SECRETS[algorithm]]


def tokens(*ring: TokenKey) -> AccessTokens:
    return AccessTokens(KeyRing(*ring), Clock())


def good(token: str, *ring: TokenKey) -> bool:
    try:
        return tokens(*ring).verify(token).user == ADA
    except Unauthorized:
        return False


def by_hand(header: dict[str, Any], key: Any) -> str:
    """Return a token with any header, signed as it says."""
    signing_input = f"{part(header)}.{part(claims())}"
    signature = jwt.get_algorithm_by_name(header["alg"]).sign(signing_input.encode(), key)
    return f"{signing_input}.{part(signature)}"


@pytest.fixture(params=["HS256", "EdDSA"])
def algorithm(request: pytest.FixtureRequest) -> Algorithm:
    return request.param


def test_a_key_signs_with_its_algorithm_and_names_itself(algorithm: Algorithm) -> None:
    key = keys(algorithm)[0]
    token = tokens(key).issue(ADA, "s" * 22)
    assert jwt.get_unverified_header(token) == {"alg": algorithm, "typ": "JWT", "kid": key.id}
    assert good(token, key)
    assert len(token) < MAX_LENGTH


def test_a_key_has_the_same_name_after_a_restart_and_another_than_others(algorithm: Algorithm) -> None:
    assert [key.id for key in keys(algorithm)] == [key.id for key in keys(algorithm)]
    assert len({key.id for each in SECRETS for key in keys(each)}) == 4


def test_a_keys_name_says_nothing_of_it(algorithm: Algorithm) -> None:
    for key, secret in zip(keys(algorithm), SECRETS[algorithm], strict=True):
        name = base64.urlsafe_b64decode(key.id)
        assert len(name) == 9
        assert name not in secret.encode()
        public = key.checks.public_bytes_raw() if isinstance(key.checks, Ed25519PublicKey) else b""
        assert name not in public


def test_a_token_of_the_key_before_is_good_until_that_key_is_taken_away(algorithm: Algorithm) -> None:
    old, new = keys(algorithm)
    issued_before = tokens(old).issue(ADA, "session")
    assert good(issued_before, new, old)
    assert not good(issued_before, new)
    assert good(tokens(new, old).issue(ADA, "session"), new)  # what is issued meanwhile is of the new key


@pytest.mark.parametrize("kid", ["nothing", "", None, 7, ["x"], {}])
def test_a_token_of_an_unknown_key_is_refused(algorithm: Algorithm, kid: Any) -> None:
    key = keys(algorithm)[0]
    header = {"alg": algorithm, "typ": "JWT"} | ({} if kid is None else {"kid": kid})
    token = by_hand(header, key.signs)
    assert not good(token, key)


def test_a_token_that_names_one_key_and_is_signed_by_another_is_refused(algorithm: Algorithm) -> None:
    first, second = keys(algorithm)
    token = jwt.encode(claims(), first.signs, algorithm, headers={"kid": second.id})
    assert not good(token, first, second)


def raw(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes_raw()


def der(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("write", [raw, der, pem])
def test_key_confusion_a_public_key_is_no_shared_secret(write: Callable[[Ed25519PublicKey], bytes]) -> None:
    key = keys("EdDSA")[0]
    assert isinstance(key.checks, Ed25519PublicKey)
    token = by_hand({"alg": "HS256", "typ": "JWT", "kid": key.id}, write(key.checks))
    assert not good(token, key)


def test_a_key_is_not_used_with_the_algorithm_of_another() -> None:
    shared, pair = keys("HS256")[0], keys("EdDSA")[0]
    for key, other in ((shared, pair), (pair, shared)):
        token = jwt.encode(claims(), other.signs, other.algorithm, headers={"kid": key.id})
        assert not good(token, shared, pair)


@pytest.mark.parametrize(
    ("secret", "algorithm"),
    [
        ("", "HS256"),
        ("s" * 31, "HS256"),
        ("", "EdDSA"),
        ("s" * 44, "EdDSA"),
        (base64.b64encode(b"s" * 31).decode(), "EdDSA"),
        (base64.b64encode(b"s" * 33).decode(), "EdDSA"),
        ("ä" * 44, "EdDSA"),
    ],
)
def test_a_secret_that_is_none_is_refused_without_being_repeated(secret: str, algorithm: Algorithm) -> None:
    with pytest.raises(ValueError, match="32 random bytes") as error:
        TokenKey.of(secret, algorithm)
    assert not secret or secret not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None
