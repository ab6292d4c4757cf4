"""Snapshots of what is owed, and what their trees are made of."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
)

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. No snapshot was taken until now."""
    op.create_table(
        "solvency_snapshots",
        Column("id", INT, autoincrement=True, nullable=False),
        Column("taken_at", INT, nullable=False),
        Column("seq", INT, nullable=False),
        Column("authority", Text(), nullable=False),
        Column("secret", LargeBinary(), nullable=False),
        CheckConstraint("length(secret) = 32", name="secret"),
        PrimaryKeyConstraint("id", name="pk_solvency_snapshots"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_table(
        "solvency_assets",
        Column("snapshot_id", INT, nullable=False),
        Column("asset", Text(), nullable=False),
        Column("mint", Text(), nullable=True),
        Column("root", LargeBinary(), nullable=True),
        Column("liabilities", INT, nullable=False),
        Column("leaves", INT, nullable=False),
        Column("house", INT, nullable=False),
        Column("withdrawals", INT, nullable=False),
        Column("holdings", Text(), nullable=False),
        CheckConstraint("root IS NULL OR length(root) = 32", name="root"),
        CheckConstraint("(root IS NULL) = (leaves = 0) AND (liabilities = 0) = (leaves = 0)", name="owed"),
        CheckConstraint("house BETWEEN 0 AND liabilities AND withdrawals BETWEEN 0 AND liabilities", name="amounts"),
        ForeignKeyConstraint(["snapshot_id"], ["solvency_snapshots.id"], name="fk_solvency_assets_snapshot_id"),
        ForeignKeyConstraint(["asset"], ["assets.code"], name="fk_solvency_assets_asset"),
        PrimaryKeyConstraint("snapshot_id", "asset", name="pk_solvency_assets"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "solvency_leaves",
        Column("snapshot_id", INT, nullable=False),
        Column("asset", Text(), nullable=False),
        Column("leaves", LargeBinary(), nullable=False),
        ForeignKeyConstraint(["snapshot_id"], ["solvency_snapshots.id"], name="fk_solvency_leaves_snapshot_id"),
        ForeignKeyConstraint(["asset"], ["assets.code"], name="fk_solvency_leaves_asset"),
        PrimaryKeyConstraint("snapshot_id", "asset", name="pk_solvency_leaves"),
        sqlite_strict=True,
    )
