"""A statement as PostgreSQL takes it: its parameters by number, without what only SQLite's planner needs to be told."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

from data.store.connection import Both, Values

# Text in quotes is left alone, and so are casts (::).
_TOKEN: Final = re.compile(r"'[^']*'|::|\?|:([a-z_]+)")
_NAMED_INDEX: Final = re.compile(r" INDEXED BY \w+")
_IN_THIS_ORDER: Final = re.compile(r"CROSS JOIN (\w+) (ON|USING)")
_LISTED: Final = re.compile(r"json_each\((:[a-z_]+)\)")  # integers in JSON
_ELEMENTS: Final = r"(SELECT CAST(each AS BIGINT) AS value FROM jsonb_array_elements_text(CAST(\1 AS JSONB)) AS each)"


class Translated:
    """A statement, and the order of its parameters where they have names."""

    __slots__ = ("names", "text")

    def __init__(self, text: str, names: list[str]) -> None:
        self.text = text
        self.names = names

    def arguments(self, values: Values) -> list[Any]:
        """Return parameters in the order of their numbers."""
        if isinstance(values, Mapping):
            return [values[name] for name in self.names]
        return list(values)


@lru_cache(maxsize=1_000)
def translated(statement: str) -> Translated:
    """Return a statement in PostgreSQL's words. Statements are our own and constant, so they are kept."""
    if isinstance(statement, Both):
        statement = statement.postgres
    statement = _IN_THIS_ORDER.sub(r"JOIN \1 \2", _NAMED_INDEX.sub("", statement))
    statement = _LISTED.sub(_ELEMENTS, statement)
    names: list[str] = []
    count = 0

    def numbered(found: re.Match[str]) -> str:
        nonlocal count
        if found[0] == "?":
            count += 1
            return f"${count}"
        name = found[1]
        if name is None:
            return found[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return Translated(_TOKEN.sub(numbered, statement), names)
