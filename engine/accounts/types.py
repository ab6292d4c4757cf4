"""Accounts and their doors as they are kept. An account's id is its owner's UserId everywhere else."""

import enum
from typing import Final

from msgspec import Struct

from engine.core.types import Micros, UserId

MAX_SESSIONS: Final = 20  # of one account; signing in once more ends the one unused for longest
MAX_API_KEYS: Final = 20  # of one account, expired ones included

TELEGRAM: Final = "telegram"  # the door of a session that Telegram's launch data opened; else it is a wallet's address


class Scope(enum.Enum):
    """What an API key may do for its account. A session may do all of it."""

    READ = "read"
    TRADE = "trade"
    WITHDRAW = "withdraw"


class KeyKind(enum.Enum):
    """How an API key's requests are signed."""

    HMAC_SHA256 = "hmac_sha256"
    ED25519 = "ed25519"


class ApiKey(Struct, frozen=True):
    """A program's way into an account. id is what the program sends; it is no secret.

    secret is sealed where kind is HMAC_SHA256, else the 32 bytes of the public key. addresses are networks from which
    the key may be used, as "192.0.2.1" or "2001:db8::/32"; empty where it may be from anywhere.
    """

    id: str
    user_id: UserId
    name: str
    kind: KeyKind
    secret: bytes
    scopes: frozenset[Scope]
    addresses: tuple[str, ...]
    created_at: Micros
    expires_at: Micros | None = None
    last_used_at: Micros | None = None
    last_used_address: str | None = None


class KeyUse(Struct, frozen=True):
    """That an API key was used, and from which network address."""

    key: str
    at: Micros
    address: str


class LinkState(enum.Enum):
    """Where the linking of a wallet from another app is."""

    ASKED = "asked"  # its code may still be used
    SIGNED = "signed"  # by a wallet; who asked must still say yes
    LINKED = "linked"


class ActivityKind(enum.Enum):
    """What happened to an account, for its owner to see."""

    SIGNED_IN = "signed_in"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105  one that was used before came again: it was copied
    SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
    TELEGRAM_LINKED = "telegram_linked"
    TELEGRAM_UNLINKED = "telegram_unlinked"
    WALLET_SIGNED = "wallet_signed"
    WALLET_LINKED = "wallet_linked"
    WALLET_UNLINKED = "wallet_unlinked"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"


class Activity(Struct, frozen=True):
    """Something that happened to an account. address is the network address from which; detail says to what.

    address is TELEGRAM for what was done in the chat with the bot. id rises with time; it is 0 until it is kept.
    """

    user_id: UserId
    at: Micros
    kind: ActivityKind
    address: str
    detail: str
    id: int = 0


class Device(Struct, frozen=True):
    """From where somebody asks: what their program calls itself, and its network address."""

    user_agent: str = ""
    address: str = ""


class Account(Struct, frozen=True):
    """A person. Names are Telegram's, as last seen; telegram_id is None for who came by wallet only."""

    id: UserId
    telegram_id: int | None
    first_name: str
    username: str | None
    language_code: str | None
    created_at: Micros


class TelegramUser(Struct, frozen=True):
    """A person as Telegram names them: in launch data, which says when, and in what the bot is told.

    auth_date is in seconds since 1970.
    """

    id: int
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    auth_date: int = 0


class Session(Struct, frozen=True):
    """One signed-in device: a family of refresh tokens, of which only the newest is good.

    Hashes are of refresh tokens, which are themselves never kept. user_agent and address are those of its last use:
    when the newest refresh token was made. door is how it was opened: TELEGRAM, or a wallet's address.
    """

    id: str
    user_id: UserId
    refresh_hash: bytes
    created_at: Micros
    refreshed_at: Micros  # when the newest refresh token was made
    expires_at: Micros
    user_agent: str
    address: str
    door: str = TELEGRAM
    previous_refresh_hash: bytes | None = None
    revoked_at: Micros | None = None


class AdminAct(Struct, frozen=True):
    """What an administrator did: act to target, from a network address. id is 0 until it is kept."""

    at: Micros
    admin_id: UserId
    act: str
    target: str
    address: str
    id: int = 0


class Renewal(Struct, frozen=True):
    """The exchange of a session's refresh token for the next one, as hashes, and from where it is asked."""

    session: str
    old_hash: bytes
    new_hash: bytes
    now: Micros
    expires_at: Micros
    device: Device


class Rotation(enum.Enum):
    """How the exchange of a refresh token for the next one went."""

    ROTATED = "rotated"
    REUSED = "reused"  # it is no longer the session's token, so a copy: the session is revoked by this very call
    UNKNOWN = "unknown"  # no such session
    EXPIRED = "expired"  # the session is over, by time or by revocation
