"""People and their sessions: `engine.accounts.ports.AccountStore` on SQLite.

Writes go through the one writer's thread, each in a transaction of its own; reads go to the readers.
"""

import sqlite3
from typing import Final

from data.store import activities, doors, expired
from data.store.readers import Readers, rows
from data.store.sqlite import SqliteStore
from engine.accounts.refusals import DoorClosed
from engine.accounts.types import MAX_SESSIONS, Account, Activity, AdminAct, Rotation, Session
from engine.core.types import FIRST_PERSON, Micros, UserId

_ACCOUNT: Final = "SELECT id, telegram_id, first_name, username, language_code, created_at FROM users"
_PERSON: Final = _ACCOUNT + " WHERE id = ? AND kind = 'person'"
_BY_TELEGRAM: Final = _ACCOUNT + " WHERE telegram_id = ?"
_SESSION: Final = (
    "SELECT id, user_id, refresh_hash, created_at, refreshed_at, expires_at, user_agent, address, door,"
    " previous_refresh_hash, revoked_at FROM sessions"
)
_SESSION_BY_ID: Final = _SESSION + " WHERE id = ?"
_LIVE: Final = _SESSION + " WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ? ORDER BY refreshed_at DESC"

_LOG: Final = "INSERT INTO admin_log (at, admin_id, act, target, address) VALUES (?, ?, ?, ?, ?)"
_ACTS: Final = "SELECT at, admin_id, act, target, address, id FROM admin_log WHERE id < ? ORDER BY id DESC LIMIT ?"
_NEWEST: Final = 2**63 - 1


class SqliteAccounts:
    """`engine.accounts.ports.AccountStore` and `AdminStore`."""

    def __init__(self, store: SqliteStore, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def person_by_telegram(
        self, telegram_id: int, first_name: str, username: str | None, language_code: str | None, now: Micros
    ) -> Account:
        """Return the person with this Telegram id, created where new, with the names as given now.

        Telegram always tells a first name; where somebody else names a person, without one, the known names stay.
        """
        known = await self._account(_BY_TELEGRAM, telegram_id)
        names = (first_name, username, language_code)
        if known and (not first_name or (known.first_name, known.username, known.language_code) == names):
            return known
        return await self._store.write(
            lambda connection: person_by_telegram(connection, telegram_id, first_name, username, language_code, now)
        )

    async def account(self, user_id: UserId) -> Account | None:
        """Return a person's account, or None."""
        return await self._account(_PERSON, user_id)

    async def open_session(self, session: Session, signed_in: Activity) -> tuple[Activity, list[str]]:
        """Keep a new session and that it was opened. The owner's dead sessions go, and the oldest beyond MAX_SESSIONS.

        Returns the activity as it is kept and the ids of the latter sessions, which have ended now. Raises DoorClosed
        where the account has the session's door no longer.
        """
        return await self._store.write(
            lambda connection: (activities.record(connection, signed_in), _open_session(connection, session))
        )

    async def session(self, session_id: str) -> Session | None:
        """Return a session, dead or alive, or None."""
        found = await self._readers.read(lambda connection: rows(connection, _SESSION_BY_ID, (session_id,)))
        return Session(*found[0]) if found else None

    async def rotate_session(
        self, session_id: str, old_hash: bytes, new_hash: bytes, now: Micros, expires_at: Micros
    ) -> Rotation:
        """Replace the refresh token by the next one, once: of two calls with the same old_hash one is REUSED."""
        return await self._store.write(
            lambda connection: _rotate(connection, session_id, old_hash, new_hash, now, expires_at)
        )

    async def revoke_session(self, session_id: str, now: Micros) -> bool:
        """End a session. Return whether it was alive."""
        return await self._store.write(lambda connection: _revoke(connection, session_id, now))

    async def sessions(self, user_id: UserId, now: Micros) -> list[Session]:
        """Return an account's live sessions, newest first."""
        found = await self._readers.read(lambda connection: rows(connection, _LIVE, (user_id, now)))
        return [Session(*row) for row in found]

    async def activity(self, user_id: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""
        found = await self._readers.read(lambda connection: rows(connection, activities.LATEST, (user_id, limit)))
        return [activities.from_row(row) for row in found]

    async def log_admin_act(self, act: AdminAct) -> None:
        """Keep an act; it is durable when this returns."""
        row = (act.at, act.admin_id, act.act, act.target, act.address)
        await self._store.write(lambda connection: connection.execute(_LOG, row))

    async def admin_acts(self, limit: int, before: int | None) -> list[AdminAct]:
        """Return acts, newest first; those before an id, or the newest."""
        values = (_NEWEST if before is None else before, limit)
        found = await self._readers.read(lambda connection: rows(connection, _ACTS, values))
        return [AdminAct(*row) for row in found]

    async def _account(self, statement: str, value: int) -> Account | None:
        found = await self._readers.read(lambda connection: rows(connection, statement, (value,)))
        return Account(*found[0]) if found else None


def person(connection: sqlite3.Connection, user_id: UserId) -> Account:
    """Return a person that there is, in the caller's transaction."""
    return Account(*connection.execute(_PERSON, (user_id,)).fetchone())


def person_by_telegram(
    connection: sqlite3.Connection,
    telegram_id: int,
    first_name: str,
    username: str | None,
    language_code: str | None,
    now: Micros,
) -> Account:
    """Insert or update a person in the caller's transaction. Ids are given in the order of arrival."""
    connection.execute(
        "INSERT INTO users (id, kind, telegram_id, first_name, username, language_code, created_at)"
        " SELECT max(coalesce(max(id), 0) + 1, ?), 'person', ?, ?, ?, ?, ? FROM users WHERE true"
        " ON CONFLICT (telegram_id) DO UPDATE SET"
        " first_name = excluded.first_name, username = excluded.username, language_code = excluded.language_code",
        (FIRST_PERSON, telegram_id, first_name, username, language_code, now),
    )
    return Account(*connection.execute(_BY_TELEGRAM, (telegram_id,)).fetchone())


def _session(connection: sqlite3.Connection, session_id: str) -> Session | None:
    row = connection.execute(_SESSION_BY_ID, (session_id,)).fetchone()
    return Session(*row) if row else None


def _open_session(connection: sqlite3.Connection, session: Session) -> list[str]:
    if not doors.has(connection, session.user_id, session.door):
        raise DoorClosed
    expired.clean(connection, expired.SESSIONS, session.created_at)
    connection.execute(
        "DELETE FROM sessions WHERE user_id = ? AND (revoked_at IS NOT NULL OR expires_at <= ?)",
        (session.user_id, session.created_at),
    )
    pushed_out = connection.execute(
        "DELETE FROM sessions WHERE id IN"
        " (SELECT id FROM sessions WHERE user_id = ? ORDER BY refreshed_at DESC LIMIT -1 OFFSET ?) RETURNING id",
        (session.user_id, MAX_SESSIONS - 1),
    ).fetchall()
    connection.execute(
        "INSERT INTO sessions"
        " (id, user_id, refresh_hash, created_at, refreshed_at, expires_at, user_agent, address, door)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            session.id,
            session.user_id,
            session.refresh_hash,
            session.created_at,
            session.refreshed_at,
            session.expires_at,
            session.user_agent,
            session.address,
            session.door,
        ),
    )
    return [session_id for (session_id,) in pushed_out]


def _rotate(
    connection: sqlite3.Connection, session_id: str, old_hash: bytes, new_hash: bytes, now: Micros, expires_at: Micros
) -> Rotation:
    session = _session(connection, session_id)
    if session is None:
        return Rotation.UNKNOWN
    if session.revoked_at is not None or session.expires_at <= now:
        return Rotation.EXPIRED
    if session.refresh_hash == old_hash:
        connection.execute(
            "UPDATE sessions SET refresh_hash = ?, previous_refresh_hash = ?, refreshed_at = ?, expires_at = ?"
            " WHERE id = ?",
            (new_hash, old_hash, now, expires_at, session_id),
        )
        return Rotation.ROTATED
    if session.previous_refresh_hash == old_hash:
        _revoke(connection, session_id, now)
        return Rotation.REUSED
    return Rotation.UNKNOWN


def _revoke(connection: sqlite3.Connection, session_id: str, now: Micros) -> bool:
    ended = connection.execute(
        "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL AND expires_at > ?",
        (now, session_id, now),
    )
    return ended.rowcount == 1
