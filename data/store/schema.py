"""Every table, once. `migrations` brings a database to this; a test holds the two equal.

The database refuses what must never be: a wrong type (STRICT), a state that contradicts itself (CHECK), a row about
somebody or something unknown (foreign keys). Integers only: money in atoms, time in microseconds.

An index stands here only because a query needs it. What a commit costs is the pages that it changes: an index by user
alone changes one for every user in the batch, which cost more than all else that an order costs. So such indexes go
by bucket first, which is 2**BUCKET_BITS consecutive ids: new entries share a few pages, and a query walks back from the
newest bucket (see `walk`).
"""

import enum
from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TextClause,
)
from sqlalchemy import text as sql

from engine.accounts.types import TELEGRAM, ActivityKind, KeyKind, LinkState
from engine.core.types import (
    FIRST_PERSON,
    VAULT,
    OrderStatus,
    OrderType,
    Reason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WithdrawalStatus,
)
from engine.liquidity.hedging import HedgeState


class SettlementState(enum.Enum):
    """Where a trade is on its way to the chain."""

    OWED = "owed"
    SENT = "sent"
    SETTLED = "settled"


BUCKET_BITS: Final = 12  # a page of an index that a batch changes more, and a walk is four times shorter than with 10
BUCKET: Final = sql(f"(id >> {BUCKET_BITS})")

INT: Final = BigInteger().with_variant(Integer(), "sqlite")  # SQLite's INTEGER has 64 bits too, and makes a fast key

metadata = MetaData(
    naming_convention={
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _integer(name: str, refers_to: str | None = None, *, null: bool = False, key: bool = False) -> Column[int]:
    keys = [ForeignKey(refers_to)] if refers_to else []
    return Column(name, INT, *keys, nullable=null, primary_key=key, autoincrement=False if key else "auto")


def _text(name: str, refers_to: str | None = None, *, null: bool = False, key: bool = False) -> Column[str]:
    keys = [ForeignKey(refers_to)] if refers_to else []
    return Column(name, Text, *keys, nullable=null, primary_key=key)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=null)


def _check(name: str, condition: str) -> CheckConstraint:
    return CheckConstraint(condition, name=name)


def _one_of(column: str, values: type[enum.Enum]) -> CheckConstraint:
    # Not IN (...): SQLite builds a table of the list for every row, which costs more than all the rest of the row.
    return _check(column, " OR ".join(f"{column} = '{value.value}'" for value in values))


def _index(name: str, *columns: str | TextClause, where: str) -> Index:
    return Index(name, *columns, sqlite_where=sql(where), postgresql_where=sql(where))


IS_OPEN: Final = "status = 'new' OR status = 'partially_filled'"

assets = Table(
    "assets",
    metadata,
    _text("code", key=True),
    _integer("decimals"),
    _check("decimals", "decimals BETWEEN 0 AND 18"),
    sqlite_strict=True,
)

markets = Table(
    "markets",
    metadata,
    _text("symbol", key=True),
    _text("base", "assets.code"),
    _text("quote", "assets.code"),
    _integer("tick_atoms"),
    _integer("lot_atoms"),
    _integer("unit_atoms"),
    _integer("max_price"),
    _integer("max_quantity"),
    _integer("max_open_orders"),
    _integer("maker_fee_ppm"),
    _integer("taker_fee_ppm"),
    _check("pair", "base <> quote"),
    _check("units", "tick_atoms > 0 AND lot_atoms > 0 AND unit_atoms > 0"),
    _check("limits", "max_price > 0 AND max_quantity > 0 AND max_open_orders >= 0"),
    _check("fees", "maker_fee_ppm BETWEEN 0 AND 999999 AND taker_fee_ppm BETWEEN 0 AND 999999"),
    sqlite_strict=True,
)

users = Table(
    "users",
    metadata,
    _integer("id", key=True),
    _text("kind"),
    Column("telegram_id", INT, nullable=True, unique=True),
    _text("first_name"),
    _text("username", null=True),
    _text("language_code", null=True),
    _integer("created_at"),
    _check(
        "kind",
        f"(kind = 'house' AND id BETWEEN 1 AND {FIRST_PERSON - 1}) OR (kind = 'person' AND id >= {FIRST_PERSON})",
    ),
    sqlite_strict=True,
)

wallets = Table(
    "wallets",
    metadata,
    _text("address", key=True),
    _integer("user_id", "users.id"),
    _integer("created_at"),
    Index("ix_wallets_user", "user_id"),
    sqlite_strict=True,
)

sessions = Table(
    "sessions",
    metadata,
    _text("id", key=True),
    _integer("user_id", "users.id"),
    _bytes("refresh_hash"),
    _bytes("previous_refresh_hash", null=True),
    _integer("created_at"),
    _integer("refreshed_at"),
    _integer("expires_at"),
    _integer("revoked_at", null=True),
    _text("user_agent"),
    _text("address"),
    Column("door", Text, nullable=False, server_default=TELEGRAM),  # or the wallet's address
    Index("ix_sessions_user", "user_id", "refreshed_at"),
    Index("ix_sessions_expiry", "expires_at"),
    sqlite_strict=True,
)

# What a wallet is asked to sign: good once, for its account and session where it names them, by the code of its link
# where it names one.
challenges = Table(
    "challenges",
    metadata,
    _text("nonce", key=True),
    _text("address"),
    _text("message"),
    _integer("user_id", "users.id", null=True),
    _text("session_id", null=True),
    _text("link_id", null=True),
    _integer("expires_at"),
    _check("asked_by", "(user_id IS NULL) = (session_id IS NULL)"),
    _check("link", "link_id IS NULL OR session_id IS NOT NULL"),
    Index("ix_challenges_expiry", "expires_at"),
    sqlite_strict=True,
)

# A session's way to have a wallet that lives in another app sign: its code is kept as a hash and works once.
wallet_links = Table(
    "wallet_links",
    metadata,
    _text("id", key=True),
    _bytes("code_hash"),
    _integer("user_id", "users.id"),
    _text("session_id"),
    _text("state"),
    _text("address", null=True),
    _integer("created_at"),
    _integer("expires_at"),
    _one_of("state", LinkState),
    _check("address", "(state = 'asked') = (address IS NULL)"),
    Index("ix_wallet_links_code", "code_hash", unique=True),
    Index("ix_wallet_links_user", "user_id", "created_at"),
    Index("ix_wallet_links_expiry", "expires_at"),
    sqlite_strict=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    _text("id", key=True),
    _integer("user_id", "users.id"),
    _text("name"),
    _text("kind"),
    _bytes("secret"),  # sealed where kind is hmac_sha256; else the public key
    _text("scopes"),
    _text("addresses"),
    _integer("created_at"),
    _integer("expires_at", null=True),
    _integer("last_used_at", null=True),
    _text("last_used_address", null=True),
    _one_of("kind", KeyKind),
    _check("scopes", "scopes <> ''"),
    _check("last_used", "(last_used_at IS NULL) = (last_used_address IS NULL)"),
    Index("ix_api_keys_user", "user_id", "created_at"),
    sqlite_strict=True,
)

# What happened to an account that its owner should know of; the newest of each account are kept.
activity = Table(
    "activity",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    _integer("user_id", "users.id"),
    _integer("at"),
    _text("kind"),
    _text("address"),
    _text("detail"),
    _one_of("kind", ActivityKind),
    Index("ix_activity_user", "user_id", "id"),
    sqlite_strict=True,
)

# Every act of an administrator, never changed and never deleted.
admin_log = Table(
    "admin_log",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    _integer("at"),
    _integer("admin_id", "users.id"),
    _text("act"),
    _text("target"),
    _text("address"),
    sqlite_strict=True,
)

orders = Table(
    "orders",
    metadata,
    _integer("id", key=True),
    _integer("user_id", "users.id"),
    _text("symbol", "markets.symbol"),
    _text("side"),
    _text("type"),
    _text("time_in_force"),
    _text("self_trade_prevention"),
    _integer("price"),
    _integer("quantity"),
    _integer("quote_quantity"),
    _text("client_order_id", null=True),
    _text("status"),
    _integer("filled"),
    _integer("notional"),
    _integer("prevented"),
    _integer("created_at"),
    _integer("updated_at"),
    _check("id", "id > 0"),
    _check("person", f"user_id >= {FIRST_PERSON}"),
    _one_of("side", Side),
    _one_of("type", OrderType),
    _one_of("time_in_force", TimeInForce),
    _one_of("self_trade_prevention", SelfTradePrevention),
    _one_of("status", OrderStatus),
    _check("client_order_id", "client_order_id <> ''"),
    _check("price", "price >= 0 AND (price = 0) = (type = 'market')"),
    _check(
        "size", "(quantity > 0 AND quote_quantity = 0) OR (quantity = 0 AND quote_quantity > 0 AND type = 'market')"
    ),
    _check("done", "filled >= 0 AND prevented >= 0 AND (quantity = 0 OR filled + prevented <= quantity)"),
    _check("notional", "notional >= 0 AND (notional = 0) = (filled = 0)"),
    _check("rests", f"NOT ({IS_OPEN}) OR (time_in_force = 'gtc' AND price > 0 AND filled + prevented < quantity)"),
    _check("new", "status <> 'new' OR filled = 0"),
    _check("partially_filled", "status <> 'partially_filled' OR filled > 0"),
    _check("filled", "status <> 'filled' OR (filled > 0 AND prevented = 0 AND (quantity = 0 OR filled = quantity))"),
    Index("ix_orders_user", BUCKET, "user_id"),
    _index("ix_orders_open", BUCKET, "user_id", where=IS_OPEN),
    sqlite_strict=True,
)

trades = Table(
    "trades",
    metadata,
    _integer("id", key=True),
    _text("symbol", "markets.symbol"),
    _integer("at"),
    _integer("price"),
    _integer("quantity"),
    _integer("notional"),
    _text("taker_side"),
    _integer("maker_order_id", "orders.id", null=True),  # NULL is the market maker's quote
    _integer("maker", "users.id"),
    _integer("maker_fee"),
    _integer("taker_order_id", "orders.id", null=True),
    _integer("taker", "users.id"),
    _integer("taker_fee"),
    _integer("reference"),
    _check("id", "id > 0"),
    _one_of("taker_side", Side),
    _check("amounts", "price > 0 AND quantity > 0 AND notional > 0"),
    _check("fees", "maker_fee >= 0 AND taker_fee >= 0"),
    _check("parties", "maker <> taker"),
    _check("orders", "maker_order_id IS NOT NULL OR taker_order_id IS NOT NULL"),
    Index("ix_trades_symbol", "symbol", "id"),
    Index("ix_trades_maker", BUCKET, "maker"),
    Index("ix_trades_taker", BUCKET, "taker"),
    _index("ix_trades_maker_order", "maker_order_id", where="maker_order_id IS NOT NULL"),
    _index("ix_trades_taker_order", "taker_order_id", where="taker_order_id IS NOT NULL"),
    sqlite_strict=True,
)

# Merged in the transaction of the trades that they count. `rows.CANDLE_MINUTES` says which lengths are kept.
candles = Table(
    "candles",
    metadata,
    _text("symbol", "markets.symbol", key=True),
    _integer("minutes", key=True),
    _integer("begin_at", key=True),
    _integer("open"),
    _integer("high"),
    _integer("low"),
    _integer("close"),
    _integer("volume"),
    _integer("notional"),
    _integer("trades"),
    _integer("taker_buy_volume"),
    _integer("taker_buy_notional"),
    _check("minutes", "minutes > 0"),
    _check("begin_at", "begin_at % (minutes * 60000000) = 0"),
    _check("prices", "0 < low AND low <= open AND low <= close AND open <= high AND close <= high"),
    _check("traded", "trades > 0 AND volume > 0 AND notional > 0"),
    _check(
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
    _text("symbol", "markets.symbol", key=True),
    _integer("minutes", key=True),
    _integer("begin_at", key=True),
    _integer("open"),
    _integer("high"),
    _integer("low"),
    _integer("close"),
    _integer("volume"),
    _check("minutes", "minutes > 0"),
    _check("begin_at", "begin_at % (minutes * 60000000) = 0"),
    _check("prices", "0 < low AND low <= open AND low <= close AND open <= high AND close <= high"),
    _check("volume", "volume >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

balances = Table(
    "balances",
    metadata,
    _integer("owner", "users.id", key=True),
    _text("asset", "assets.code", key=True),
    _integer("available"),
    _integer("held"),
    _check("available", f"available >= 0 OR owner = {VAULT}"),
    _check("held", "held >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

postings = Table(
    "postings",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    _text("asset", "assets.code"),
    _integer("debit_owner", "users.id"),
    _integer("debit_kind"),
    _integer("credit_owner", "users.id"),
    _integer("credit_kind"),
    _integer("amount"),
    _text("reason"),
    _integer("cause"),
    _integer("at"),
    _check("kinds", "debit_kind BETWEEN 0 AND 1 AND credit_kind BETWEEN 0 AND 1"),
    _check("moves", "debit_owner <> credit_owner OR debit_kind <> credit_kind"),
    _check("amount", "amount > 0"),
    _one_of("reason", Reason),
    Index("ix_postings_debit", BUCKET, "debit_owner"),
    # Most postings hold or release one owner's money; those are found by the debit side alone.
    _index("ix_postings_credit", BUCKET, "credit_owner", where="credit_owner <> debit_owner"),
    sqlite_strict=True,
)

deposits = Table(
    "deposits",
    metadata,
    _text("reference", key=True),
    _integer("user_id", "users.id"),
    _text("asset", "assets.code"),
    _integer("amount"),
    _integer("at"),
    _check("reference", "reference <> ''"),
    _check("amount", "amount > 0"),
    Index("ix_deposits_user", "user_id", "at"),
    sqlite_strict=True,
)

withdrawals = Table(
    "withdrawals",
    metadata,
    _integer("id", key=True),
    _integer("user_id", "users.id"),
    _text("asset", "assets.code"),
    _integer("amount"),
    _text("address"),
    _text("status"),
    _integer("created_at"),
    _integer("updated_at"),
    _check("id", "id > 0"),
    _check("amount", "amount > 0"),
    _one_of("status", WithdrawalStatus),
    Index("ix_withdrawals_user", "user_id", "id"),
    _index("ix_withdrawals_requested", "id", where="status = 'requested'"),
    sqlite_strict=True,
)

settlement_outbox = Table(
    "settlement_outbox",
    metadata,
    _integer("trade_id", "trades.id", key=True),
    Column("state", Text, nullable=False, server_default=SettlementState.OWED.value),
    _text("signature", null=True),
    _integer("updated_at"),
    _one_of("state", SettlementState),
    _check("signature", "(state = 'owed') = (signature IS NULL)"),
    sqlite_strict=True,
)

commands = Table(
    "commands",
    metadata,
    _integer("first_seq", key=True),
    _integer("last_seq"),
    _integer("epoch"),
    _integer("at"),
    _bytes("body"),  # msgpack array of the commands, zlib
    _bytes("digest"),
    _check("range", "first_seq > 0 AND last_seq >= first_seq"),
    sqlite_strict=True,
)

# The market maker's own accounts (see `engine.liquidity.profit`): what quoting a market came to, and hedging on paper.
maker_profits = Table(
    "maker_profits",
    metadata,
    _text("symbol", "markets.symbol", key=True),
    _integer("is_paper", key=True),
    _integer("last_trade"),
    _integer("last_hedge"),
    _integer("trades"),
    _integer("volume"),
    _integer("position"),
    _integer("cost"),
    _integer("realised"),
    _integer("spread"),
    _integer("unpriced"),
    _integer("fees"),
    _integer("hedged"),
    _integer("hedge_cost"),
    _integer("day"),
    _integer("day_realised"),
    _integer("day_total"),
    _check("is_paper", "is_paper BETWEEN 0 AND 1"),
    _check("counters", "last_trade >= 0 AND last_hedge >= 0 AND trades >= 0 AND unpriced BETWEEN 0 AND trades"),
    _check("sums", "volume >= 0 AND fees >= 0"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Markets that an operator has stopped.
maker_stops = Table(
    "maker_stops",
    metadata,
    _text("symbol", "markets.symbol", key=True),
    _text("reason"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Orders on another venue that offset inventory. They are no money in our vault: the ledger knows nothing of them.
hedges = Table(
    "hedges",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    _text("symbol", "markets.symbol"),
    _text("side"),
    _integer("quantity"),
    _integer("price"),
    _integer("at"),
    _integer("is_paper"),
    _text("state"),
    _integer("base"),
    _integer("quote"),
    _integer("fee"),
    _one_of("side", Side),
    _one_of("state", HedgeState),
    _check("is_paper", "is_paper BETWEEN 0 AND 1"),
    _check("order", "quantity > 0 AND price > 0"),
    _check("traded", "base >= 0 AND quote >= 0 AND fee >= 0 AND (base = 0) = (quote = 0)"),
    _check("untraded", "state = 'done' OR base = 0"),
    Index("ix_hedges_symbol", "symbol", "id"),
    _index("ix_hedges_sent", "id", where="state = 'sent'"),
    sqlite_strict=True,
)

# One row: how far the writer is and who it is. Every commit moves it by compare-and-set.
sequencer = Table(
    "sequencer",
    metadata,
    _integer("id", key=True),
    _integer("epoch"),
    _integer("seq"),
    _bytes("digest"),
    _integer("now"),
    _integer("next_order"),
    _integer("next_trade"),
    _integer("next_withdrawal"),
    _check("one_row", "id = 1"),
    _check("counters", "epoch >= 0 AND seq >= 0 AND next_order > 0 AND next_trade > 0 AND next_withdrawal > 0"),
    sqlite_strict=True,
)
