"""Candles of a minute, a quarter of an hour, an hour and a day, made of the trades that are there."""

from alembic import op
from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, Text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


INT = BigInteger().with_variant(Integer(), "sqlite")

FILL = """
    INSERT INTO candles
    SELECT symbol, minutes, begin_at, opening.price, high, low, closing.price, volume, cost, count, bought, spent
      FROM (
        SELECT symbol, length.minutes, at / (length.minutes * 60000000) * (length.minutes * 60000000) AS begin_at,
               min(id) AS first, max(id) AS last, max(price) AS high, min(price) AS low,
               sum(quantity) AS volume, sum(notional) AS cost, count(*) AS count,
               sum(CASE taker_side WHEN 'buy' THEN quantity ELSE 0 END) AS bought,
               sum(CASE taker_side WHEN 'buy' THEN notional ELSE 0 END) AS spent
          FROM trades
          CROSS JOIN (
            SELECT CAST(1 AS BIGINT) AS minutes UNION ALL SELECT 15 UNION ALL SELECT 60 UNION ALL SELECT 1440
          ) AS length
         GROUP BY 1, 2, 3
      ) AS grouped
      JOIN (SELECT id, price FROM trades) AS opening ON opening.id = grouped.first
      JOIN (SELECT id, price FROM trades) AS closing ON closing.id = grouped.last
"""


def upgrade() -> None:
    """Make and fill the table."""
    op.create_table(
        "candles",
        Column("symbol", Text(), nullable=False),
        Column("minutes", INT, autoincrement=False, nullable=False),
        Column("begin_at", INT, autoincrement=False, nullable=False),
        Column("open", INT, nullable=False),
        Column("high", INT, nullable=False),
        Column("low", INT, nullable=False),
        Column("close", INT, nullable=False),
        Column("volume", INT, nullable=False),
        Column("notional", INT, nullable=False),
        Column("trades", INT, nullable=False),
        Column("taker_buy_volume", INT, nullable=False),
        Column("taker_buy_notional", INT, nullable=False),
        CheckConstraint("minutes > 0", name="minutes"),
        CheckConstraint("begin_at % (minutes * 60000000) = 0", name="begin_at"),
        CheckConstraint(
            "0 < low AND low <= open AND low <= close AND open <= high AND close <= high",
            name="prices",
        ),
        CheckConstraint("trades > 0 AND volume > 0 AND notional > 0", name="traded"),
        CheckConstraint(
            "taker_buy_volume BETWEEN 0 AND volume AND taker_buy_notional BETWEEN 0 AND notional"
            " AND (taker_buy_volume = 0) = (taker_buy_notional = 0)",
            name="taker_buy",
        ),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_candles_symbol"),
        PrimaryKeyConstraint("symbol", "minutes", "begin_at", name="pk_candles"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    op.execute(FILL)
