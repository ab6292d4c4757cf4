"""Sessions as rows: opened, renewed and ended in the caller's transaction."""

from typing import Final

from data.store import activities, doors, expired
from data.store.connection import Connection
from engine.accounts.refusals import DoorClosed
from engine.accounts.types import MAX_SESSIONS, Activity, ActivityKind, Renewal, Rotation, Session
from engine.core.types import Micros, UserId

_COLUMNS: Final = (
    "SELECT id, user_id, refresh_hash, created_at, refreshed_at, expires_at, user_agent, address, door,"
    " previous_refresh_hash, revoked_at FROM sessions"
)
BY_ID: Final = _COLUMNS + " WHERE id = ?"
LIVE: Final = _COLUMNS + " WHERE user_id = ? AND revoked_at IS NULL AND expires_at > ? ORDER BY refreshed_at DESC"


def keep(connection: Connection, session: Session) -> list[str]:
    """Keep a new session. Return the ids of its owner's that it pushed out; the owner's dead ones go silently.

    Some that expired long ago go as well, whosever they are, so that nothing else has to look for them. Raises
    DoorClosed where the account has the session's door no longer.
    """
    if not doors.has(connection, session.user_id, session.door):
        raise DoorClosed
    expired.clean(connection, expired.SESSIONS, session.created_at)
    connection.execute(
        "DELETE FROM sessions WHERE user_id = ? AND (revoked_at IS NOT NULL OR expires_at <= ?)",
        (session.user_id, session.created_at),
    )
    pushed_out = connection.execute(
        "DELETE FROM sessions WHERE id IN"
        " (SELECT id FROM sessions WHERE user_id = ? ORDER BY refreshed_at DESC LIMIT 4611686018427387904 OFFSET ?)"
        " RETURNING id",
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


def rotate(connection: Connection, renewal: Renewal) -> tuple[Rotation, Activity | None]:
    """Replace a session's refresh token by the next one, or end the session where the token is one of its past."""
    row = connection.execute(BY_ID, (renewal.session,)).fetchone()
    if row is None:
        return Rotation.UNKNOWN, None
    session, now, device = Session(*row), renewal.now, renewal.device
    if session.revoked_at is not None or session.expires_at <= now:
        return Rotation.EXPIRED, None
    if session.refresh_hash != renewal.old_hash:
        revoke(connection, session.id, now)
        reused = Activity(session.user_id, now, ActivityKind.REFRESH_TOKEN_REUSED, device.address, session.user_agent)
        return Rotation.REUSED, activities.record(connection, reused)
    connection.execute(
        "UPDATE sessions SET refresh_hash = ?, previous_refresh_hash = ?, refreshed_at = ?, expires_at = ?,"
        " user_agent = ?, address = ? WHERE id = ?",
        (
            renewal.new_hash,
            renewal.old_hash,
            now,
            renewal.expires_at,
            device.user_agent,
            device.address,
            session.id,
        ),
    )
    return Rotation.ROTATED, None


def revoke(connection: Connection, session_id: str, now: Micros) -> bool:
    """End a session. Return whether it was alive."""
    ended = connection.execute(
        "UPDATE sessions SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL AND expires_at > ?",
        (now, session_id, now),
    )
    return ended.rowcount == 1


def revoke_many(
    connection: Connection, user_id: UserId, now: Micros, *, door: str | None = None, keep: str | None = None
) -> list[str]:
    """End an account's live sessions, only those that `door` opened where it is named, but never the one to keep.

    Return their ids.
    """
    ended = connection.execute(
        "UPDATE sessions SET revoked_at = :now WHERE user_id = :user AND revoked_at IS NULL AND expires_at > :now"
        " AND (CAST(:door AS TEXT) IS NULL OR door = :door) AND (CAST(:keep AS TEXT) IS NULL OR id <> :keep)"
        " RETURNING id",
        {"now": now, "user": user_id, "door": door, "keep": keep},
    ).fetchall()
    return [session_id for (session_id,) in ended]
