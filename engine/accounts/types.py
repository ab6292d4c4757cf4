"""Accounts and sessions as they are kept. An account's id is its owner's UserId everywhere else."""

import enum
from typing import Final

from msgspec import Struct

from engine.core.types import Micros, UserId

MAX_SESSIONS: Final = 20  # of one account; signing in once more ends the one unused for longest


class Account(Struct, frozen=True):
    """A person. Names are Telegram's, as last seen; telegram_id is None for who came by wallet only."""

    id: UserId
    telegram_id: int | None
    first_name: str
    username: str | None
    language_code: str | None
    created_at: Micros


class TelegramUser(Struct, frozen=True):
    """A person as Telegram names them: in launch data, and in what the bot is told."""

    id: int
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class Session(Struct, frozen=True):
    """One signed-in device: a family of refresh tokens, of which only the newest is good.

    Hashes are of refresh tokens, which are themselves never kept. address is the client's network address.
    """

    id: str
    user_id: UserId
    refresh_hash: bytes
    created_at: Micros
    refreshed_at: Micros  # when the newest refresh token was made
    expires_at: Micros
    user_agent: str
    address: str
    previous_refresh_hash: bytes | None = None
    revoked_at: Micros | None = None


class Rotation(enum.Enum):
    """How the exchange of a refresh token for the next one went."""

    ROTATED = "rotated"
    REUSED = "reused"  # the previous token came again: the session is revoked by this very call
    UNKNOWN = "unknown"  # no such session, or a token that it never had
    EXPIRED = "expired"  # the session is over, by time or by revocation
