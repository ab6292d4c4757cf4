"""Every table, once. `migrations` brings a database to this; a test holds the two equal.

The database refuses what must never be: a wrong type (STRICT), a state that contradicts itself (CHECK), a row about
somebody or something unknown (foreign keys). Integers only: money in atoms, time in microseconds.

An index stands here only because a query needs it. What a commit costs is the pages that it changes: an index by user
alone changes one for every user in the batch, which cost more than all else that an order costs. So such indexes go
by bucket first, which is 2**BUCKET_BITS consecutive ids: new entries share a few pages, and a query walks back from the
newest bucket (see `walk`).
"""

from data.store.schema.books import balances, commands, deposits, postings, sequencer, withdrawals
from data.store.schema.bot import (
    NoticeState,
    bot_cards,
    bot_conversations,
    bot_cursor,
    bot_notices,
    bot_people,
    bot_seen,
    price_alerts,
)
from data.store.schema.chat import chart_themes, daily_summary
from data.store.schema.columns import BUCKET_BITS, metadata
from data.store.schema.custody import deposit_accounts
from data.store.schema.house import hedges, maker_days, maker_profits, maker_stops
from data.store.schema.leaving import (
    withdrawal_addresses,
    withdrawal_approvals,
    withdrawal_steps,
    withdrawal_stops,
)
from data.store.schema.people import (
    activity,
    admin_log,
    api_keys,
    challenges,
    sessions,
    users,
    wallet_links,
    wallets,
)
from data.store.schema.reconciliation import reconciliation_stops
from data.store.schema.settlement import (
    lookup_tables,
    settlement_attempts,
    settlement_batches,
    settlement_outbox,
    sweeps,
    vault_accounts,
)
from data.store.schema.solvency import solvency_assets, solvency_leaves, solvency_snapshots
from data.store.schema.trading import assets, candles, markets, orders, reference_candles, trades

__all__ = [
    "BUCKET_BITS",
    "NoticeState",
    "activity",
    "admin_log",
    "api_keys",
    "assets",
    "balances",
    "bot_cards",
    "bot_conversations",
    "bot_cursor",
    "bot_notices",
    "bot_people",
    "bot_seen",
    "candles",
    "challenges",
    "chart_themes",
    "commands",
    "daily_summary",
    "deposit_accounts",
    "deposits",
    "hedges",
    "lookup_tables",
    "maker_days",
    "maker_profits",
    "maker_stops",
    "markets",
    "metadata",
    "orders",
    "postings",
    "price_alerts",
    "reconciliation_stops",
    "reference_candles",
    "sequencer",
    "sessions",
    "settlement_attempts",
    "settlement_batches",
    "settlement_outbox",
    "solvency_assets",
    "solvency_leaves",
    "solvency_snapshots",
    "sweeps",
    "trades",
    "users",
    "vault_accounts",
    "wallet_links",
    "wallets",
    "withdrawal_addresses",
    "withdrawal_approvals",
    "withdrawal_steps",
    "withdrawal_stops",
    "withdrawals",
]
