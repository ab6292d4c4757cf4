"""Where the books and the chain differ; and what comparing them looks up."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
    text,
)

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table and two indexes."""
    op.create_table(
        "reconciliation_stops",
        Column("user_id", INT, autoincrement=False, nullable=False),
        Column("asset", Text(), nullable=False),
        Column("identity", Text(), nullable=False),
        Column("expected", Text(), nullable=False),
        Column("found", Text(), nullable=False),
        Column("slot", INT, nullable=True),
        Column("note", Text(), nullable=False),
        Column("at", INT, nullable=False),
        CheckConstraint("identity = 'books' OR identity = 'vault' OR identity = 'deposits'", name="identity"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_reconciliation_stops_user_id"),
        ForeignKeyConstraint(["asset"], ["assets.code"], name="fk_reconciliation_stops_asset"),
        PrimaryKeyConstraint("user_id", "asset", "identity", name="pk_reconciliation_stops"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    settled = text("state = 'settled'")
    op.create_index(
        "ix_settlement_batches_settled",
        "settlement_batches",
        ["updated_at"],
        sqlite_where=settled,
        postgresql_where=settled,
    )
    op.create_index("ix_deposit_accounts_user", "deposit_accounts", ["user_id", "asset"])
