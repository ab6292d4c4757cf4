"""The market maker's own accounts: what quoting came to, which markets are stopped, what was hedged elsewhere."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Text,
    text,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")
FIGURES = (
    *("last_trade", "last_hedge", "trades", "volume", "position", "cost", "realised", "spread", "unpriced", "fees"),
    *("hedged", "hedge_cost", "day", "day_realised", "day_total"),
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "maker_profits",
        Column("symbol", Text(), nullable=False),
        Column("is_paper", INT, autoincrement=False, nullable=False),
        *[Column(name, INT, nullable=False) for name in FIGURES],
        CheckConstraint("is_paper BETWEEN 0 AND 1", name="is_paper"),
        CheckConstraint(
            "last_trade >= 0 AND last_hedge >= 0 AND trades >= 0 AND unpriced BETWEEN 0 AND trades", name="counters"
        ),
        CheckConstraint("volume >= 0 AND fees >= 0", name="sums"),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_maker_profits_symbol"),
        PrimaryKeyConstraint("symbol", "is_paper", name="pk_maker_profits"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "maker_stops",
        Column("symbol", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_maker_stops_symbol"),
        PrimaryKeyConstraint("symbol", name="pk_maker_stops"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.create_table(
        "hedges",
        Column("id", INT, autoincrement=True, nullable=False),
        Column("symbol", Text(), nullable=False),
        Column("side", Text(), nullable=False),
        Column("quantity", INT, nullable=False),
        Column("price", INT, nullable=False),
        Column("at", INT, nullable=False),
        Column("is_paper", INT, nullable=False),
        Column("state", Text(), nullable=False),
        Column("base", INT, nullable=False),
        Column("quote", INT, nullable=False),
        Column("fee", INT, nullable=False),
        CheckConstraint("side = 'buy' OR side = 'sell'", name="side"),
        CheckConstraint("state = 'sent' OR state = 'done' OR state = 'refused'", name="state"),
        CheckConstraint("is_paper BETWEEN 0 AND 1", name="is_paper"),
        CheckConstraint("quantity > 0 AND price > 0", name="order"),
        CheckConstraint("base >= 0 AND quote >= 0 AND fee >= 0 AND (base = 0) = (quote = 0)", name="traded"),
        CheckConstraint("state = 'done' OR base = 0", name="untraded"),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_hedges_symbol"),
        PrimaryKeyConstraint("id", name="pk_hedges"),
        sqlite_strict=True,
    )
    op.create_index("ix_hedges_symbol", "hedges", ["symbol", "id"])
    op.create_index(
        "ix_hedges_sent",
        "hedges",
        ["id"],
        sqlite_where=text("state = 'sent'"),
        postgresql_where=text("state = 'sent'"),
    )
