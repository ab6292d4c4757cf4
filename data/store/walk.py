"""Find an owner's newest rows through indexes that go by bucket of ids first (see `schema`).

A walk goes back from the newest id: it looks an owner's next older row up in the bucket where it stands, and goes to
the bucket before where there is none. So rows come newest first without sorting, and what a step costs does not depend
on how many rows there are. A page looks up LOOKUPS times at most, then it ends where it stands, full or not: rows that
a filter leaves out, or a history in which years lie between two rows, make more pages, not slower ones.
"""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from collections.abc import Callable, Mapping
from typing import Final

from data.store.connection import Both, Reading
from data.store.readers import rows
from data.store.rows import Row
from data.store.schema import BUCKET_BITS
from engine.core.types import Micros

LOOKUPS: Final = 3_000  # about 10 ms, and 12 million orders or half as many trades for whoever has few of them
UNBOUNDED: Final = 2**62

_BUCKET: Final = "(bucket - CASE WHEN found IS NULL THEN 1 ELSE 0 END)"  # of the next step, as the step before left it
_BEFORE: Final = f"coalesce(found, bucket << {BUCKET_BITS})"
_NEWEST: Final = "CAST(:before AS BIGINT)"
_FIRST_BUCKET: Final = f"(({_NEWEST} - 1) >> {BUCKET_BITS})"

_LOW: Final = "CASE WHEN early THEN (low + high) / 2 ELSE low END"
_HIGH: Final = "CASE WHEN early THEN high ELSE (low + high) / 2 END"


class Walk:
    """A list of a table's rows that are somebody's, ids falling, of which pages can be asked.

    owned is, by index, what makes a row :user's; where tells what else must hold, with parameters of its own; time is
    the column that rises with the ids; join brings the columns of other tables. One that is not bounded
    goes on to the oldest bucket.
    """

    def __init__(
        self,
        table: str,
        columns: str,
        *,
        owned: Mapping[str, str],
        where: str,
        time: str,
        join: str = "",
        bounded: bool = True,
    ) -> None:
        self._steps = LOOKUPS // len(owned) if bounded else UNBOUNDED
        self._end = f"SELECT coalesce(max(id), 0) + 1 FROM {table}"
        # By halves: all rows up to low are earlier, all from high on are not. The first that is not is at high then.
        self._since = f"""
            WITH RECURSIVE search (low, high, early) AS (
                SELECT CAST(0 AS BIGINT), CAST(:end AS BIGINT), {_early(table, time, "0", "CAST(:end AS BIGINT)")}
                UNION ALL
                SELECT {_LOW}, {_HIGH}, {_early(table, time, _LOW, _HIGH)} FROM search WHERE high - low > 1
            )
            SELECT high FROM search WHERE high - low <= 1
        """
        # On PostgreSQL a lateral question with OFFSET 0 is asked row by row, so that rows come in the steps' order.
        self.statement = Both(
            f"""
            {_steps(table, owned, _older)}
            SELECT number, {_BEFORE}, {columns}
              FROM step LEFT JOIN {table} ON id = found AND id >= :first AND {where} {join}
             WHERE id IS NOT NULL OR number = :steps LIMIT :limit
            """,
            f"""
            {_steps(table, owned, _older_postgres)}
            SELECT number, {_BEFORE}, own.*
              FROM step LEFT JOIN LATERAL (
                SELECT {columns} FROM {table} {join} WHERE id = found AND id >= :first AND {where} OFFSET 0
              ) AS own ON true
             WHERE own.id IS NOT NULL OR number = :steps LIMIT :limit
            """,
        )

    async def page(
        self,
        connection: Reading,
        values: Mapping[str, int | str | None],
        *,
        cursor: int | None,
        start: Micros | None,
        end: Micros | None,
        limit: int,
    ) -> tuple[list[Row], int | None]:
        """Return up to `limit` rows of ids below the cursor and times from start until before end, and the next cursor.

        The cursor is None where nothing follows.
        """
        [[before]] = await rows(connection, self._end)
        if cursor is not None:
            before = min(before, cursor)
        if end is not None and before > 1:
            [[before]] = await rows(connection, self._since, {"end": before, "at": end})
        first = 1
        if start is not None and before > 1:
            [[first]] = await rows(connection, self._since, {"end": before, "at": start})
        if before <= first:
            return [], None
        bounds = {"before": before, "first": first, "steps": self._steps, "limit": limit + 1}
        steps = await rows(connection, self.statement, {**values, **bounds})
        found: list[Row] = [row[2:] for row in steps if row[2] is not None]
        if len(found) > limit:
            return found[:limit], found[limit - 1][0]
        stands_at = steps[-1][1] if steps and steps[-1][0] == self._steps else first
        return found, stands_at if stands_at > first else None


def _early(table: str, time: str, low: str, high: str) -> str:
    """Return an expression that tells whether all rows up to the middle are earlier than :at."""
    newest = f"SELECT {time} FROM {table} WHERE id <= ({low} + {high}) / 2 ORDER BY id DESC LIMIT 1"
    return f"coalesce(({newest}) < :at, true)"


def _steps(table: str, owned: Mapping[str, str], older: Callable[[str, Mapping[str, str], str, str], str]) -> str:
    return f"""
        WITH RECURSIVE step (number, bucket, found) AS (
            SELECT CAST(1 AS BIGINT), {_FIRST_BUCKET}, {older(table, owned, _FIRST_BUCKET, _NEWEST)}
            UNION ALL
            SELECT number + 1, {_BUCKET}, {older(table, owned, _BUCKET, _BEFORE)}
              FROM step WHERE number < :steps AND {_BEFORE} > :first
        )
    """


def _older(table: str, owned: Mapping[str, str], bucket: str, before: str) -> str:
    """Return an expression for the owner's newest id in a bucket and below another, or NULL."""
    found = [
        f"(SELECT max(id) FROM {table} INDEXED BY {index}"
        f" WHERE (id >> {BUCKET_BITS}) = {bucket} AND {mine} AND id < {before})"
        for index, mine in owned.items()
    ]
    if len(found) == 1:
        return found[0]
    return f"nullif(max({', '.join(f'coalesce({each}, 0)' for each in found)}), 0)"


def _older_postgres(table: str, owned: Mapping[str, str], bucket: str, before: str) -> str:
    """Return the same for PostgreSQL. id + 0: else it might read all ids backwards, until one is the owner's.

    The bucket's bounds let it look into one part of a table only.
    """
    found = [
        f"(SELECT max(id + 0) FROM {table} WHERE (id >> {BUCKET_BITS}) = {bucket} AND {mine} AND id < {before}"
        f" AND id >= {bucket} << {BUCKET_BITS})"
        for mine in owned.values()
    ]
    return found[0] if len(found) == 1 else f"greatest({', '.join(found)})"
