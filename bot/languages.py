"""In which language each person is spoken to."""

from typing import Final

from bot.texts import Say, Texts
from engine.core.types import UserId

MOST: Final = 100_000


class Languages:
    """What people have chosen, in memory; who has not chosen is spoken to in Telegram's language."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts
        self._chosen: dict[UserId, str] = {}

    def of(self, user: UserId | None, language_code: str | None) -> Say:
        """Return the language of a person; of nobody we know where user is None."""
        chosen = self._chosen.get(user) if user is not None else None
        return self._texts.of(chosen or language_code)

    def choose(self, user: UserId, language: str) -> Say:
        """Speak to somebody in this language from now on."""
        self._chosen[user] = language
        if len(self._chosen) > MOST:
            del self._chosen[next(iter(self._chosen))]
        return self._texts.of(language)
