"""What accounts ask of the outside world. `data.store.accounts` implements it."""

from typing import Protocol

from engine.accounts.types import Account, Activity, Renewal, Rotation, Session
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

        Returns the activity as it is kept and the ids of the latter sessions, which have ended now.
        """

    async def session(self, session_id: str) -> Session | None:
        """Return a session, dead or alive, or None."""

    async def rotate_session(self, renewal: Renewal) -> tuple[Rotation, Activity | None]:
        """Replace the refresh token by the next one, once: of two calls with the same old_hash one is REUSED.

        The session's place of last use is then the renewal's device. With REUSED comes the activity that tells of it.
        """

    async def revoke_session(self, session_id: str, now: Micros) -> bool:
        """End a session. Return whether it was alive."""

    async def revoke_sessions(
        self, user_id: UserId, now: Micros, *, door: str | None, keep: str | None, told: Activity | None
    ) -> tuple[list[str], Activity | None]:
        """End an account's live sessions, only those that `door` opened where it is named, but never the one to keep.

        Returns their ids, and `told` as it is kept where it is given.
        """

    async def sessions(self, user_id: UserId, now: Micros) -> list[Session]:
        """Return an account's live sessions, newest first."""

    async def signed_out_everywhere(self, user_id: UserId, since: Micros) -> bool:
        """Say whether an account was logged out everywhere at this time or later."""

    async def activity(self, user_id: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""
