"""Snapshots of what is owed beside what lies on the chain, of which the last few are kept."""

from sqlalchemy import Column, Table

from data.store.schema.columns import INT, bytes_, check, integer, metadata, text

# Salts of all leaves come of `secret`.
solvency_snapshots = Table(
    "solvency_snapshots",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    integer("taken_at"),
    integer("seq"),
    text("authority"),
    bytes_("secret"),
    check("secret", "length(secret) = 32"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)

# `holdings` is msgspec's JSON of what lies on the chain. root is NULL where nothing is owed.
solvency_assets = Table(
    "solvency_assets",
    metadata,
    integer("snapshot_id", "solvency_snapshots.id", key=True),
    text("asset", "assets.code", key=True),
    text("mint", null=True),
    bytes_("root", null=True),
    integer("liabilities"),
    integer("leaves"),
    integer("house"),
    integer("withdrawals"),
    text("holdings"),
    check("root", "root IS NULL OR length(root) = 32"),
    check("owed", "(root IS NULL) = (leaves = 0) AND (liabilities = 0) = (leaves = 0)"),
    check("amounts", "house BETWEEN 0 AND liabilities AND withdrawals BETWEEN 0 AND liabilities"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What is owed to whom, packed: 64-bit integers, the lowest byte first, all accounts and then all atoms, in zlib.
solvency_leaves = Table(
    "solvency_leaves",
    metadata,
    integer("snapshot_id", "solvency_snapshots.id", key=True),
    text("asset", "assets.code", key=True),
    bytes_("leaves"),
    sqlite_strict=True,
)
