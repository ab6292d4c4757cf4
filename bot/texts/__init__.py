"""What the bot says: one JSON catalogue a language, all with the same keys and placeholders."""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Final

DEFAULT: Final = "en"
LANGUAGES: Final[Mapping[str, str]] = {"en": "English", "de": "Deutsch"}


class Say:
    """One language's catalogue."""

    def __init__(self, language: str, texts: Mapping[str, str]) -> None:
        self.language = language
        self.texts = texts

    def __call__(self, key: str, **values: str | int) -> str:
        """Return a text with its placeholders filled in. Raises KeyError where there is none of this key."""
        return self.texts[key].format(**values)


class Texts:
    """All catalogues, read once."""

    def __init__(self) -> None:
        folder = resources.files(__name__)
        self._said = {
            language: Say(language, json.loads((folder / f"{language}.json").read_text("utf-8")))
            for language in LANGUAGES
        }

    def of(self, language_code: str | None) -> Say:
        """Return the catalogue of a language as Telegram names it, such as "de" or "pt-BR"; else that of DEFAULT."""
        return self._said.get((language_code or "").partition("-")[0].lower(), self._said[DEFAULT])

    @property
    def all(self) -> Mapping[str, Mapping[str, str]]:
        """All texts by language and key, for who shares some of them."""
        return {language: say.texts for language, say in self._said.items()}
