"""What a program signs, and when that is good: Binance's own vectors, another's signers, and what is beside them."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from engine.accounts.api_keys import InvalidApiKey
from engine.accounts.types import KeyKind
from engine.core.types import Micros
from tests.webapp_api.programs import python_binance
from webapp_api.auth.signing import (
    MalformedSignature,
    Signed,
    Unsigned,
    is_good,
    of_params,
    of_request,
    public_key,
)

ROOT = Path(__file__).parents[2]
VECTORS: list[dict[str, Any]] = json.loads((ROOT / "tests/vectors/binance_signatures.json").read_text())
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
NOW = Micros(1_700_000_000_000_500)
NOW_MS = 1_700_000_000_000
WIDE = "\uff11\uff12"  # digits, though not ASCII's
SMALL_ORDER = [
    bytes(32),
    bytes([1]) + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
]


def of(vector: dict[str, Any], signature: str) -> Signed:
    payload = vector["payload"]
    if vector["api"] == "REST":
        return of_request(f"{payload}&signature={signature}", b"")
    params = dict(pair.split("=", 1) for pair in payload.split("&"))
    backwards = dict(sorted(params.items(), reverse=True))
    return of_params(backwards, signature, params["timestamp"], params["recvWindow"])


def hexed(payload: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()


def good(signed: Signed, secret: str = SECRET) -> bool:
    return is_good(signed, KeyKind.HMAC_SHA256, secret.encode())


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector['api']} {vector['payload'][:30]}")
def test_binance_vectors(vector: dict[str, Any]) -> None:
    secret, signature = vector["secret_key"], vector["signature"]
    assert good(of(vector, signature), secret)
    assert good(of(vector, signature.upper()), secret)
    assert not good(of(vector, signature), secret[:-1] + "x")
    assert not good(of(vector, signature.replace("a", "b", 1)), secret)


def test_the_body_follows_the_query_with_nothing_between() -> None:
    first, second = "symbol=LTCBTC&side=BUY", b"quantity=1&timestamp=1499827319559"
    whole = hexed(first.encode() + second)
    assert good(of_request(f"{first}&timestamp=1&signature={hexed(first.encode() + b'&timestamp=1' + second)}", second))
    assert good(of_request(first, second + f"&signature={whole}".encode(), form=True))
    assert not good(
        of_request(first, second + f"&signature={hexed(first.encode() + b'&' + second)}".encode(), form=True)
    )


@pytest.mark.parametrize("place", range(4))
def test_the_signature_may_stand_anywhere(place: int) -> None:
    parts = ["b=2", "timestamp=1700000000000", "a=1"]
    signature = f"signature={hexed('&'.join(parts).encode())}"
    assert good(of_request("&".join([*parts[:place], signature, *parts[place:]]), b""))


def test_another_order_of_the_same_parameters_is_another_request() -> None:
    signature = hexed(b"a=1&b=2&timestamp=1700000000000")
    assert good(of_request(f"a=1&b=2&timestamp=1700000000000&signature={signature}", b""))
    assert not good(of_request(f"b=2&a=1&timestamp=1700000000000&signature={signature}", b""))


@pytest.mark.parametrize(
    ("signed", "sent"),
    [
        ("s=%c3%a9", "s=%C3%A9"),
        ("s=%7E", "s=~"),
        ("s=a+b", "s=a%20b"),
        ("s=a%20b", "s=a+b"),
        ("s=", "s"),
        ("s=1", "s=1&"),
    ],
)
def test_nothing_is_encoded_anew(signed: str, sent: str) -> None:
    signature = hexed(f"{signed}&timestamp=1700000000000".encode())
    assert good(of_request(f"{signed}&timestamp=1700000000000&signature={signature}", b""))
    assert not good(of_request(f"{sent}&timestamp=1700000000000&signature={signature}", b""))


def test_what_is_not_ascii_is_refused_in_a_query_and_signed_as_utf8_in_a_message() -> None:
    query = f"symbol={WIDE}&timestamp=1700000000000"
    with pytest.raises(MalformedSignature):
        of_request(f"{query}&signature={hexed(query.encode())}", b"")
    with pytest.raises(MalformedSignature):
        of_request("", f"{query}&signature=00".encode(), form=True)
    params = {"timestamp": "1700000000000", "symbol": WIDE}
    assert good(of_params(params, hexed(query.encode()), "1700000000000"))


@given(st.text("ab&=%+.~", max_size=20), st.binary(max_size=20))
def test_whatever_is_sent_is_signed_as_it_is(text: str, body: bytes) -> None:
    query = f"{text}&timestamp=1700000000000"
    assert of_request(f"{query}&signature=00", body).payload == query.encode() + body


@pytest.mark.parametrize("missing", ["timestamp=1700000000000", "signature=00", "timestamp=&signature=00", "", "a=1"])
def test_a_request_without_timestamp_or_signature_is_not_signed(missing: str) -> None:
    with pytest.raises(Unsigned):
        of_request(missing, b"")


@pytest.mark.parametrize(
    "query",
    [
        "timestamp=1700000000000&timestamp=1700000000000&signature=00",
        "timestamp=1700000000000&signature=00&signature=00",
        "timestamp=1700000000000&recvWindow=1&recvWindow=1&signature=00",
        "timestamp=1.7e12&signature=00",
        "timestamp=-1&signature=00",
        "timestamp=+1700000000000&signature=00",
        "timestamp=%31700000000000&signature=00",
        "timestamp=17000000000000000&signature=00",
        f"timestamp={WIDE}&signature=00",
        "timestamp=1700000000000&recvWindow=&signature=00",
        "timestamp=1700000000000&recvWindow=60000.001&signature=00",
        "timestamp=1700000000000&recvWindow=99999999&signature=00",
        "timestamp=1700000000000&recvWindow=1.0001&signature=00",
        "timestamp=1700000000000&recvWindow=1.&signature=00",
        "timestamp=1700000000000&recvWindow=-1&signature=00",
        "timestamp=1700000000000&recvWindow=NaN&signature=00",
    ],
)
def test_what_is_malformed_is_said_to_be(query: str) -> None:
    with pytest.raises(MalformedSignature):
        of_request(query, b"")


def test_nothing_may_be_said_twice_in_query_and_form() -> None:
    with pytest.raises(MalformedSignature):
        of_request("timestamp=1700000000000", b"timestamp=1700000000000&signature=00", form=True)


def stamped(timestamp: int, window: str | None = None) -> Signed:
    return of_request(f"timestamp={timestamp}&signature=00" + (f"&recvWindow={window}" if window else ""), b"")


@pytest.mark.parametrize(
    ("timestamp", "window", "in_time"),
    [
        (NOW_MS, None, True),
        (NOW_MS + 999, None, True),
        (NOW_MS + 1000, None, False),
        (NOW_MS - 5000, None, True),
        (NOW_MS - 5001, None, False),
        (NOW_MS - 60_000, "60000", True),
        (NOW_MS - 60_001, "60000", False),
        (NOW_MS, "0", True),
        (NOW_MS - 1, "0", False),
        (NOW_MS - 1, "0.999", False),
        (NOW_MS - 1, "1.000", True),
        # The same in microseconds, to the microsecond.
        (NOW + 999_999, None, True),
        (NOW + 1_000_000, None, False),
        (NOW - 5_000_000, None, True),
        (NOW - 5_000_001, None, False),
        (NOW - 1, "0.001", True),
        (NOW - 2, "0.001", False),
        (NOW - 1_234, "1.234", True),
        (NOW - 1_235, "1.234", False),
        (0, None, False),
        (1_700_000_000, None, False),  # in seconds
        (10**16 - 1, None, False),
    ],
)
def test_a_timestamp_is_less_than_a_second_ahead_and_at_most_the_window_behind(
    timestamp: int, window: str | None, in_time: bool
) -> None:
    assert stamped(timestamp, window).in_time(NOW) is in_time


@pytest.mark.parametrize("signature", ["zz", "0", "", "é" * 64, " " * 64, "00" * 31, "00" * 33, "0x" + "00" * 31])
def test_what_is_no_signature_is_not_good(signature: str) -> None:
    signed = Signed(b"a", signature, 1, 1, Micros(1))
    assert not is_good(signed, KeyKind.HMAC_SHA256, SECRET.encode())
    assert not is_good(signed, KeyKind.ED25519, SigningKey.generate().verify_key.encode())


def test_ed25519_is_base64_and_every_letter_counts() -> None:
    private = SigningKey(bytes(range(32)))
    key = private.verify_key.encode()
    payload = b"a=1&timestamp=1700000000000"
    signature = base64.b64encode(private.sign(payload).signature).decode()
    quoted = signature.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    for sent in (signature, quoted):
        signed = of_request(f"{payload.decode()}&signature={sent}", b"")
        assert is_good(signed, KeyKind.ED25519, key)
        assert not is_good(signed, KeyKind.HMAC_SHA256, key)
    for other in (signature.swapcase(), signature.lower(), private.sign(payload).signature.hex(), signature[:-4]):
        assert not is_good(of_request(f"{payload.decode()}&signature={other}", b""), KeyKind.ED25519, key)


def test_a_public_key_is_base64_or_pem() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes_raw()
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert public_key(base64.b64encode(raw).decode()) == raw
    assert public_key(pem.decode()) == raw
    assert public_key("\n" + pem.decode().replace("\n", "\r\n")) == raw


@pytest.mark.parametrize("key", [base64.b64encode(key).decode() for key in SMALL_ORDER])
def test_a_public_key_of_small_order_is_refused(key: str) -> None:
    with pytest.raises(InvalidApiKey):
        public_key(key)


def test_other_public_keys_are_refused() -> None:
    private = ed25519.Ed25519PrivateKey.generate()
    of_rsa = rsa.generate_private_key(65537, 2048).public_key()
    pems = [
        of_rsa.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    ]
    not_a_point = bytes([2]) + bytes(31)
    texts = ["", "AAAA", "é", base64.b64encode(not_a_point).decode(), "-----BEGIN PUBLIC KEY-----", "\x00" * 44]
    for text in [*texts, *(pem.decode() for pem in pems)]:
        with pytest.raises(InvalidApiKey):
            public_key(text)


async def test_what_python_binance_signs_is_good() -> None:
    order = {"symbol": f"{WIDE}BTC", "side": "BUY", "quantity": "1", "newClientOrderId": "x-1"}
    async with python_binance("k" * 64, SECRET) as client:
        got = client._get_request_kwargs("get", True, data=dict(order))["params"]
        posted = client._get_request_kwargs("post", True, data=order | {"symbol": "BTCUSDT"})["data"]
        message = client._sign_ws_params({"symbol": "BTCUSDT", "side": "BUY"}, client._generate_ws_api_signature)
    assert good(of_request(got, b""))
    assert not good(of_request(got.replace("BUY", "SELL"), b""))
    body = "&".join(f"{name}={value}" for name, value in posted).encode()
    assert good(of_request("", body, form=True))
    assert not good(of_request("", body.replace(b"BUY", b"SELL"), form=True))
    params = {name: str(value) for name, value in message.items() if name != "signature"}
    assert good(of_params(params, message["signature"], params["timestamp"]))
    assert not good(of_params(params | {"side": "SELL"}, message["signature"], params["timestamp"]))


def test_the_example_in_the_manual_is_right() -> None:
    manual = (ROOT / "docs/api.md").read_text()
    assert SECRET in manual
    query, body = "recvWindow=5000&timestamp=1700000000000", '{"symbol":"BTCUSDT"}'
    assert f"`{query}` and the body `{body}` have the signature\n`{hexed(f'{query}{body}'.encode())}`" in manual
