"""Owners' rows are found by buckets of 4,096 ids where they were of 1,024: a walk through old ones is shorter."""

from alembic import op
from sqlalchemy import text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BUCKET = text("(id >> 12)")
INDEXES = (
    ("ix_orders_user", "orders", "user_id", None),
    ("ix_orders_open", "orders", "user_id", "status = 'new' OR status = 'partially_filled'"),
    ("ix_trades_maker", "trades", "maker", None),
    ("ix_trades_taker", "trades", "taker", None),
    ("ix_postings_debit", "postings", "debit_owner", None),
    ("ix_postings_credit", "postings", "credit_owner", "credit_owner <> debit_owner"),
)


def upgrade() -> None:
    """Make the indexes anew."""
    for name, table, owner, condition in INDEXES:
        op.drop_index(name, table)
        where = None if condition is None else text(condition)
        op.create_index(name, table, [BUCKET, owner], sqlite_where=where, postgresql_where=where)
