"""What is owed on chain, the transactions that settle it, and the token accounts where settled money lies."""

from sqlalchemy import Column, Index, Table
from sqlalchemy import text as sql

from data.store.schema.columns import INT, bytes_, check, index, integer, metadata, one_of, text
from engine.settlement.types import BatchKind, BatchState

# A trade owes its settlement from its own transaction on. `failed` says why it will never be in a batch.
settlement_outbox = Table(
    "settlement_outbox",
    metadata,
    integer("trade_id", "trades.id", key=True),
    integer("batch_id", "settlement_batches.batch_id", null=True),
    text("failed", null=True),
    check("failed", "failed IS NULL OR batch_id IS NULL"),
    index("ix_settlement_outbox_batch", "batch_id", where="batch_id IS NOT NULL"),
    index("ix_settlement_outbox_failed", "trade_id", where="failed IS NOT NULL"),
    sqlite_strict=True,
)

# One transaction on chain each. `moves` is msgspec's JSON of them; signature is that of the newest attempt.
settlement_batches = Table(
    "settlement_batches",
    metadata,
    Column("batch_id", INT, primary_key=True, autoincrement=True),
    text("kind"),
    text("state"),
    text("reason", null=True),
    text("moves"),
    integer("withdrawal_id", "withdrawals.id", null=True),
    text("signature", null=True),
    integer("created_at"),
    integer("updated_at"),
    one_of("kind", BatchKind),
    one_of("state", BatchState),
    check("reason", "(state = 'failed') = (reason IS NOT NULL)"),
    check("signature", "signature IS NOT NULL OR state = 'batched' OR state = 'failed'"),
    check("withdrawal", "(kind = 'withdrawal') = (withdrawal_id IS NOT NULL)"),
    index("ix_settlement_batches_open", "batch_id", where="state <> 'settled' AND state <> 'failed'"),
    index("ix_settlement_batches_settled", "updated_at", where="state = 'settled'"),
    Index(
        "ix_settlement_batches_withdrawal",
        "withdrawal_id",
        unique=True,
        sqlite_where=sql("withdrawal_id IS NOT NULL AND state <> 'failed'"),
        postgresql_where=sql("withdrawal_id IS NOT NULL AND state <> 'failed'"),
    ),
    index("ix_settlement_batches_of_withdrawal", "withdrawal_id", where="withdrawal_id IS NOT NULL"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# Every signing of a batch. The bytes are written down before they are sent, and dropped when that can't help any more.
settlement_attempts = Table(
    "settlement_attempts",
    metadata,
    text("signature", key=True),
    integer("batch_id", "settlement_batches.batch_id"),
    bytes_("raw", null=True),
    integer("last_valid_block_height"),
    integer("created_at"),
    text("outcome", null=True),
    check("outcome", "outcome IS NULL OR outcome = 'settled' OR outcome = 'failed' OR outcome = 'expired'"),
    Index("ix_settlement_attempts_batch", "batch_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What each batch sweeps out of which deposit account. passed: the deposit watch has seen it go by.
sweeps = Table(
    "sweeps",
    metadata,
    integer("batch_id", "settlement_batches.batch_id", key=True),
    text("token_account", key=True),
    integer("atoms"),
    integer("passed"),
    check("atoms", "atoms > 0"),
    check("passed", "passed = 0 OR passed = 1"),
    Index("ix_sweeps_account", "token_account"),
    index("ix_sweeps_not_passed", "batch_id", where="passed = 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Under the vault's authority: `settled` is what final transactions of ours have put there, and nothing else.
vault_accounts = Table(
    "vault_accounts",
    metadata,
    text("token_account", key=True),
    integer("user_id", "users.id"),
    text("asset", "assets.code"),
    text("mint"),
    integer("settled"),
    integer("created_at"),
    check("settled", "settled >= 0"),
    Index("ix_vault_accounts_user", "user_id", "mint", unique=True),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Address lookup tables on chain with the vault's accounts; `addresses` is a JSON list in their order there.
lookup_tables = Table(
    "lookup_tables",
    metadata,
    text("address", key=True),
    text("addresses"),
    integer("extended_slot"),
    integer("created_at"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
