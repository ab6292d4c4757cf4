"""Doors to an account: wallets with what they sign, API keys, what happened to an account, what administrators did."""

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

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")
KINDS = (
    "signed_in",
    "refresh_token_reused",
    "signed_out_everywhere",
    "telegram_linked",
    "telegram_unlinked",
    "wallet_signed",
    "wallet_linked",
    "wallet_unlinked",
    "api_key_created",
    "api_key_revoked",
)


def upgrade() -> None:
    """Make the tables."""
    op.add_column("sessions", Column("door", Text(), nullable=False, server_default="telegram"))
    op.create_index("ix_sessions_expiry", "sessions", ["expires_at"])
    op.create_index("ix_wallets_user", "wallets", ["user_id"])
    op.create_table(
        "challenges",
        Column("nonce", Text(), nullable=False),
        Column("address", Text(), nullable=False),
        Column("message", Text(), nullable=False),
        Column("user_id", INT, nullable=True),
        Column("session_id", Text(), nullable=True),
        Column("link_id", Text(), nullable=True),
        Column("expires_at", INT, nullable=False),
        CheckConstraint("(user_id IS NULL) = (session_id IS NULL)", name="asked_by"),
        CheckConstraint("link_id IS NULL OR session_id IS NOT NULL", name="link"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_challenges_user_id"),
        PrimaryKeyConstraint("nonce", name="pk_challenges"),
        sqlite_strict=True,
    )
    op.create_index("ix_challenges_expiry", "challenges", ["expires_at"])
    op.create_table(
        "wallet_links",
        Column("id", Text(), nullable=False),
        Column("code_hash", LargeBinary(), nullable=False),
        Column("user_id", INT, nullable=False),
        Column("session_id", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("address", Text(), nullable=True),
        Column("created_at", INT, nullable=False),
        Column("expires_at", INT, nullable=False),
        CheckConstraint("state = 'asked' OR state = 'signed' OR state = 'linked'", name="state"),
        CheckConstraint("(state = 'asked') = (address IS NULL)", name="address"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_wallet_links_user_id"),
        PrimaryKeyConstraint("id", name="pk_wallet_links"),
        sqlite_strict=True,
    )
    op.create_index("ix_wallet_links_code", "wallet_links", ["code_hash"], unique=True)
    op.create_index("ix_wallet_links_user", "wallet_links", ["user_id", "created_at"])
    op.create_index("ix_wallet_links_expiry", "wallet_links", ["expires_at"])
    op.create_table(
        "api_keys",
        Column("id", Text(), nullable=False),
        Column("user_id", INT, nullable=False),
        Column("name", Text(), nullable=False),
        Column("kind", Text(), nullable=False),
        Column("secret", LargeBinary(), nullable=False),
        Column("scopes", Text(), nullable=False),
        Column("addresses", Text(), nullable=False),
        Column("created_at", INT, nullable=False),
        Column("expires_at", INT, nullable=True),
        Column("last_used_at", INT, nullable=True),
        Column("last_used_address", Text(), nullable=True),
        CheckConstraint("kind = 'hmac_sha256' OR kind = 'ed25519'", name="kind"),
        CheckConstraint("scopes <> ''", name="scopes"),
        CheckConstraint("(last_used_at IS NULL) = (last_used_address IS NULL)", name="last_used"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_api_keys_user_id"),
        PrimaryKeyConstraint("id", name="pk_api_keys"),
        sqlite_strict=True,
    )
    op.create_index("ix_api_keys_user", "api_keys", ["user_id", "created_at"])
    op.create_table(
        "activity",
        Column("id", INT, autoincrement=True, nullable=False),
        Column("user_id", INT, nullable=False),
        Column("at", INT, nullable=False),
        Column("kind", Text(), nullable=False),
        Column("address", Text(), nullable=False),
        Column("detail", Text(), nullable=False),
        CheckConstraint(" OR ".join(f"kind = '{kind}'" for kind in KINDS), name="kind"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_activity_user_id"),
        PrimaryKeyConstraint("id", name="pk_activity"),
        sqlite_strict=True,
    )
    op.create_index("ix_activity_user", "activity", ["user_id", "id"])
    unlinked = text("kind = 'telegram_unlinked'")
    op.create_index(
        "ix_activity_unlinked", "activity", ["detail", "at"], sqlite_where=unlinked, postgresql_where=unlinked
    )
    op.create_table(
        "admin_log",
        Column("id", INT, autoincrement=True, nullable=False),
        Column("at", INT, nullable=False),
        Column("admin_id", INT, nullable=False),
        Column("act", Text(), nullable=False),
        Column("target", Text(), nullable=False),
        Column("address", Text(), nullable=False),
        ForeignKeyConstraint(["admin_id"], ["users.id"], name="fk_admin_log_admin_id"),
        PrimaryKeyConstraint("id", name="pk_admin_log"),
        sqlite_strict=True,
    )
