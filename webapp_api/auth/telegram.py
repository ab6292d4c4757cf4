"""Mini-app launch data: who opened it, vouched for by Telegram.

Source: Telegram, "Validating data received via the Mini App" and "Validating data for Third-Party Use".
"""

import base64
import binascii
import hashlib
import hmac
import re
from urllib.parse import unquote_plus

import msgspec
from msgspec.structs import replace
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from engine.accounts.types import TelegramUser
from engine.core.refusals import Refused

MAX_LENGTH = 8192  # characters; real launch data has about 700
MAX_FIELDS = 64
FUTURE_S = 60  # how far Telegram's clock may be ahead of ours
MAX_USER_ID = 2**52

# Telegram's own Ed25519 keys, with which it signs launch data for third parties; its test environment has another.
PRODUCTION_KEY = bytes.fromhex("e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d")
TEST_KEY = bytes.fromhex("40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec")

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AUTH_DATE = re.compile(r"[0-9]{1,12}", re.ASCII)
_SIGNATURE = re.compile(r"[A-Za-z0-9_-]{86}", re.ASCII)


class LaunchDataRefused(Refused):
    """This launch data does not sign anybody in."""

    code = "invalid_credentials"


class BadSignature(LaunchDataRefused):
    """The launch data was not signed for this bot."""

    code = "invalid_credentials"


class Expired(LaunchDataRefused):
    """The launch data is too old, or dated in the future. Open the app again."""

    code = "expired"


class Malformed(LaunchDataRefused):
    """This is not launch data."""

    code = "malformed"


def verify_init_data(raw: str, bot_token: str, *, now_s: int, max_age_s: int) -> TelegramUser:
    """Verify launch data with the bot's own token and return who opened the app.

    now_s and max_age_s are in seconds; data of exactly that age is still good. Raises BadSignature, Expired or
    Malformed. Everything but `hash` is signed, `signature` and fields unknown to us included.
    """
    fields = _fields(raw)
    given = fields.pop("hash", "")
    if not _HASH.fullmatch(given):
        raise BadSignature if given else Malformed
    secret = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    expected = hmac.new(secret, _check_string(fields), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, given):
        raise BadSignature
    return _opened_by(fields, now_s, max_age_s)


def verify_init_data_signature(raw: str, bot_id: int, *, public_key: bytes, now_s: int, max_age_s: int) -> TelegramUser:
    """Verify launch data of another's bot with Telegram's Ed25519 public key (32 bytes) and return who opened it.

    Here neither `hash` nor `signature` is part of what is signed. Arguments and errors as `verify_init_data`.
    """
    fields = _fields(raw)
    fields.pop("hash", None)
    given = fields.pop("signature", "")
    if not _SIGNATURE.fullmatch(given):
        raise BadSignature if given else Malformed
    try:
        signature = base64.urlsafe_b64decode(given + "==")
        VerifyKey(public_key).verify(b"%d:WebAppData\n%b" % (bot_id, _check_string(fields)), signature)
    except (binascii.Error, BadSignatureError):
        raise BadSignature from None
    return _opened_by(fields, now_s, max_age_s)


def _fields(raw: str) -> dict[str, str]:
    """Split launch data into its fields, each decoded once; blank values stay, a key that comes twice is refused."""
    if not 0 < len(raw) <= MAX_LENGTH or ";" in raw:
        raise Malformed
    pairs = raw.split("&")
    if len(pairs) > MAX_FIELDS:
        raise Malformed
    fields: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        try:
            name, value = unquote_plus(name, errors="strict"), unquote_plus(value, errors="strict")
            f"{name}{value}".encode()
        except UnicodeError:
            raise Malformed from None
        # A line break could pose as the border between two fields in what is signed.
        if not equals or not name or name in fields or "=" in name or "\n" in name or "\n" in value:
            raise Malformed
        fields[name] = value
    return fields


def _check_string(fields: dict[str, str]) -> bytes:
    return "\n".join(f"{name}={fields[name]}" for name in sorted(fields)).encode()


def _opened_by(fields: dict[str, str], now_s: int, max_age_s: int) -> TelegramUser:
    auth_date = fields.get("auth_date", "")
    if not _AUTH_DATE.fullmatch(auth_date):
        raise Malformed
    if not -FUTURE_S <= now_s - int(auth_date) <= max_age_s:
        raise Expired
    try:
        user = msgspec.json.decode(fields.get("user", ""), type=TelegramUser)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Malformed from None
    if not 0 < user.id < MAX_USER_ID:
        raise Malformed
    return replace(user, auth_date=int(auth_date))
