"""What staging and production refuse, beyond what any environment refuses: conveniences, and secrets that are none."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from pydantic import SecretStr

from clobster.sources import PREFIX

if TYPE_CHECKING:
    from clobster.config import Settings

# Random secrets of 32 bytes have some 30 different bytes, those in hexadecimal digits 16 different characters.
LEAST_DIFFERENT: Final = 10
BOT_TOKEN: Final = re.compile(r"[0-9]{1,16}:[A-Za-z0-9_-]{30,}", re.ASCII)
_WORDS: Final = re.compile(r"secret|passw|change.?me|example|clobster|development|0123456789|abcdefgh", re.IGNORECASE)
_KEYS: Final = ("jwt_secret", "jwt_secret_previous", "encryption_key", "encryption_key_previous", "solana_master_key")
_NEEDED: Final = ("bot_token", "jwt_secret", "encryption_key", "solana_master_key")


def refuse_conveniences(settings: "Settings") -> None:
    """Raise ValueError, with the setting's name and a way to mend it, where these are not fit for their environment."""
    env = settings.env
    if env == "development":
        return
    for field in _NEEDED:
        if getattr(settings, field) is None and not (field == "solana_master_key" and settings.solana == "off"):
            raise ValueError(f"{PREFIX}{field.upper()} must be set when CLOBSTER_ENV is {env}")
    if settings.feed in {"auto", "recorded"}:
        raise ValueError(f"CLOBSTER_FEED must be binance or off when CLOBSTER_ENV is {env}")
    if not settings.public_url.startswith("https://"):
        raise ValueError(f"CLOBSTER_PUBLIC_URL must begin with https:// when CLOBSTER_ENV is {env}")
    _refuse_weak_secrets(settings)
    if env == "production":
        _refuse_simulators(settings)


def _refuse_weak_secrets(settings: "Settings") -> None:
    assert settings.bot_token is not None
    if not BOT_TOKEN.fullmatch(settings.bot_token.get_secret_value()):
        raise ValueError(f"CLOBSTER_BOT_TOKEN must be a real bot's when CLOBSTER_ENV is {settings.env}: ask BotFather")
    seen: dict[bytes, str] = {}
    development = frozenset(_made_by_development(settings.data_dir))
    for field in (*_KEYS, "bot_token"):
        secret: SecretStr | None = getattr(settings, field)
        if secret is None:
            continue
        text, name = secret.get_secret_value(), PREFIX + field.upper()
        if text in development:
            raise ValueError(f"{name} is the one that development made in {settings.data_dir}: make a new one")
        if field == "bot_token":
            continue
        if _is_weak(text):
            raise ValueError(f"{name} can be guessed: openssl rand -base64 32 makes one that can't")
        if (other := seen.setdefault(text.encode(), name)) != name:
            raise ValueError(f"{name} and {other} are the same: make one of its own for each")


def _is_weak(text: str) -> bool:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = text.encode()
    return len(set(text)) < LEAST_DIFFERENT or len(set(raw)) < LEAST_DIFFERENT or bool(_WORDS.search(text))


def _made_by_development(data_dir: Path) -> Iterator[str]:
    try:
        made = msgspec.json.decode((data_dir / "secrets.json").read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError):
        return
    yield from made.values()


def _refuse_simulators(settings: "Settings") -> None:
    if settings.telegram_signature == "test":
        raise ValueError("CLOBSTER_TELEGRAM_SIGNATURE must be production or off when CLOBSTER_ENV is production")
    for name, url, scheme in (
        ("BINANCE_REST_URL", settings.binance_rest_url, "https"),
        ("BINANCE_STREAM_URL", settings.binance_stream_url, "wss"),
    ):
        if not url.startswith(f"{scheme}://"):
            raise ValueError(f"CLOBSTER_{name} must begin with {scheme}:// when CLOBSTER_ENV is production")
