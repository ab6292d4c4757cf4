"""Which day administrators were told of last, and in which colours people see pictures."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "daily_summary",
        Column("id", INT, autoincrement=False, nullable=False),
        Column("day", INT, nullable=False),
        CheckConstraint("id = 1", name="one_row"),
        PrimaryKeyConstraint("id", name="pk_daily_summary"),
        sqlite_strict=True,
    )
    op.create_table(
        "chart_themes",
        Column("user_id", INT, autoincrement=False, nullable=False),
        Column("theme", Text(), nullable=False),
        CheckConstraint("theme = 'dark' OR theme = 'light'", name="theme"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_chart_themes_user_id"),
        PrimaryKeyConstraint("user_id", name="pk_chart_themes"),
        sqlite_strict=True,
    )
