"""Another venue's candles of the time before a market's first trade."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "reference_candles",
        Column("symbol", Text(), nullable=False),
        Column("minutes", INT, autoincrement=False, nullable=False),
        Column("begin_at", INT, autoincrement=False, nullable=False),
        Column("open", INT, nullable=False),
        Column("high", INT, nullable=False),
        Column("low", INT, nullable=False),
        Column("close", INT, nullable=False),
        Column("volume", INT, nullable=False),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("begin_at % (minutes * 60000000) = 0", name="begin_at"),
        CheckConstraint(
            "0 < low AND low <= open AND low <= close AND open <= high AND close <= high",
            name="prices",
        ),
        CheckConstraint("volume >= 0", name="volume"),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_reference_candles_symbol"),
        PrimaryKeyConstraint("symbol", "minutes", "begin_at", name="pk_reference_candles"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
