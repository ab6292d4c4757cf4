"""Which day administrators were told of last."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, PrimaryKeyConstraint

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "daily_summary",
        Column("id", INT, autoincrement=False, nullable=False),
        Column("day", INT, nullable=False),
        CheckConstraint("id = 1", name="one_row"),
        PrimaryKeyConstraint("id", name="pk_daily_summary"),
        sqlite_strict=True,
    )
