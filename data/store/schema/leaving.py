"""How far a withdrawal is between being requested and being sent. The money itself is in `withdrawals`.

Each row tells what happened; what state that comes to `engine.withdrawals.rules` says.
"""

from sqlalchemy import Table

from data.store.schema.columns import check, integer, metadata, text

# There is no row until something has happened. `ending` is why a withdrawal is to end, written down before it does.
withdrawal_steps = Table(
    "withdrawal_steps",
    metadata,
    integer("withdrawal_id", "withdrawals.id", key=True),
    integer("confirmed_at", null=True),
    text("confirmed_by", null=True),
    integer("approvals_needed"),
    text("ending", null=True),
    check("confirmed", "(confirmed_at IS NULL) = (confirmed_by IS NULL)"),
    check("approvals_needed", "approvals_needed >= 0"),
    sqlite_strict=True,
)

withdrawal_approvals = Table(
    "withdrawal_approvals",
    metadata,
    integer("withdrawal_id", "withdrawals.id", key=True),
    integer("admin_id", "users.id", key=True),
    integer("at"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# Where an account has sent to before: no delay there.
withdrawal_addresses = Table(
    "withdrawal_addresses",
    metadata,
    integer("user_id", "users.id", key=True),
    text("address", key=True),
    integer("since"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

# One row while an operator has stopped sending, none otherwise.
withdrawal_stops = Table(
    "withdrawal_stops",
    metadata,
    integer("id", key=True),
    text("reason"),
    integer("at"),
    check("one_row", "id = 1"),
    sqlite_strict=True,
)
