"""What the Telegram bot remembers: notices, what people chose, cards, conversations, updates, price alerts."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    text,
)

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INT = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "bot_notices",
        Column("user_id", INT, nullable=False),
        Column("topic", Text(), nullable=False),
        Column("state", Text(), nullable=False),
        Column("body", Text(), nullable=False),
        Column("at", INT, nullable=False),
        Column("rings", INT, nullable=False),
        Column("chat", INT, nullable=True),
        Column("message", INT, nullable=True),
        CheckConstraint("(chat IS NULL) = (message IS NULL)", name="place"),
        CheckConstraint("state = 'waiting' OR state = 'sending' OR state = 'told'", name="state"),
        CheckConstraint("rings BETWEEN 0 AND 1", name="rings"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bot_notices_user_id"),
        PrimaryKeyConstraint("user_id", "topic", name="pk_bot_notices"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )
    for name, where in (("waiting", text("state <> 'told'")), ("told", text("state = 'told'"))):
        op.create_index(f"ix_bot_notices_{name}", "bot_notices", ["at"], sqlite_where=where, postgresql_where=where)
    op.create_table(
        "bot_cursor",
        Column("id", INT, nullable=False),
        Column("at", INT, nullable=False),
        Column("trade_id", INT, nullable=False),
        Column("order_id", INT, nullable=False),
        Column("activity_id", INT, nullable=False),
        CheckConstraint("id = 1", name="one_row"),
        PrimaryKeyConstraint("id", name="pk_bot_cursor"),
        sqlite_strict=True,
    )
    op.create_table(
        "bot_people",
        Column("user_id", INT, nullable=False),
        Column("language", Text(), nullable=True),
        Column("notify", Text(), nullable=False),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bot_people_user_id"),
        PrimaryKeyConstraint("user_id", name="pk_bot_people"),
        sqlite_strict=True,
    )
    op.create_table(
        "bot_cards",
        Column("nonce", Text(), nullable=False),
        Column("user_id", INT, nullable=False),
        Column("chat", INT, nullable=False),
        Column("message", INT, nullable=False),
        Column("body", LargeBinary(), nullable=False),
        Column("until", INT, nullable=False),
        Column("taken", INT, nullable=False),
        CheckConstraint("taken BETWEEN 0 AND 1", name="taken"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_bot_cards_user_id"),
        PrimaryKeyConstraint("nonce", name="pk_bot_cards"),
        sqlite_strict=True,
    )
    op.create_index("ix_bot_cards_user", "bot_cards", ["user_id", "until"])
    op.create_table(
        "bot_conversations",
        Column("key", Text(), nullable=False),
        Column("state", Text(), nullable=True),
        Column("data", Text(), nullable=False),
        Column("at", INT, nullable=False),
        PrimaryKeyConstraint("key", name="pk_bot_conversations"),
        sqlite_strict=True,
    )
    op.create_index("ix_bot_conversations_at", "bot_conversations", ["at"])
    op.create_table(
        "bot_seen",
        Column("name", Text(), nullable=False),
        Column("at", INT, nullable=False),
        PrimaryKeyConstraint("name", name="pk_bot_seen"),
        sqlite_strict=True,
    )
    op.create_index("ix_bot_seen_at", "bot_seen", ["at"])
    op.create_table(
        "price_alerts",
        Column("id", INT, nullable=False, autoincrement=True),
        Column("user_id", INT, nullable=False),
        Column("symbol", Text(), nullable=False),
        Column("above", INT, nullable=True),
        Column("below", INT, nullable=True),
        Column("move_ppm", INT, nullable=True),
        Column("armed_at", INT, nullable=False),
        Column("armed", INT, nullable=False),
        Column("fired_at", INT, nullable=True),
        Column("fired_price", INT, nullable=True),
        CheckConstraint("move_ppm IS NULL OR (move_ppm > 0 AND above IS NOT NULL)", name="move"),
        CheckConstraint("armed BETWEEN 0 AND 1", name="armed"),
        CheckConstraint("above IS NOT NULL OR below IS NOT NULL", name="price"),
        CheckConstraint("(fired_at IS NULL) = (fired_price IS NULL)", name="fired"),
        CheckConstraint("(above IS NULL OR above > 0) AND (below IS NULL OR below > 0)", name="prices"),
        ForeignKeyConstraint(["symbol"], ["markets.symbol"], name="fk_price_alerts_symbol"),
        ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_price_alerts_user_id"),
        PrimaryKeyConstraint("id", name="pk_price_alerts"),
        sqlite_strict=True,
    )
    op.create_index("ix_price_alerts_user", "price_alerts", ["user_id", "id"])
    armed = text("armed = 1")
    op.create_index("ix_price_alerts_armed", "price_alerts", ["symbol"], sqlite_where=armed, postgresql_where=armed)
