"""What the market maker remembers of itself: profit and loss, an operator's stops, hedges elsewhere."""

from sqlalchemy import Column, Index, Table, Text

from data.store.schema.columns import INT, check, index, integer, metadata, one_of, text
from engine.core.types import (
    Side,
)
from engine.liquidity.hedging import HedgeState

# The market maker's own accounts (see `engine.liquidity.profit`): what quoting a market came to, and hedging on paper.
maker_profits = Table(
    "maker_profits",
    metadata,
    text("symbol", "markets.symbol", key=True),
    integer("is_paper", key=True),
    integer("last_trade"),
    integer("last_hedge"),
    integer("trades"),
    integer("volume"),
    integer("position"),
    integer("cost"),
    integer("realised"),
    integer("spread"),
    integer("unpriced"),
    integer("fees"),
    integer("hedged"),
    integer("hedge_cost"),
    integer("day"),
    integer("day_realised"),
    integer("day_total"),
    check("is_paper", "is_paper BETWEEN 0 AND 1"),
    check("counters", "last_trade >= 0 AND last_hedge >= 0 AND trades >= 0 AND unpriced BETWEEN 0 AND trades"),
    check("sums", "volume >= 0 AND fees >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# What quoting a market had come to when a day (since 1970, UTC) began, in quote atoms. A row a market a day is little
# enough to be kept for ever.
maker_days = Table(
    "maker_days",
    metadata,
    text("symbol", "markets.symbol", key=True),
    integer("day", key=True),
    integer("total"),
    check("day", "day > 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Markets that an operator has stopped.
maker_stops = Table(
    "maker_stops",
    metadata,
    text("symbol", "markets.symbol", key=True),
    text("reason"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Orders on another venue that offset inventory. They are no money in our vault: the ledger knows nothing of them.
hedges = Table(
    "hedges",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    text("symbol", "markets.symbol"),
    text("side"),
    integer("quantity"),
    integer("price"),
    integer("at"),
    integer("is_paper"),
    text("state"),
    integer("base"),
    integer("quote"),
    integer("fee"),
    Column("name", Text, nullable=False, server_default=""),  # what the order is called there
    one_of("side", Side),
    one_of("state", HedgeState),
    check("is_paper", "is_paper BETWEEN 0 AND 1"),
    check("order", "quantity > 0 AND price > 0"),
    check("traded", "base >= 0 AND quote >= 0 AND fee >= 0 AND (base = 0) = (quote = 0)"),
    check("untraded", "state = 'done' OR base = 0"),
    Index("ix_hedges_symbol", "symbol", "id"),
    index("ix_hedges_sent", "id", where="state = 'sent'"),
    sqlite_strict=True,
)
