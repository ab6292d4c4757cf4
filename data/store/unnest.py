"""The writer's inserts on PostgreSQL: all rows of a batch in one statement, a column an array."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy.dialects import postgresql

from data.store.asking import Asking
from data.store.rows import MAX_INTEGER, Row
from data.store.statements import Insert, Merge
from data.store.words import translated

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_MERGED: Final[dict[Merge, str]] = {
    "max": "greatest({kept}, {new})",
    "min": "least({kept}, {new})",
    "sum": "{kept} + {new}",
    "capped_sum": f"least({{kept}}::numeric + {{new}}, {MAX_INTEGER})::bigint",
}


class Unnest:
    """`data.store.statements.Insert` as PostgreSQL takes it."""

    __slots__ = ("_statement",)

    def __init__(self, insert: Insert) -> None:
        self._statement = _insert(insert, 1)

    async def run(self, asking: Asking, rows: Sequence[Row]) -> None:
        """Insert all rows, in their order."""
        if rows:
            prepared = await asking.prepared(self._statement)
            await prepared.fetch(*_arrays(rows))


class Together:
    """Inserts that are made where an update changes something: all in one statement, so in one round trip.

    The update's parameters come first. What several inserts do is not seen by one another.
    """

    __slots__ = ("_empty", "_statement")

    def __init__(self, update: str, inserts: Sequence[Insert]) -> None:
        """Take an update with SQLite's parameters."""
        words = translated(update)
        parts, first = [f"moved AS ({words.text} RETURNING 1)"], words.text.count("$") + 1
        for insert in inserts:
            parts.append(f"into_{insert.table.name} AS ({_insert(insert, first, 'moved')})")
            first += len(insert.columns)
        self._empty: list[list[list[Any]]] = [[[] for _ in insert.columns] for insert in inserts]
        self._statement = f"WITH {', '.join(parts)} SELECT count(*) FROM moved"  # noqa: S608

    async def run(self, asking: Asking, values: Sequence[Any], rows: Sequence[Sequence[Row]]) -> bool:
        """Update, and insert all rows, each insert's in their order; say whether the update changed something."""
        arguments = list(values)
        for some, nothing in zip(rows, self._empty, strict=True):
            arguments += _arrays(some) if some else nothing
        prepared = await asking.prepared(self._statement)
        return bool(await prepared.fetchval(*arguments))


def _insert(insert: Insert, first: int, given: str = "") -> str:
    """Return an insert with a parameter a column from a number on; where `given` has no row it inserts nothing."""
    table, columns = insert.table, insert.columns
    types = [table.c[name].type.compile(_DIALECT) for name in columns]
    arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, first))
    source = ", ".join([*([given] if given else []), f"unnest({arrays}) AS new"])
    statement = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT new.* FROM {source}"  # noqa: S608
    if not (insert.update_on_conflict or insert.merge):
        return statement
    changes = [f"{name} = excluded.{name}" for name in insert.update_on_conflict] + [
        f"{name} = " + _MERGED[merge].format(kept=f"{table.name}.{name}", new=f"excluded.{name}")
        for name, merge in insert.merge.items()
    ]
    key = ", ".join(column.name for column in table.primary_key.columns)
    return f"{statement} ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes)}"


def _arrays(rows: Sequence[Row]) -> Iterable[list[Any]]:
    return map(list, zip(*rows, strict=True))
