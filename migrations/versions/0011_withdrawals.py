"""Withdrawals: fee and reference, and how far each is between being requested and being sent."""

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

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns and make the tables."""
    fee = CheckConstraint("fee >= 0 AND fee < amount", name="fee")
    op.add_column("withdrawals", Column("fee", INT, fee, nullable=False, server_default="0"))
    op.add_column("withdrawals", Column("reference", Text(), nullable=True))
    op.add_column("challenges", Column("withdrawal_id", INT, nullable=True))
    referred = text("reference IS NOT NULL")
    op.create_index(
        "ix_withdrawals_referred", "withdrawals", ["created_at"], sqlite_where=referred, postgresql_where=referred
    )
    op.create_index("ix_withdrawals_reference", "withdrawals", ["user_id", "reference"], unique=True)
    of_withdrawal = text("withdrawal_id IS NOT NULL")
    op.create_index(
        "ix_settlement_batches_of_withdrawal",
        "settlement_batches",
        ["withdrawal_id"],
        sqlite_where=of_withdrawal,
        postgresql_where=of_withdrawal,
    )
    op.create_table(
        "withdrawal_steps",
        Column("withdrawal_id", INT, autoincrement=False, nullable=False),
        Column("confirmed_at", INT, nullable=True),
        Column("confirmed_by", Text(), nullable=True),
        Column("approvals_needed", INT, nullable=False),
        Column("ending", Text(), nullable=True),
        CheckConstraint("(confirmed_at IS NULL) = (confirmed_by IS NULL)", name="confirmed"),
        CheckConstraint("approvals_needed >= 0", name="approvals_needed"),
        ForeignKeyConstraint(["withdrawal_id"], ["withdrawals.id"], name="fk_withdrawal_steps_withdrawal_id"),
        PrimaryKeyConstraint("withdrawal_id", name="pk_withdrawal_steps"),
        sqlite_strict=True,
    )
    op.create_table(
        "withdrawal_approvals",
        Column("withdrawal_id", INT, autoincrement=False, nullable=False),
        Column("admin_id", INT, autoincrement=False, nullable=False),
        Column("at", INT, nullable=False),
        ForeignKeyConstraint(["withdrawal_id"], ["withdrawals.id"], name="fk_withdrawal_approvals_withdrawal_id"),
        ForeignKeyConstraint(["admin_id"], ["users.id"], name="fk_withdrawal_approvals_admin_id"),
        PrimaryKeyConstraint("withdrawal_id", "admin_id", name="pk_withdrawal_approvals"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "withdrawal_addresses",
        Column("user_id", INT, autoincrement=False, nullable=False),
        Column("address", Text(), nullable=False),
        Column("since", INT, nullable=False),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_withdrawal_addresses_user_id"),
        PrimaryKeyConstraint("user_id", "address", name="pk_withdrawal_addresses"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "withdrawal_stops",
        Column("id", INT, autoincrement=False, nullable=False),
        Column("reason", Text(), nullable=False),
        Column("at", INT, nullable=False),
        CheckConstraint("id = 1", name="one_row"),
        PrimaryKeyConstraint("id", name="pk_withdrawal_stops"),
        sqlite_strict=True,
    )
