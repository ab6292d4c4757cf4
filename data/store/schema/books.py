"""Whose money is where: balances, postings, deposits, withdrawals; the log and its head."""

from sqlalchemy import Column, Index, Table

from data.store.schema.columns import BUCKET, INT, bytes_, check, index, integer, metadata, one_of, text
from engine.core.types import (
    VAULT,
    Reason,
    WithdrawalStatus,
)

balances = Table(
    "balances",
    metadata,
    integer("owner", "users.id", key=True),
    text("asset", "assets.code", key=True),
    integer("available"),
    integer("held"),
    check("available", f"available >= 0 OR owner = {VAULT}"),
    check("held", "held >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    text("asset", "assets.code"),
    integer("debit_owner", "users.id"),
    integer("debit_kind"),
    integer("credit_owner", "users.id"),
    integer("credit_kind"),
    integer("amount"),
    text("reason"),
    integer("cause"),
    integer("at"),
    check("kinds", "debit_kind BETWEEN 0 AND 1 AND credit_kind BETWEEN 0 AND 1"),
    check("moves", "debit_owner <> credit_owner OR debit_kind <> credit_kind"),
    check("amount", "amount > 0"),
    one_of("reason", Reason),
    Index("ix_postings_debit", BUCKET, "debit_owner"),
    # Most postings hold or release one owner's money; those are found by the debit side alone.
    index("ix_postings_credit", BUCKET, "credit_owner", where="credit_owner <> debit_owner"),
    postgresql_partition_by="RANGE (id)",  # see `partitions`
    sqlite_strict=True,
)

deposits = Table(
    "deposits",
    metadata,
    text("reference", key=True),
    integer("user_id", "users.id"),
    text("asset", "assets.code"),
    integer("amount"),
    integer("at"),
    check("reference", "reference <> ''"),
    check("amount", "amount > 0"),
    Index("ix_deposits_user", "user_id", "at"),
    sqlite_strict=True,
)

withdrawals = Table(
    "withdrawals",
    metadata,
    integer("id", key=True),
    integer("user_id", "users.id"),
    text("asset", "assets.code"),
    integer("amount"),
    text("address"),
    text("status"),
    integer("created_at"),
    integer("updated_at"),
    Column("fee", INT, check("fee", "fee >= 0 AND fee < amount"), nullable=False, server_default="0"),
    text("reference", null=True),
    check("id", "id > 0"),
    check("amount", "amount > 0"),
    one_of("status", WithdrawalStatus),
    Index("ix_withdrawals_user", "user_id", "id"),
    index("ix_withdrawals_requested", "id", where="status = 'requested'"),
    index("ix_withdrawals_referred", "created_at", where="reference IS NOT NULL"),
    Index("ix_withdrawals_reference", "user_id", "reference", unique=True),
    sqlite_strict=True,
)

commands = Table(
    "commands",
    metadata,
    integer("first_seq", key=True),
    integer("last_seq"),
    integer("epoch"),
    integer("at"),
    bytes_("body"),  # msgpack array of the commands, zlib
    bytes_("digest"),
    check("range", "first_seq > 0 AND last_seq >= first_seq"),
    sqlite_strict=True,
)

# One row: how far the writer is and who it is. Every commit moves it by compare-and-set.
sequencer = Table(
    "sequencer",
    metadata,
    integer("id", key=True),
    integer("epoch"),
    integer("seq"),
    bytes_("digest"),
    integer("now"),
    integer("next_order"),
    integer("next_trade"),
    integer("next_withdrawal"),
    check("one_row", "id = 1"),
    check("counters", "epoch >= 0 AND seq >= 0 AND next_order > 0 AND next_trade > 0 AND next_withdrawal > 0"),
    sqlite_strict=True,
)
