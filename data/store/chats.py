"""What the bot knows of people and chats: what they chose, conversations, cards that wait, updates that came."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from data.store.connection import Connection
from data.store.readers import Readers, rows
from data.store.store import Store
from engine.core.types import Micros, UserId

DAY: Final = Micros(86_400 * 1_000_000)
MOST_CARDS: Final = 20  # of one person
PRUNED: Final = 500  # rows that go at once

_LANGUAGE: Final = "SELECT language FROM bot_people WHERE user_id = ?"
_CHOOSE_LANGUAGE: Final = """
    INSERT INTO bot_people (user_id, language, notify) VALUES (?, ?, '{}')
    ON CONFLICT (user_id) DO UPDATE SET language = excluded.language
"""

_TALK: Final = "SELECT state, data FROM bot_conversations WHERE key = ?"
_KEEP_TALK: Final = """
    INSERT INTO bot_conversations (key, state, data, at) VALUES (?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET state = excluded.state, data = excluded.data, at = excluded.at
"""
_END_TALK: Final = "DELETE FROM bot_conversations WHERE key = ?"

_ADD_CARD: Final = (
    "INSERT INTO bot_cards (nonce, user_id, chat, message, body, until, taken) VALUES (?, ?, ?, ?, ?, ?, 0)"
)
_TAKE_CARD: Final = (
    "UPDATE bot_cards SET taken = 1 WHERE nonce = ? AND user_id = ? AND chat = ? AND message = ? AND taken = 0"
    " RETURNING body, until"
)
_CARD_PLACE: Final = "SELECT chat, message FROM bot_cards WHERE nonce = ? AND user_id = ? AND taken = 1"
_PRUNE_CARDS: Final = """
    DELETE FROM bot_cards WHERE user_id = ? AND (until < ? OR nonce IN
        (SELECT nonce FROM bot_cards WHERE user_id = ? ORDER BY until DESC LIMIT 4611686018427387904 OFFSET ?))
"""

_SEE: Final = "INSERT INTO bot_seen (name, at) VALUES (?, ?) ON CONFLICT DO NOTHING"


class WaitingCard(Struct, frozen=True):
    """A card as it is kept: whose it is, in which message, and until when it is good."""

    nonce: str
    user: UserId
    chat: int
    message: int
    body: bytes
    until: Micros


class SqlChats:
    """Every write is durable when it returns."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def language(self, user: UserId) -> str | None:
        """Return the language that a person chose."""
        found = await self._readers.read(lambda connection: rows(connection, _LANGUAGE, (user,)))
        return found[0][0] if found else None

    async def choose_language(self, user: UserId, language: str) -> None:
        """Keep a person's language."""
        await self._store.write(lambda connection: connection.execute(_CHOOSE_LANGUAGE, (user, language)))

    async def conversation(self, key: str) -> tuple[str | None, str]:
        """Return a conversation's state and data (JSON)."""
        found = await self._readers.read(lambda connection: rows(connection, _TALK, (key,)))
        return (found[0][0], found[0][1]) if found else (None, "{}")

    async def keep_conversation(self, key: str, state: str | None, data: str, now: Micros) -> None:
        """Keep a conversation; one that has neither state nor data is forgotten. Some of a day ago go for it."""

        def write(connection: Connection) -> None:
            _prune(connection, "bot_conversations", "key", Micros(now - DAY))
            if state is None and data == "{}":
                connection.execute(_END_TALK, (key,))
            else:
                connection.execute(_KEEP_TALK, (key, state, data, now))

        await self._store.write(write)

    async def add_card(self, card: WaitingCard) -> None:
        """Keep a card. The person's oldest go beyond MOST_CARDS, and those of a day ago."""
        values = (card.nonce, card.user, card.chat, card.message, card.body, card.until)

        def write(connection: Connection) -> None:
            connection.execute(_ADD_CARD, values)
            connection.execute(_PRUNE_CARDS, (card.user, card.until - DAY, card.user, MOST_CARDS))

        await self._store.write(write)

    async def take_card(self, nonce: str, user: UserId, chat: int, message: int) -> tuple[bytes, Micros] | None:
        """Return a card's body and end, once; None where this person has no such in this message."""
        values = (nonce, user, chat, message)
        found = await self._store.write(lambda connection: connection.execute(_TAKE_CARD, values).fetchall())
        return (found[0][0], found[0][1]) if found else None

    async def card_place(self, nonce: str, user: UserId) -> tuple[int, int] | None:
        """Return the chat and the message of a card that was taken."""
        found = await self._readers.read(lambda connection: rows(connection, _CARD_PLACE, (nonce, user)))
        return (found[0][0], found[0][1]) if found else None

    async def see(self, updates: Sequence[Sequence[str]], now: Micros) -> list[bool]:
        """Note that updates came, each by all of its names; say of each whether none of them had come before."""

        def write(connection: Connection) -> list[bool]:
            _prune(connection, "bot_seen", "name", Micros(now - 2 * DAY))
            new = [[connection.execute(_SEE, (name, now)).rowcount for name in names] for names in updates]
            return [all(each) for each in new]

        return await self._store.write(write)


def _prune(connection: Connection, table: str, key: str, before: Micros) -> None:
    connection.execute(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE at < ? LIMIT {PRUNED})",  # noqa: S608
        (before,),
    )
