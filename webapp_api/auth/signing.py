"""What a program signs, and how that is checked: Binance's rules, pure. What was sent is checked as it was sent.

Source: Binance, "Spot REST API" and "Spot WebSocket API", request security.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from msgspec import Struct
from nacl.bindings import crypto_core_ed25519_is_valid_point
from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

from engine.accounts.api_keys import InvalidApiKey
from engine.accounts.types import KeyKind
from engine.core.refusals import Refused
from engine.core.types import Micros

KEY_HEADER: Final = "X-MBX-APIKEY"
DEFAULT_WINDOW: Final = "5000"  # ms
MAX_WINDOW: Final = Micros(60_000_000)
AHEAD: Final = Micros(1_000_000)  # a timestamp may be less than that in the future

_MILLI: Final = 1_000  # Micros
_FIRST_MICROS: Final = 10**14  # a timestamp from here on is in microseconds: as one, 1973; in milliseconds, 5138
_TIMESTAMP: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_WINDOW: Final = re.compile(r"([0-9]{1,5})(?:\.([0-9]{1,3}))?", re.ASCII)
_KEY_BYTES: Final = 32


class MalformedSignature(Refused):
    """A signed request has one timestamp and one signature, and may have one window."""

    code = "malformed"


class Unsigned(Refused):
    """What an API key asks is signed: send a timestamp and a signature."""

    code = "unauthorized"


class Signed(Struct, frozen=True):
    """A request as it was signed: over which bytes, how, when and for how long.

    timestamp counts in `unit` Micros (1, or 1000 where it was given in milliseconds) since 1970, window in Micros.
    """

    payload: bytes
    signature: str
    timestamp: int
    unit: int
    window: Micros

    def in_time(self, now: Micros) -> bool:
        """Say whether the request is neither too old nor from the future, as exactly as its timestamp was given."""
        at, seen = self.timestamp * self.unit, now - now % self.unit
        return at < seen + AHEAD and seen - at <= self.window


def of_request(query: str, body: bytes, *, form: bool = False) -> Signed:
    """Return a request over HTTP as it was signed: its query and its body, both exactly as sent.

    The parameters `timestamp`, `recvWindow` and `signature` stand in the query or, where the body is a form, in either.
    Signed is all but the signature, wherever that stood. Raises Unsigned and MalformedSignature.
    """
    rest, found = _take(query)
    sent = body
    if form:
        try:
            left, in_body = _take(body.decode("ascii"))
        except UnicodeDecodeError:
            raise MalformedSignature("What is not ASCII is percent-encoded before it is signed.") from None
        sent = left.encode()
        for name, values in in_body.items():
            found[name] += values
    for name, values in found.items():
        if len(values) > 1:
            raise MalformedSignature(f"There may be one {name}.", parameter=name)
    if not rest.isascii():
        raise MalformedSignature("What is not ASCII is percent-encoded before it is signed.")
    (timestamp,), (signature,), (window,) = (
        found[name] or [other] for name, other in (("timestamp", ""), ("signature", ""), ("recvWindow", DEFAULT_WINDOW))
    )
    return _signed(rest.encode() + sent, unquote(signature), timestamp, window)


def of_params(params: Mapping[str, str], signature: str, timestamp: str, window: str | None = None) -> Signed:
    """Return a message's parameters as they were signed: sorted by name, as name=value, joined by &.

    params are all of them but the signature, timestamp and window included, as text. Raises like `of_request`.
    """
    payload = "&".join(f"{name}={params[name]}" for name in sorted(params)).encode("utf-8", "surrogatepass")
    return _signed(payload, signature, timestamp, DEFAULT_WINDOW if window is None else window)


def is_good(signed: Signed, kind: KeyKind, material: bytes) -> bool:
    """Say whether a signature is that of a key: hex of HMAC-SHA256 by its secret, or base64 by its Ed25519 key."""
    try:
        if kind is KeyKind.HMAC_SHA256:
            given = binascii.unhexlify(signed.signature)
            return hmac.compare_digest(given, hmac.digest(material, signed.payload, hashlib.sha256))
        VerifyKey(material).verify(signed.payload, base64.b64decode(signed.signature, validate=True))
    except (CryptoError, ValueError):  # binascii's errors are ValueErrors
        return False
    return True


def public_key(text: str) -> bytes:
    """Read an Ed25519 public key: base64 of its 32 bytes, or PEM. Raises InvalidApiKey.

    Keys of small order, for which anybody can sign, and other bytes that are no point of the curve are refused.
    """
    try:
        if text.lstrip().startswith("-----BEGIN"):
            loaded = load_pem_public_key(text.encode())
            key = loaded.public_bytes_raw() if isinstance(loaded, Ed25519PublicKey) else b""
        else:
            key = base64.b64decode(text, validate=True)
    except (ValueError, UnsupportedAlgorithm):
        key = b""
    if len(key) != _KEY_BYTES or not crypto_core_ed25519_is_valid_point(key):
        raise InvalidApiKey(
            "A public key is an Ed25519 key: base64 of its 32 bytes, or PEM (BEGIN PUBLIC KEY).", field="public_key"
        )
    return key


def _take(text: str) -> tuple[str, dict[str, list[str]]]:
    """Return the text without the signature, and what it says of the three parameters."""
    found: dict[str, list[str]] = {"timestamp": [], "recvWindow": [], "signature": []}
    rest = []
    for pair in text.split("&"):
        name, _, value = pair.partition("=")
        if name in found:
            found[name].append(value)
        if name != "signature":
            rest.append(pair)
    return "&".join(rest), found


def _signed(payload: bytes, signature: str, timestamp: str, window: str) -> Signed:
    if not signature or not timestamp:
        raise Unsigned
    if not _TIMESTAMP.fullmatch(timestamp):
        raise MalformedSignature("The timestamp is a whole number of ms or us since 1970.", parameter="timestamp")
    at = int(timestamp)
    return Signed(payload, signature, at, 1 if at >= _FIRST_MICROS else _MILLI, _window(window))


def _window(text: str) -> Micros:
    match = _WINDOW.fullmatch(text)
    window = Micros(int(match[1]) * _MILLI + int((match[2] or "").ljust(3, "0"))) if match else None
    if window is None or window > MAX_WINDOW:
        raise MalformedSignature(
            f"The window is in ms, at most {MAX_WINDOW // _MILLI}, with at most 3 decimals.", parameter="recvWindow"
        )
    return window
