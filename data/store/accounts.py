"""People and their sessions: `engine.accounts.ports.AccountStore` in SQL.

Writes go through the one writer's thread, each in a transaction of its own; reads go to the readers.
"""

from collections.abc import Sequence
from typing import Final

from data.store import activities, sessions
from data.store.connection import Connection, Reading
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.accounts.refusals import SignedOutSince
from engine.accounts.types import Account, Activity, ActivityKind, ActPattern, AdminAct, Renewal, Rotation, Session
from engine.core.types import FIRST_PERSON, Micros, UserId

_ACCOUNT: Final = "SELECT id, telegram_id, first_name, username, language_code, created_at FROM users"
_PERSON: Final = _ACCOUNT + " WHERE id = ? AND kind = 'person'"
_BY_TELEGRAM: Final = _ACCOUNT + " WHERE telegram_id = ?"

_LOG: Final = "INSERT INTO admin_log (at, admin_id, act, target, address) VALUES (?, ?, ?, ?, ?)"
_NEWEST: Final = "SELECT coalesce(max(id), 0) FROM admin_log"
_ACTS: Final = "SELECT at, admin_id, act, target, address, id FROM admin_log WHERE id < ? AND id >= ?"
_LOOKED: Final = 10_000  # acts that one look passes over


class SqlAccounts:
    """`engine.accounts.ports.AccountStore` and `AdminStore`."""

    def __init__(self, store: Store, readers: Readers) -> None:
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

    async def by_telegram(self, telegram_id: int) -> Account | None:
        """Return the person with this Telegram id, or None."""
        return await self._account(_BY_TELEGRAM, telegram_id)

    async def account(self, user_id: UserId) -> Account | None:
        """Return a person's account, or None."""
        return await self._account(_PERSON, user_id)

    async def open_session(
        self, session: Session, signed_in: Activity, proved_at: Micros | None = None
    ) -> tuple[Activity, list[str]]:
        """Keep a new session and that it was opened. The owner's dead sessions go, and the oldest beyond MAX_SESSIONS.

        Returns the activity as it is kept and the ids of the latter sessions, which have ended now. Raises DoorClosed
        where the account has the session's door no longer, SignedOutSince where it was logged out everywhere at
        proved_at or later.
        """
        return await self._store.write(lambda connection: _open_session(connection, session, signed_in, proved_at))

    async def session(self, session_id: str) -> Session | None:
        """Return a session, dead or alive, or None."""
        found = await self._readers.read(lambda connection: rows(connection, sessions.BY_ID, (session_id,)))
        return Session(*found[0]) if found else None

    async def rotate_session(self, renewal: Renewal) -> tuple[Rotation, Activity | None]:
        """Replace the refresh token by the next one, once: of two calls with the same old_hash one is REUSED.

        The session's place of last use is then the renewal's device. With REUSED comes the activity that tells of it.
        """
        return await self._store.write(lambda connection: sessions.rotate(connection, renewal))

    async def revoke_session(self, session_id: str, now: Micros) -> bool:
        """End a session. Return whether it was alive."""
        return await self._store.write(lambda connection: sessions.revoke(connection, session_id, now))

    async def revoke_sessions(self, signed_out: Activity, *, keep: str | None) -> tuple[list[str], Activity]:
        """End the live sessions of the activity's account at its time, but never the one to keep.

        Returns their ids, and the activity as it is kept.
        """
        return await self._store.write(
            lambda connection: (
                sessions.revoke_many(connection, signed_out.user_id, signed_out.at, keep=keep),
                activities.record(connection, signed_out),
            )
        )

    async def sessions(self, user_id: UserId, now: Micros) -> list[Session]:
        """Return an account's live sessions, newest first."""
        found = await self._readers.read(lambda connection: rows(connection, sessions.LIVE, (user_id, now)))
        return [Session(*row) for row in found]

    async def telegram_unlinked(self, telegram_id: int, since: Micros) -> bool:
        """Say whether a Telegram person was unlinked from whatever account at this time or later."""
        asked = (str(telegram_id), since)
        return bool(await self._readers.read(lambda connection: rows(connection, activities.UNLINKED, asked)))

    async def signed_out_everywhere(self, user_id: UserId, since: Micros) -> bool:
        """Say whether an account was logged out everywhere at this time or later."""
        asked = _signed_out(user_id, since)
        return bool(await self._readers.read(lambda connection: rows(connection, activities.SINCE, asked)))

    async def activity(self, user_id: UserId, limit: int) -> list[Activity]:
        """Return what happened to an account lately, newest first."""
        found = await self._readers.read(lambda connection: rows(connection, activities.LATEST, (user_id, limit)))
        return [activities.from_row(row) for row in found]

    async def log_admin_act(self, act: AdminAct) -> None:
        """Keep an act; it is durable when this returns."""
        row = (act.at, act.admin_id, act.act, act.target, act.address)
        await self._store.write(lambda connection: connection.execute(_LOG, row))

    async def admin_acts(
        self, limit: int, before: int | None, only: Sequence[ActPattern] = ()
    ) -> tuple[list[AdminAct], int | None]:
        """Return acts, newest first, and before which id there may be more; those before an id, or the newest.

        Where `only` names some, the others are passed over: so many of them at a time that a page may hold few or none
        and there are more.
        """
        kinds = " OR ".join(["act = ? AND target LIKE ?"] * len(only)) or "true"
        statement = f"{_ACTS} AND ({kinds}) ORDER BY id DESC LIMIT ?"
        wanted = [value for each in only for value in (each.act, each.target)]

        async def look(connection: Reading) -> tuple[list[AdminAct], int | None]:
            ((newest,),) = await rows(connection, _NEWEST, ())
            end = newest + 1 if before is None else min(before, newest + 1)
            values = (end, end - _LOOKED, *wanted, limit)
            found = [AdminAct(*row) for row in await rows(connection, statement, values)]
            if len(found) == limit:
                return found, found[-1].id
            return found, end - _LOOKED if end > _LOOKED + 1 else None

        return await self._readers.read(look)

    async def _account(self, statement: str, value: int) -> Account | None:
        found = await self._readers.read(lambda connection: rows(connection, statement, (value,)))
        return Account(*found[0]) if found else None


def _open_session(
    connection: Connection, session: Session, signed_in: Activity, proved_at: Micros | None
) -> tuple[Activity, list[str]]:
    # Asked here too: a log-out that comes at the same time leaves no session behind.
    since = None if proved_at is None else _signed_out(session.user_id, proved_at)
    if since is not None and connection.execute(activities.SINCE, since).fetchone():
        raise SignedOutSince
    return activities.record(connection, signed_in), sessions.keep(connection, session)


def _signed_out(user_id: UserId, since: Micros) -> tuple[UserId, str, Micros]:
    """Return the values of `activities.SINCE` that ask whether an account was logged out everywhere."""
    return user_id, ActivityKind.SIGNED_OUT_EVERYWHERE.value, since


def person(connection: Connection, user_id: UserId) -> Account:
    """Return a person that there is, in the caller's transaction."""
    return Account(*connection.execute(_PERSON, (user_id,)).fetchone())


def person_by_telegram(
    connection: Connection,
    telegram_id: int,
    first_name: str,
    username: str | None,
    language_code: str | None,
    now: Micros,
) -> Account:
    """Insert or update a person in the caller's transaction. Ids are given in the order of arrival."""
    connection.execute(
        "INSERT INTO users (id, kind, telegram_id, first_name, username, language_code, created_at)"
        " SELECT coalesce(max(id) + 1, CAST(? AS BIGINT)), 'person', CAST(? AS BIGINT), ?, ?, ?, CAST(? AS BIGINT)"
        " FROM users WHERE kind = 'person'"
        " ON CONFLICT (telegram_id) DO UPDATE SET"
        " first_name = excluded.first_name, username = excluded.username, language_code = excluded.language_code",
        (FIRST_PERSON, telegram_id, first_name, username, language_code, now),
    )
    return Account(*connection.execute(_BY_TELEGRAM, (telegram_id,)).fetchone())
