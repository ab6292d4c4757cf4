"""What quoting had come to when each day began."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table. Of the days before, nothing is known."""
    op.create_table(
        "maker_days",
        Column("symbol", Text(), nullable=False),
        Column("day", INT, autoincrement=False, nullable=False),
        Column("total", INT, nullable=False),
        CheckConstraint("day > 0", name="day"),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_maker_days_symbol"),
        PrimaryKeyConstraint("symbol", "day", name="pk_maker_days"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
