"""People, their doors and sessions, what happened to them, and what administrators did."""

from sqlalchemy import Column, Index, Table, Text

from data.store.schema.columns import INT, bytes_, check, index, integer, metadata, one_of, text
from engine.accounts.types import TELEGRAM, ActivityKind, KeyKind, LinkState
from engine.core.types import (
    FIRST_PERSON,
)

users = Table(
    "users",
    metadata,
    integer("id", key=True),
    text("kind"),
    Column("telegram_id", INT, nullable=True, unique=True),
    text("first_name"),
    text("username", null=True),
    text("language_code", null=True),
    integer("created_at"),
    check(
        "kind",
        f"(kind = 'house' AND id BETWEEN 1 AND {FIRST_PERSON - 1}) OR (kind = 'person' AND id >= {FIRST_PERSON})",
    ),
    sqlite_strict=True,
)

wallets = Table(
    "wallets",
    metadata,
    text("address", key=True),
    integer("user_id", "users.id"),
    integer("created_at"),
    Index("ix_wallets_user", "user_id"),
    sqlite_strict=True,
)

sessions = Table(
    "sessions",
    metadata,
    text("id", key=True),
    integer("user_id", "users.id"),
    bytes_("refresh_hash"),
    bytes_("previous_refresh_hash", null=True),
    integer("created_at"),
    integer("refreshed_at"),
    integer("expires_at"),
    integer("revoked_at", null=True),
    text("user_agent"),
    text("address"),
    Column("door", Text, nullable=False, server_default=TELEGRAM),  # or the wallet's address
    Index("ix_sessions_user", "user_id", "refreshed_at"),
    Index("ix_sessions_expiry", "expires_at"),
    sqlite_strict=True,
)

# What a wallet is asked to sign: good once, for its account and session where it names them, by the code of its link or
# for a withdrawal where it names one.
challenges = Table(
    "challenges",
    metadata,
    text("nonce", key=True),
    text("address"),
    text("message"),
    integer("user_id", "users.id", null=True),
    text("session_id", null=True),
    text("link_id", null=True),
    integer("expires_at"),
    integer("withdrawal_id", null=True),
    check("asked_by", "(user_id IS NULL) = (session_id IS NULL)"),
    check("link", "link_id IS NULL OR session_id IS NOT NULL"),
    Index("ix_challenges_expiry", "expires_at"),
    sqlite_strict=True,
)

# A session's or a chat's way to have a wallet in another app sign: its code is kept as a hash and works once.
wallet_links = Table(
    "wallet_links",
    metadata,
    text("id", key=True),
    bytes_("code_hash"),
    integer("user_id", "users.id"),
    text("session_id"),
    text("state"),
    text("address", null=True),
    integer("created_at"),
    integer("expires_at"),
    one_of("state", LinkState),
    check("address", "(state = 'asked') = (address IS NULL)"),
    Index("ix_wallet_links_code", "code_hash", unique=True),
    Index("ix_wallet_links_user", "user_id", "created_at"),
    Index("ix_wallet_links_expiry", "expires_at"),
    sqlite_strict=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    text("id", key=True),
    integer("user_id", "users.id"),
    text("name"),
    text("kind"),
    bytes_("secret"),  # sealed where kind is hmac_sha256; else the public key
    text("scopes"),
    text("addresses"),
    integer("created_at"),
    integer("expires_at", null=True),
    integer("last_used_at", null=True),
    text("last_used_address", null=True),
    one_of("kind", KeyKind),
    check("scopes", "scopes <> ''"),
    check("last_used", "(last_used_at IS NULL) = (last_used_address IS NULL)"),
    Index("ix_api_keys_user", "user_id", "created_at"),
    sqlite_strict=True,
)

# What happened to an account that its owner should know of; the newest of each account are kept.
activity = Table(
    "activity",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    integer("user_id", "users.id"),
    integer("at"),
    text("kind"),
    text("address"),
    text("detail"),
    one_of("kind", ActivityKind),
    Index("ix_activity_user", "user_id", "id"),
    index("ix_activity_unlinked", "detail", "at", where="kind = 'telegram_unlinked'"),
    sqlite_strict=True,
)

# Every act of an administrator, never changed and never deleted.
admin_log = Table(
    "admin_log",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    integer("at"),
    integer("admin_id", "users.id"),
    text("act"),
    text("target"),
    text("address"),
    sqlite_strict=True,
)
