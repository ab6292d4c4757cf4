"""What people are told by the bot and what is still to be told, as it is kept."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Collection, Sequence
from typing import Final

from msgspec import Struct
from msgspec.structs import astuple

from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.schema import NoticeState
from data.store.store import Store
from engine.core.types import Micros, OrderId, TradeId, UserId

PRUNED: Final = 500  # rows that go at once

_COLUMNS: Final = "user_id, topic, state, body, at, rings, chat, message"
_LEFT: Final = f"SELECT {_COLUMNS} FROM bot_notices WHERE state <> 'told' ORDER BY at LIMIT ?"
# Who does not know where it was told before leaves that as it is.
_STAYS: Final = ":place_unknown AND excluded.chat IS NULL"
_KEEP: Final = f"""
    INSERT INTO bot_notices ({_COLUMNS}) VALUES (:user, :topic, :state, :body, :at, :rings, :chat, :message)
    ON CONFLICT (user_id, topic) DO UPDATE SET state = excluded.state, body = excluded.body, at = excluded.at,
        rings = excluded.rings,
        chat = CASE WHEN {_STAYS} THEN bot_notices.chat ELSE excluded.chat END,
        message = CASE WHEN {_STAYS} THEN bot_notices.message ELSE excluded.message END
"""
_DROP: Final = "DELETE FROM bot_notices WHERE user_id = ? AND topic = ?"
_KNOWN: Final = "SELECT state, chat, message FROM bot_notices WHERE user_id = ? AND topic = ?"
_PRUNE: Final = f"""
    DELETE FROM bot_notices WHERE (user_id, topic) IN
        (SELECT user_id, topic FROM bot_notices WHERE state = 'told' AND at < ? LIMIT {PRUNED})
"""
_CURSOR: Final = "SELECT at, trade_id, order_id, activity_id FROM bot_cursor"
_MOVE: Final = """
    INSERT INTO bot_cursor (id, at, trade_id, order_id, activity_id) VALUES (1, ?, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET at = excluded.at, trade_id = excluded.trade_id, order_id = excluded.order_id,
        activity_id = excluded.activity_id
"""


class Cursor(Struct, frozen=True):
    """Up to where what happened was looked at: the time, and the newest trade, order and activity."""

    at: Micros
    trade: TradeId
    order: OrderId
    activity: int


class Place(Struct, frozen=True):
    """A message: where something is told."""

    chat: int
    message: int


class NoticeRow(Struct, frozen=True):
    """A notice as it is kept. body is JSON that whoever tells it understands; rings wants a message of its own.

    place_unknown says that no place is no news: one that is kept already stays.
    """

    user: UserId
    topic: str
    state: NoticeState
    body: str
    at: Micros
    rings: bool
    place: Place | None
    place_unknown: bool = False


class SqlNotices:
    """Notices, each known by its person and its topic."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def left(self, limit: int) -> list[NoticeRow]:
        """Return what was not told yet, oldest first."""
        found = await self._readers.read(lambda connection: rows(connection, _LEFT, (limit,)))
        return [
            NoticeRow(user, topic, NoticeState(state), body, at, bool(rings), _place(chat, message))
            for user, topic, state, body, at, rings, chat, message in found
        ]

    async def keep(
        self, changed: Sequence[NoticeRow], gone: Collection[tuple[UserId, str]], cursor: Cursor | None
    ) -> None:
        """Keep notices as they are now, forget others, and move the cursor, in one transaction."""
        values = [_values(row) for row in changed]

        def write(connection: Connection) -> None:
            connection.executemany(_KEEP, values)
            connection.executemany(_DROP, gone)
            if cursor is not None:
                connection.execute(_MOVE, astuple(cursor))

        await self._store.write(write)

    async def known(self, user: UserId, topic: str) -> tuple[NoticeState, Place | None] | None:
        """Return a notice's state, and where it was told last; None where there is no such."""
        found = await self._readers.read(lambda connection: rows(connection, _KNOWN, (user, topic)))
        if not found:
            return None
        state, chat, message = found[0]
        return NoticeState(state), _place(chat, message)

    async def prune(self, before: Micros) -> None:
        """Forget some of what was told before this time."""
        await self._store.write(lambda connection: connection.execute(_PRUNE, (before,)))

    async def cursor(self) -> Cursor | None:
        """Return up to where what happened was looked at; None where nobody ever looked."""
        found = await self._readers.read(lambda connection: rows(connection, _CURSOR))
        return Cursor(*found[0]) if found else None


def _place(chat: int | None, message: int | None) -> Place | None:
    return None if chat is None or message is None else Place(chat, message)


def _values(row: NoticeRow) -> dict[str, object]:
    return {
        "user": row.user,
        "topic": row.topic,
        "state": row.state.value,
        "body": row.body,
        "at": row.at,
        "rings": row.rings,
        "chat": row.place and row.place.chat,
        "message": row.place and row.place.message,
        "place_unknown": row.place_unknown,
    }
