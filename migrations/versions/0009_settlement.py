"""Batches that settle what is owed on chain, every signing of them, and the vault's token accounts."""

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
    text,
)

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables. Until now every trade was owed, so of the old outbox only that is kept."""
    op.create_table(
        "settlement_batches",
        Column("batch_id", INT, nullable=False),
        Column("kind", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("reason", Text(), nullable=True),
        Column("moves", Text(), nullable=False),
        Column("withdrawal_id", INT, nullable=True),
        Column("signature", Text(), nullable=True),
        Column("created_at", INT, nullable=False),
        Column("updated_at", INT, nullable=False),
        CheckConstraint("kind = 'fills' OR kind = 'sweep' OR kind = 'withdrawal'", name="kind"),
        CheckConstraint(
            "state = 'batched' OR state = 'sent' OR state = 'confirmed' OR state = 'settled' OR state = 'failed'",
            name="state",
        ),
        CheckConstraint("(state = 'failed') = (reason IS NOT NULL)", name="reason"),
        CheckConstraint("signature IS NOT NULL OR state = 'batched' OR state = 'failed'", name="signature"),
        CheckConstraint("(kind = 'withdrawal') = (withdrawal_id IS NOT NULL)", name="withdrawal"),
        ForeignKeyConstraint(["withdrawal_id"], ["withdrawals.id"], name="fk_settlement_batches_withdrawal_id"),
        PrimaryKeyConstraint("batch_id", name="pk_settlement_batches"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    is_open = text("state <> 'settled' AND state <> 'failed'")
    op.create_index(
        "ix_settlement_batches_open", "settlement_batches", ["batch_id"], sqlite_where=is_open, postgresql_where=is_open
    )
    counts = text("withdrawal_id IS NOT NULL AND state <> 'failed'")
    op.create_index(
        "ix_settlement_batches_withdrawal",
        "settlement_batches",
        ["withdrawal_id"],
        unique=True,
        sqlite_where=counts,
        postgresql_where=counts,
    )
    op.create_table(
        "settlement_attempts",
        Column("signature", Text(), nullable=False),
        Column("batch_id", INT, nullable=False),
        Column("raw", LargeBinary(), nullable=True),
        Column("last_valid_block_height", INT, nullable=False),
        Column("created_at", INT, nullable=False),
        Column("outcome", Text(), nullable=True),
        CheckConstraint(
            "outcome IS NULL OR outcome = 'settled' OR outcome = 'failed' OR outcome = 'expired'", name="outcome"
        ),
        ForeignKeyConstraint(["batch_id"], ["settlement_batches.batch_id"], name="fk_settlement_attempts_batch_id"),
        PrimaryKeyConstraint("signature", name="pk_settlement_attempts"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_settlement_attempts_batch", "settlement_attempts", ["batch_id"])
    op.create_table(
        "vault_accounts",
        Column("token_account", Text(), nullable=False),
        Column("user_id", INT, nullable=False),
        Column("asset", Text(), nullable=False),
        Column("mint", Text(), nullable=False),
        Column("settled", INT, nullable=False),
        Column("created_at", INT, nullable=False),
        CheckConstraint("settled >= 0", name="settled"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_vault_accounts_user_id"),
        ForeignKeyConstraint(["asset"], ["assets.code"], name="fk_vault_accounts_asset"),
        PrimaryKeyConstraint("token_account", name="pk_vault_accounts"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_index("ix_vault_accounts_user", "vault_accounts", ["user_id", "mint"], unique=True)
    op.create_table(
        "lookup_tables",
        Column("address", Text(), nullable=False),
        Column("addresses", Text(), nullable=False),
        Column("extended_slot", INT, nullable=False),
        Column("created_at", INT, nullable=False),
        PrimaryKeyConstraint("address", name="pk_lookup_tables"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.rename_table("settlement_outbox", "old_outbox")
    if op.get_context().dialect.name == "postgresql":  # where an index's name is one of the whole schema
        op.execute("ALTER INDEX pk_settlement_outbox RENAME TO pk_old_outbox")
    op.create_table(
        "settlement_outbox",
        Column("trade_id", INT, autoincrement=False, nullable=False),
        Column("batch_id", INT, nullable=True),
        Column("failed", Text(), nullable=True),
        CheckConstraint("failed IS NULL OR batch_id IS NULL", name="failed"),
        ForeignKeyConstraint(["trade_id"], ["trades.id"], name="fk_settlement_outbox_trade_id"),
        ForeignKeyConstraint(["batch_id"], ["settlement_batches.batch_id"], name="fk_settlement_outbox_batch_id"),
        PrimaryKeyConstraint("trade_id", name="pk_settlement_outbox"),
        sqlite_strict=True,
    )
    is_batched, has_failed = text("batch_id IS NOT NULL"), text("failed IS NOT NULL")
    op.create_index(
        "ix_settlement_outbox_batch",
        "settlement_outbox",
        ["batch_id"],
        sqlite_where=is_batched,
        postgresql_where=is_batched,
    )
    op.create_index(
        "ix_settlement_outbox_failed",
        "settlement_outbox",
        ["trade_id"],
        sqlite_where=has_failed,
        postgresql_where=has_failed,
    )
    op.execute("INSERT INTO settlement_outbox (trade_id) SELECT trade_id FROM old_outbox")
    op.drop_table("old_outbox")
