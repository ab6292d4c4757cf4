"""The language that people are spoken to in: as they chose, else Telegram's."""

from typing import Final

from bot.texts import Say, Texts
from data.store.chats import SqlChats
from engine.core.types import UserId

MOST: Final = 10_000  # whose languages are remembered here


class People:
    """Languages as they are kept; those of who was here lately are in memory too."""

    def __init__(self, store: SqlChats, texts: Texts) -> None:
        self._store = store
        self._texts = texts
        self._known: dict[UserId, str | None] = {}

    def stranger(self, language_code: str | None) -> Say:
        """Return the language of somebody of whom we know only what Telegram says."""
        return self._texts.of(language_code)

    async def say(self, user: UserId, language_code: str | None) -> Say:
        """Return a person's language."""
        if user not in self._known:
            found = await self._store.language(user)
            self._known.setdefault(user, found)  # unless it was chosen meanwhile
            if len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        return self._texts.of(self._known[user] or language_code)

    async def choose(self, user: UserId, language: str) -> Say:
        """Speak to somebody in this language from now on."""
        await self._store.choose_language(user, language)
        self._known[user] = language
        return self._texts.of(language)
