"""What trades here: markets, orders, trades, and the candles made of them."""

from typing import Final

from sqlalchemy import Column, Index, Table, Text

from data.store.schema.columns import BUCKET, INT, check, index, integer, metadata, one_of, text
from engine.core.types import (
    FIRST_PERSON,
    MarketState,
    OrderStatus,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)

IS_OPEN: Final = "status = 'new' OR status = 'partially_filled'"

assets = Table(
    "assets",
    metadata,
    text("code", key=True),
    integer("decimals"),
    check("decimals", "decimals BETWEEN 0 AND 18"),
    sqlite_strict=True,
)

markets = Table(
    "markets",
    metadata,
    text("symbol", key=True),
    text("base", "assets.code"),
    text("quote", "assets.code"),
    integer("tick_atoms"),
    integer("lot_atoms"),
    integer("unit_atoms"),
    integer("max_price"),
    integer("max_quantity"),
    integer("max_open_orders"),
    integer("maker_fee_ppm"),
    integer("taker_fee_ppm"),
    Column("state", Text, one_of("state", MarketState), nullable=False, server_default="trading"),
    check("pair", "base <> quote"),
    check("units", "tick_atoms > 0 AND lot_atoms > 0 AND unit_atoms > 0"),
    check("limits", "max_price > 0 AND max_quantity > 0 AND max_open_orders >= 0"),
    check("fees", "maker_fee_ppm BETWEEN 0 AND 999999 AND taker_fee_ppm BETWEEN 0 AND 999999"),
    sqlite_strict=True,
)

orders = Table(
    "orders",
    metadata,
    integer("id", key=True),
    integer("user_id", "users.id"),
    text("symbol", "markets.symbol"),
    text("side"),
    text("type"),
    text("time_in_force"),
    text("self_trade_prevention"),
    integer("price"),
    integer("quantity"),
    integer("quote_quantity"),
    text("client_order_id", null=True),
    text("status"),
    integer("filled"),
    integer("notional"),
    integer("prevented"),
    integer("created_at"),
    integer("updated_at"),
    Column("reduced", INT, nullable=False, server_default="0"),  # how much less its owner wants than was placed
    check("id", "id > 0"),
    check("person", f"user_id >= {FIRST_PERSON}"),
    one_of("side", Side),
    one_of("type", OrderType),
    one_of("time_in_force", TimeInForce),
    one_of("self_trade_prevention", SelfTradePrevention),
    one_of("status", OrderStatus),
    check("client_order_id", "client_order_id <> ''"),
    check("price", "price >= 0 AND (price = 0) = (type = 'market')"),
    check("size", "(quantity > 0 AND quote_quantity = 0) OR (quantity = 0 AND quote_quantity > 0 AND type = 'market')"),
    check("done", "filled >= 0 AND prevented >= 0 AND (quantity = 0 OR filled + prevented <= quantity)"),
    check("notional", "notional >= 0 AND (notional = 0) = (filled = 0)"),
    check("rests", f"NOT ({IS_OPEN}) OR (time_in_force = 'gtc' AND price > 0 AND filled + prevented < quantity)"),
    check("new", "status <> 'new' OR filled = 0"),
    check("partially_filled", "status <> 'partially_filled' OR filled > 0"),
    check("filled", "status <> 'filled' OR (filled > 0 AND prevented = 0 AND (quantity = 0 OR filled = quantity))"),
    Index("ix_orders_user", BUCKET, "user_id"),
    index("ix_orders_open", BUCKET, "user_id", where=IS_OPEN),
    sqlite_strict=True,
)

trades = Table(
    "trades",
    metadata,
    integer("id", key=True),
    text("symbol", "markets.symbol"),
    integer("at"),
    integer("price"),
    integer("quantity"),
    integer("notional"),
    text("taker_side"),
    integer("maker_order_id", "orders.id", null=True),  # NULL is the market maker's quote
    integer("maker", "users.id"),
    integer("maker_fee"),
    integer("taker_order_id", "orders.id", null=True),
    integer("taker", "users.id"),
    integer("taker_fee"),
    integer("reference"),
    check("id", "id > 0"),
    one_of("taker_side", Side),
    check("amounts", "price > 0 AND quantity > 0 AND notional > 0"),
    check("fees", "maker_fee >= 0 AND taker_fee >= 0"),
    check("parties", "maker <> taker"),
    check("orders", "maker_order_id IS NOT NULL OR taker_order_id IS NOT NULL"),
    Index("ix_trades_symbol", "symbol", "id"),
    Index("ix_trades_maker", BUCKET, "maker"),
    Index("ix_trades_taker", BUCKET, "taker"),
    index("ix_trades_maker_order", "maker_order_id", where="maker_order_id IS NOT NULL"),
    index("ix_trades_taker_order", "taker_order_id", where="taker_order_id IS NOT NULL"),
    postgresql_partition_by="RANGE (id)",  # see `partitions`
    sqlite_strict=True,
)

# Merged in the transaction of the trades that they count. `rows.CANDLE_MINUTES` says which lengths are kept.
candles = Table(
    "candles",
    metadata,
    text("symbol", "markets.symbol", key=True),
    integer("minutes", key=True),
    integer("begin_at", key=True),
    integer("open"),
    integer("high"),
    integer("low"),
    integer("close"),
    integer("volume"),
    integer("notional"),
    integer("trades"),
    integer("taker_buy_volume"),
    integer("taker_buy_notional"),
    check("minutes", "minutes > 0"),
    check("begin_at", "begin_at % (minutes * 60000000) = 0"),
    check("prices", "0 < low AND low <= open AND low <= close AND open <= high AND close <= high"),
    check("traded", "trades > 0 AND volume > 0 AND notional > 0"),
    check(
        "taker_buy",
        "taker_buy_volume BETWEEN 0 AND volume AND taker_buy_notional BETWEEN 0 AND notional"
        " AND (taker_buy_volume = 0) = (taker_buy_notional = 0)",
    ),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Another venue's, of the time before a market's first trade: never added to `candles`. volume is in base atoms.
reference_candles = Table(
    "reference_candles",
    metadata,
    text("symbol", "markets.symbol", key=True),
    integer("minutes", key=True),
    integer("begin_at", key=True),
    integer("open"),
    integer("high"),
    integer("low"),
    integer("close"),
    integer("volume"),
    check("minutes", "minutes > 0"),
    check("begin_at", "begin_at % (minutes * 60000000) = 0"),
    check("prices", "0 < low AND low <= open AND low <= close AND open <= high AND close <= high"),
    check("volume", "volume >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)
