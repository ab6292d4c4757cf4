"""Find an owner's newest rows through an index that goes by bucket of ids first (see `schema`).

A walk goes back from the newest bucket, looking at more buckets each time: whoever was busy lately is answered from the
first few, and even for one row a hundred million rows ago it takes about a tenth of a second of a reader.
"""

from collections.abc import Mapping
from typing import Final

import aiosqlite

from data.store.readers import rows
from data.store.rows import Row
from data.store.schema import BUCKET_BITS

# The buckets of one step. A statement that follows joins them with CROSS JOIN, which keeps SQLite from turning the
# join around and reading the whole index.
BUCKETS: Final = (
    "WITH RECURSIVE bucket (number) AS (SELECT :last UNION ALL SELECT number - 1 FROM bucket WHERE number > :first) "
)
IN_BUCKET: Final = f"(id >> {BUCKET_BITS}) = number"


async def newest(
    connection: aiosqlite.Connection,
    table_end: str,
    statement: str,
    values: Mapping[str, int | str | None],
    *,
    before: int | None,
    limit: int,
) -> list[Row]:
    """Return up to `limit` rows with ids below `before`, newest first.

    table_end selects the newest id of all; statement begins with BUCKETS, and takes :before and :limit besides values.
    """
    [[newest_id]] = await rows(connection, table_end)
    end: int = (newest_id or 0) + 1
    before = end if before is None else min(before, end)
    found: list[Row] = []
    last, span = (before - 1) >> BUCKET_BITS, 1
    while last >= 0 and len(found) < limit:
        first = max(last - span + 1, 0)
        step = {"first": first, "last": last, "before": before, "limit": limit - len(found)}
        found += await rows(connection, statement, {**values, **step})
        last, span = first - 1, span * 4
    return found
