"""The token accounts on Solana into which people deposit, and how far each was looked at."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
)

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "deposit_accounts",
        Column("token_account", Text(), nullable=False),
        Column("owner", Text(), nullable=False),
        Column("user_id", INT, nullable=False),
        Column("asset", Text(), nullable=False),
        Column("mint", Text(), nullable=False),
        Column("created_at", INT, nullable=False),
        Column("done_signature", Text(), nullable=True),
        Column("newest_signature", Text(), nullable=True),
        Column("reached_signature", Text(), nullable=True),
        Column("seen", INT, nullable=False),
        CheckConstraint("(newest_signature IS NULL) = (reached_signature IS NULL)", name="looking"),
        CheckConstraint("seen >= 0", name="seen"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_deposit_accounts_user_id"),
        ForeignKeyConstraint(["asset"], ["assets.code"], name="fk_deposit_accounts_asset"),
        PrimaryKeyConstraint("token_account", name="pk_deposit_accounts"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
