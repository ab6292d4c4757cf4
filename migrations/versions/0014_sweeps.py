"""What batches sweep out of deposit accounts, and whether the deposit watch has seen it go by."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Text,
    text,
)

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Nothing has been swept until now."""
    not_passed = text("passed = 0")
    op.create_table(
        "sweeps",
        Column("batch_id", INT, nullable=False),
        Column("token_account", Text(), nullable=False),
        Column("atoms", INT, nullable=False),
        Column("passed", INT, nullable=False),
        CheckConstraint("atoms > 0", name="atoms"),
        CheckConstraint("passed = 0 OR passed = 1", name="passed"),
        ForeignKeyConstraint(["batch_id"], ["settlement_batches.batch_id"], name="fk_sweeps_batch_id"),
        PrimaryKeyConstraint("batch_id", "token_account", name="pk_sweeps"),
        Index("ix_sweeps_account", "token_account"),
        Index("ix_sweeps_not_passed", "batch_id", sqlite_where=not_passed, postgresql_where=not_passed),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
