"""The token accounts on Solana into which people deposit."""

from sqlalchemy import Index, Table

from data.store.schema.columns import check, integer, metadata, text

# How far each was looked at stands in transaction signatures (see `engine.custody.accounts`); no key is kept anywhere.
deposit_accounts = Table(
    "deposit_accounts",
    metadata,
    text("token_account", key=True),
    text("owner"),
    integer("user_id", "users.id"),
    text("asset", "assets.code"),
    text("mint"),
    integer("created_at"),
    text("done_signature", null=True),
    text("newest_signature", null=True),
    text("reached_signature", null=True),
    integer("seen"),
    check("looking", "(newest_signature IS NULL) = (reached_signature IS NULL)"),
    check("seen", "seen >= 0"),
    Index("ix_deposit_accounts_user", "user_id", "asset"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
