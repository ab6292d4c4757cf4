"""What administrators were told of days."""

from sqlalchemy import Table

from data.store.schema.columns import check, integer, metadata

# One row: the newest day (since 1970) whose summary was taken to be told.
daily_summary = Table(
    "daily_summary",
    metadata,
    integer("id", key=True),
    integer("day"),
    check("one_row", "id = 1"),
    sqlite_strict=True,
)
