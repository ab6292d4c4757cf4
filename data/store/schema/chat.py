"""What administrators were told of days, and in which colours people see pictures."""

from sqlalchemy import Table

from data.store.schema.columns import check, integer, metadata, text

# One row: the newest day (since 1970) whose summary was taken to be told.
daily_summary = Table(
    "daily_summary",
    metadata,
    integer("id", key=True),
    integer("day"),
    check("one_row", "id = 1"),
    sqlite_strict=True,
)

chart_themes = Table(
    "chart_themes",
    metadata,
    integer("user_id", "users.id", key=True),
    text("theme"),
    check("theme", "theme = 'dark' OR theme = 'light'"),
    sqlite_strict=True,
)
