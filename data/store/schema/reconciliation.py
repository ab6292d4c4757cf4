"""Where the books and the chain differ."""

from sqlalchemy import Table

from data.store.schema.columns import integer, metadata, one_of, text
from engine.reconciliation.types import Identity

# While there is one, nothing is withdrawn; only an operator takes them away. Amounts are text, as the worst of them may
# be larger than any that the ledger takes.
reconciliation_stops = Table(
    "reconciliation_stops",
    metadata,
    integer("user_id", "users.id", key=True),
    text("asset", "assets.code", key=True),
    text("identity", key=True),
    text("expected"),
    text("found"),
    integer("slot", null=True),
    text("note"),
    integer("at"),
    one_of("identity", Identity),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
