"""The writer's inserts on PostgreSQL: all rows of a batch in one statement, a column an array."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy.dialects import postgresql

from data.store.asking import Asking
from data.store.rows import MAX_INTEGER, Row
from data.store.statements import Insert, Merge

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
        table, columns = insert.table, insert.columns
        types = [table.c[name].type.compile(_DIALECT) for name in columns]
        arrays = ", ".join(f"${number}::{type_}[]" for number, type_ in enumerate(types, 1))
        self._statement = f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT * FROM unnest({arrays})"  # noqa: S608
        if insert.update_on_conflict or insert.merge:
            changes = [f"{name} = excluded.{name}" for name in insert.update_on_conflict] + [
                f"{name} = " + _MERGED[merge].format(kept=f"{table.name}.{name}", new=f"excluded.{name}")
                for name, merge in insert.merge.items()
            ]
            key = ", ".join(column.name for column in table.primary_key.columns)
            self._statement += f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(changes)}"

    async def run(self, asking: Asking, rows: Sequence[Row]) -> None:
        """Insert all rows, in their order."""
        if rows:
            prepared = await asking.prepared(self._statement)
            await prepared.fetch(*map(list, zip(*rows, strict=True)))
