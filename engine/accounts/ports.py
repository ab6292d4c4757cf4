"""What accounts ask of the outside world. `data.store` keeps, `webapp_api.auth.sealing` seals."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.accounts.types import Account, Activity, ActPattern, AdminAct, ApiKey, KeyUse, Renewal, Rotation, Session
from engine.accounts.wallet_types import Asker
from engine.core.types import Micros, UserId


class ApiKeyStore(Protocol):
    """Where API keys are kept. Every write is durable when it returns."""

    async def add(self, key: ApiKey, created: Activity, asker: Asker) -> Activity | None:
        """Keep a new key and that it was made. Return the activity as it is kept, None beyond MAX_API_KEYS.

        Raises SessionOver where the session that asks has ended.
        """

    async def find(self, key_id: str) -> ApiKey | None:
        """Return a key, or None."""

    async def of_account(self, user_id: UserId) -> list[ApiKey]:
        """Return an account's keys, newest first."""

    async def remove(self, key_id: str, revoked: Activity) -> Activity | None:
        """Delete a key of the activity's account and keep that. Return the activity, None where there is no such."""

    async def used(self, uses: Sequence[KeyUse]) -> None:
        """Keep when and from where keys were used last. Keys that are gone are left out."""

    async def sealed(self, after: str, most: int) -> list[ApiKey]:
        """Return keys with sealed secrets by their ids, from after this one on."""

    async def replace_secrets(self, secrets: Mapping[str, bytes]) -> None:
        """Keep other secrets, by keys' ids. Keys that are gone are left out."""


class Sealing(Protocol):
    """Encryption of what a stolen database must not tell. name is what the secret belongs to: it opens nothing else."""

    def seal(self, secret: bytes, name: str) -> bytes:
        """Return a secret sealed."""

    def open(self, sealed: bytes, name: str) -> bytes:
        """Return what was sealed under this name. Raises CannotOpen."""

    def is_current(self, sealed: bytes) -> bool:
        """Say whether it would be sealed by the same key today."""


class AccountStore(Protocol):
    """Where people and sessions are kept. Every write is durable when it returns."""

    async def person_by_telegram(
        self, telegram_id: int, first_name: str, username: str | None, language_code: str | None, now: Micros
    ) -> Account:
        """Return the person with this Telegram id, created where new, with the names as given now.

        Telegram always tells a first name; where somebody else names a person, without one, the known names stay.
        """

    async def by_telegram(self, telegram_id: int) -> Account | None:
        """Return the person with this Telegram id, or None."""

    async def account(self, user_id: UserId) -> Account | None:
        """Return an account, or None."""

    async def open_session(
        self, session: Session, signed_in: Activity, proved_at: Micros | None = None
    ) -> tuple[Activity, list[str]]:
        """Keep a new session and that it was opened. The owner's dead sessions go, and the oldest beyond MAX_SESSIONS.

        Returns the activity as it is kept and the ids of the latter sessions, which have ended now. Raises DoorClosed
        where the account has the session's door no longer, SignedOutSince where it was logged out everywhere at
        proved_at or later.
        """

    async def session(self, session_id: str) -> Session | None:
        """Return a session, dead or alive, or None."""

    async def rotate_session(self, renewal: Renewal) -> tuple[Rotation, Activity | None]:
        """Replace the refresh token by the next one, once: of two calls with the same old_hash one is REUSED.

        The session's place of last use is then the renewal's device. With REUSED comes the activity that tells of it.
        """

    async def revoke_session(self, session_id: str, now: Micros) -> bool:
        """End a session. Return whether it was alive."""

    async def revoke_sessions(self, signed_out: Activity, *, keep: str | None) -> tuple[list[str], Activity]:
        """End the live sessions of the activity's account at its time, but never the one to keep.

        Returns their ids, and the activity as it is kept.
        """

    async def sessions(self, user_id: UserId, now: Micros) -> list[Session]:
        """Return an account's live sessions, newest first."""

    async def telegram_unlinked(self, telegram_id: int, since: Micros) -> bool:
        """Say whether a Telegram person was unlinked from whatever account at this time or later."""

    async def signed_out_everywhere(self, user_id: UserId, since: Micros) -> bool:
        """Say whether an account was logged out everywhere at this time or later."""

    async def activity(self, user_id: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""


class AdminStore(Protocol):
    """Where it is kept what administrators did. Nothing is ever changed or deleted there."""

    async def account(self, user_id: UserId) -> Account | None:
        """Return an account, or None."""

    async def log_admin_act(self, act: AdminAct) -> None:
        """Keep an act; it is durable when this returns."""

    async def admin_acts(
        self, limit: int, before: int | None, only: Sequence[ActPattern] = ()
    ) -> tuple[list[AdminAct], int | None]:
        """Return acts, newest first, and before which id there may be more; those before an id, or the newest.

        Where `only` names some, the others are passed over: so many of them at a time that a page may hold few or none
        and there are more.
        """
