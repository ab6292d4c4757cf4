"""What accounts ask of the outside world. `data.store.accounts` implements it."""

from typing import Protocol

from engine.accounts.types import Account, Activity, AdminAct, Rotation, Session
from engine.core.types import Micros, UserId


class AccountStore(Protocol):
    """Where people and sessions are kept. Every write is durable when it returns."""

    async def person_by_telegram(
        self, telegram_id: int, first_name: str, username: str | None, language_code: str | None, now: Micros
    ) -> Account:
        """Return the person with this Telegram id, created where new, with the names as given now.

        Telegram always tells a first name; where somebody else names a person, without one, the known names stay.
        """

    async def account(self, user_id: UserId) -> Account | None:
        """Return an account, or None."""

    async def open_session(self, session: Session, signed_in: Activity) -> tuple[Activity, list[str]]:
        """Keep a new session and that it was opened. The owner's dead sessions go, and the oldest beyond MAX_SESSIONS.

        Returns the activity as it is kept and the ids of the latter sessions, which have ended now. Raises DoorClosed
        where the account has the session's door no longer.
        """

    async def session(self, session_id: str) -> Session | None:
        """Return a session, dead or alive, or None."""

    async def rotate_session(
        self, session_id: str, old_hash: bytes, new_hash: bytes, now: Micros, expires_at: Micros
    ) -> Rotation:
        """Replace the refresh token by the next one, once: of two calls with the same old_hash one is REUSED."""

    async def revoke_session(self, session_id: str, now: Micros) -> bool:
        """End a session. Return whether it was alive."""

    async def sessions(self, user_id: UserId, now: Micros) -> list[Session]:
        """Return an account's live sessions, newest first."""

    async def activity(self, user_id: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""


class AdminStore(Protocol):
    """Where it is kept what administrators did. Nothing is ever changed or deleted there."""

    async def account(self, user_id: UserId) -> Account | None:
        """Return an account, or None."""

    async def log_admin_act(self, act: AdminAct) -> None:
        """Keep an act; it is durable when this returns."""

    async def admin_acts(self, limit: int, before: int | None) -> list[AdminAct]:
        """Return acts, newest first; those before an id, or the newest."""
