"""What people chose: the language they are spoken to in, and what they want to hear of and how loudly."""

from collections.abc import Mapping
from typing import Final

import msgspec

from bot.bodies import Kind, Level
from bot.texts import Say, Texts
from data.store.chats import Choices, SqliteChats
from engine.core.types import UserId

MOST: Final = 10_000  # whose choices are remembered here


class People:
    """Choices as they are kept; those of who was here lately are in memory too."""

    def __init__(self, store: SqliteChats, texts: Texts) -> None:
        self._store = store
        self._texts = texts
        self._known: dict[UserId, Choices] = {}

    def stranger(self, language_code: str | None) -> Say:
        """Return the language of somebody of whom we know only what Telegram says."""
        return self._texts.of(language_code)

    async def say(self, user: UserId, language_code: str | None) -> Say:
        """Return a person's language: as chosen, else Telegram's."""
        return self._texts.of((await self._choices(user)).language or language_code)

    async def choose(self, user: UserId, language: str) -> Say:
        """Speak to somebody in this language from now on."""
        await self._store.choose_language(user, language)
        self._known.pop(user, None)
        return self._texts.of(language)

    async def levels(self, user: UserId) -> Mapping[Kind, Level]:
        """Return how loudly somebody wants to hear of each kind."""
        chosen = msgspec.json.decode((await self._choices(user)).notify)
        return {kind: Level(chosen.get(kind.value, Level.ON.value)) for kind in Kind}

    async def level(self, user: UserId, kind: Kind) -> Level:
        """Return how loudly somebody wants to hear of a kind."""
        return (await self.levels(user))[kind]

    async def choose_level(self, user: UserId, kind: Kind, level: Level) -> None:
        """Let somebody hear of a kind like that from now on."""
        await self._store.choose_notify(user, kind.value, level.value)
        self._known.pop(user, None)

    async def _choices(self, user: UserId) -> Choices:
        known = self._known.get(user)
        if known is None:
            known = self._known[user] = await self._store.choices(user)
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return known
