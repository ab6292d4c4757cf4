"""What the Telegram bot remembers: what it tells to whom, what people chose, cards, conversations, price alerts."""

import enum

from sqlalchemy import Column, Index, Table

from data.store.schema.columns import INT, bytes_, check, index, integer, metadata, one_of, text


class NoticeState(enum.Enum):
    """Where a notice is on its way to its reader."""

    WAITING = "waiting"
    SENDING = "sending"  # nobody knows yet whether Telegram has taken it
    TOLD = "told"


# What a person is told about a topic, once; chat and message say where it was told last, so that it can be changed.
bot_notices = Table(
    "bot_notices",
    metadata,
    integer("user_id", "users.id", key=True),
    text("topic", key=True),
    text("state"),
    text("body"),
    integer("at"),
    integer("rings"),
    integer("chat", null=True),
    integer("message", null=True),
    one_of("state", NoticeState),
    check("rings", "rings BETWEEN 0 AND 1"),
    check("place", "(chat IS NULL) = (message IS NULL)"),
    index("ix_bot_notices_waiting", "at", where="state <> 'told'"),
    index("ix_bot_notices_told", "at", where="state = 'told'"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# One row: up to where what happened has been looked at for notices.
bot_cursor = Table(
    "bot_cursor",
    metadata,
    integer("id", key=True),
    integer("at"),
    integer("trade_id"),
    integer("order_id"),
    integer("activity_id"),
    check("one_row", "id = 1"),
    sqlite_strict=True,
)

# What people chose. notify is JSON: {kind: "silent" or "off"}.
bot_people = Table(
    "bot_people",
    metadata,
    integer("user_id", "users.id", key=True),
    text("language", null=True),
    text("notify"),
    sqlite_strict=True,
)

# Orders that wait for their yes; those taken stay for a day, since what becomes of their orders is told in them.
bot_cards = Table(
    "bot_cards",
    metadata,
    text("nonce", key=True),
    integer("user_id", "users.id"),
    integer("chat"),
    integer("message"),
    bytes_("body"),
    integer("until"),
    integer("taken"),
    check("taken", "taken BETWEEN 0 AND 1"),
    Index("ix_bot_cards_user", "user_id", "until"),
    sqlite_strict=True,
)

bot_conversations = Table(
    "bot_conversations",
    metadata,
    text("key", key=True),
    text("state", null=True),
    text("data"),
    integer("at"),
    Index("ix_bot_conversations_at", "at"),
    sqlite_strict=True,
)

# Updates, messages and taps that came: none is worked on twice.
bot_seen = Table(
    "bot_seen",
    metadata,
    text("name", key=True),
    integer("at"),
    Index("ix_bot_seen_at", "at"),
    sqlite_strict=True,
)

# "Tell me when the price is above, below": prices in ticks. Of a move by percent (ppm), both are set, around base.
price_alerts = Table(
    "price_alerts",
    metadata,
    Column("id", INT, primary_key=True, autoincrement=True),
    integer("user_id", "users.id"),
    text("symbol", "markets.symbol"),
    integer("above", null=True),
    integer("below", null=True),
    integer("move_ppm", null=True),
    integer("armed_at"),
    integer("armed"),
    integer("fired_at", null=True),
    integer("fired_price", null=True),
    check("price", "above IS NOT NULL OR below IS NOT NULL"),
    check("prices", "(above IS NULL OR above > 0) AND (below IS NULL OR below > 0)"),
    check("move", "move_ppm IS NULL OR (move_ppm > 0 AND above IS NOT NULL)"),
    check("armed", "armed BETWEEN 0 AND 1"),
    check("fired", "(fired_at IS NULL) = (fired_price IS NULL)"),
    Index("ix_price_alerts_user", "user_id", "id"),
    index("ix_price_alerts_armed", "symbol", where="armed = 1"),
    sqlite_strict=True,
)
