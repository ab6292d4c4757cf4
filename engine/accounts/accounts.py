"""Signing in, staying signed in, signing out. Whoever vouches for a person (Telegram, a wallet) has done so before."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterable
from typing import Final

from msgspec import Struct

from engine.accounts.activity import ActivityFeed
from engine.accounts.ports import AccountStore
from engine.accounts.refusals import SignedOutSince
from engine.accounts.types import (
    Account,
    Activity,
    ActivityKind,
    Device,
    Renewal,
    Rotation,
    Session,
    TelegramUser,
)
from engine.core.refusals import Refused
from engine.core.types import Micros, UserId
from engine.ports import Clock

SESSION_LIFE: Final = Micros(30 * 86_400 * 1_000_000)  # since the last refresh
MAX_LABEL: Final = 200  # characters kept of a user agent or an address


class InvalidRefreshToken(Refused):
    """This refresh token is not good, or no longer. Sign in again."""

    code = "invalid_credentials"


class SignedIn(Struct, frozen=True):
    """A live session, and the token that will renew it once."""

    account: Account
    session: str
    refresh_token: str


class Accounts:
    """People and their sessions.

    A refresh token is "<session id>.<secret>"; only its SHA-256 is kept, and each use replaces it. One that comes
    again was copied, by whoever came first or by whoever comes now, so it ends the session for both.
    """

    def __init__(self, store: AccountStore, feed: ActivityFeed, clock: Clock) -> None:
        self._store = store
        self._feed = feed
        self._clock = clock
        self.ended: list[Callable[[str], None]] = []  # told the id of each session that is ended, once it durably is
        self.endings = 0  # how many sessions have been ended; whoever saw one alive may compare

    async def person(self, user: TelegramUser) -> Account:
        """Return a Telegram person's account, created where new."""
        first_name = user.first_name.replace("\0", "")  # the one text here that people choose freely
        return await self._store.person_by_telegram(
            user.id, first_name, user.username, user.language_code, self._clock()
        )

    async def open_session(
        self, account: Account, door: str, device: Device, *, proved_at: Micros | None = None
    ) -> SignedIn:
        """Open a session of an account by one of its doors, which somebody has proved to have: just now, or then.

        Raises DoorClosed where it has been unlinked since, SignedOutSince where the account was logged out everywhere.
        """
        session_id = secrets.token_urlsafe(16)
        refresh_token = _next_token(session_id)
        now, device = self._clock(), _labelled(device)
        session = Session(
            id=session_id,
            user_id=account.id,
            refresh_hash=_hash(refresh_token),
            created_at=now,
            refreshed_at=now,
            expires_at=Micros(now + SESSION_LIFE),
            user_agent=device.user_agent,
            address=device.address,
            door=door,
        )
        activity = Activity(account.id, now, ActivityKind.SIGNED_IN, session.address, door)
        signed_in, pushed_out = await self._store.open_session(session, activity, proved_at)
        self.tell_ended(pushed_out)
        self._feed.tell(signed_in)
        return SignedIn(account, session_id, refresh_token)

    async def refresh(self, refresh_token: str, device: Device) -> SignedIn:
        """Renew a session. Raises InvalidRefreshToken, and ends the session where a token of its past came again."""
        session_id = refresh_token.partition(".")[0]
        # Looked up before: a look-up that fails after the rotation would leave its owner without a good token.
        session = await self._store.session(session_id)
        account = await self._store.account(session.user_id) if session else None
        renewed, now = _next_token(session_id), self._clock()
        expires_at = Micros(now + SESSION_LIFE)
        rotation, reused = await self._store.rotate_session(
            Renewal(session_id, _hash(refresh_token), _hash(renewed), now, expires_at, _labelled(device))
        )
        if rotation is Rotation.ROTATED and account is not None:
            return SignedIn(account, session_id, renewed)
        if rotation is Rotation.REUSED:
            self._tell(session_id)
        if reused is not None:
            self._feed.tell(reused)
        raise InvalidRefreshToken

    async def by_telegram(self, telegram_id: int) -> Account | None:
        """Return a Telegram person's account, or None where there is none yet."""
        return await self._store.by_telegram(telegram_id)

    async def account(self, user: UserId) -> Account | None:
        """Return an account, or None."""
        return await self._store.account(user)

    async def sessions(self, user: UserId) -> list[Session]:
        """Return an account's live sessions, newest first."""
        return await self._store.sessions(user, self._clock())

    async def activity(self, user: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""
        return await self._store.activity(user, limit)

    async def check_not_unlinked(self, telegram_id: int, since: Micros) -> None:
        """Raise SignedOutSince where this Telegram person was unlinked from an account at this time or later.

        Launch data from before would else make them an account that is not in their hands.
        """
        if await self._store.telegram_unlinked(telegram_id, since):
            raise SignedOutSince

    async def signed_out_everywhere(self, user: UserId, since: Micros) -> bool:
        """Say whether the account was logged out everywhere at this time or later."""
        return await self._store.signed_out_everywhere(user, since)

    async def is_alive(self, user: UserId, session_id: str) -> bool:
        """Say whether this session is the account's and neither ended nor over."""
        session = await self._store.session(session_id)
        return (
            session is not None
            and session.user_id == user
            and session.revoked_at is None
            and session.expires_at > self._clock()
        )

    async def sign_out(self, user: UserId, session_id: str) -> bool:
        """End a session of this account at once. Return whether there was such a live one."""
        session = await self._store.session(session_id)
        if session is None or session.user_id != user:
            return False
        was_alive = await self._store.revoke_session(session_id, self._clock())
        self._tell(session_id)
        return was_alive

    def tell_ended(self, sessions: Iterable[str]) -> None:
        """Tell everybody who keeps sessions in mind that these have ended, durably."""
        for session_id in sessions:
            self._tell(session_id)

    async def sign_out_everywhere(self, user: UserId, device: Device, *, keep: str | None = None) -> None:
        """End all of the account's sessions at once, but never `keep`, and have it known from which device."""
        now, device = self._clock(), _labelled(device)
        told = Activity(user, now, ActivityKind.SIGNED_OUT_EVERYWHERE, device.address, device.user_agent)
        ended, kept = await self._store.revoke_sessions(told, keep=keep)
        self.tell_ended(ended)
        self._feed.tell(kept)

    def _tell(self, session_id: str) -> None:
        self.endings += 1
        for tell in self.ended:
            tell(session_id)


def _labelled(device: Device) -> Device:
    return Device(_label(device.user_agent), _label(device.address))


def _label(text: str) -> str:
    """Return what is kept of a header, which may hold bytes that are no text."""
    return text.encode("utf-8", "replace").decode()[:MAX_LABEL]


def _next_token(session_id: str) -> str:
    return f"{session_id}.{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip('=')}"


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode("utf-8", "replace")).digest()
