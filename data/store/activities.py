"""What happened to accounts: written in the transaction of the act itself, the newest of each account kept."""

from typing import Final

from msgspec.structs import replace

from data.store.connection import Connection
from engine.accounts.types import Activity, ActivityKind
from engine.core.types import Micros, UserId

MOST_KEPT: Final = 500  # of one account

LATEST: Final = "SELECT user_id, at, kind, address, detail, id FROM activity WHERE user_id = ? ORDER BY id DESC LIMIT ?"

SINCE: Final = "SELECT 1 FROM activity WHERE user_id = ? AND kind = ? AND at >= ? LIMIT 1"
UNLINKED: Final = "SELECT 1 FROM activity WHERE kind = 'telegram_unlinked' AND detail = ? AND at >= ? LIMIT 1"


_ADD: Final = "INSERT INTO activity (user_id, at, kind, address, detail) VALUES (?, ?, ?, ?, ?) RETURNING id"


def record(connection: Connection, activity: Activity) -> Activity:
    """Keep an activity in the caller's transaction and return it with its id. The account's oldest may go for it."""
    row = (activity.user_id, activity.at, activity.kind.value, activity.address, activity.detail)
    [number] = connection.execute(_ADD, row).fetchone()
    connection.execute(
        "DELETE FROM activity WHERE user_id = ? AND id <="
        " (SELECT id FROM activity WHERE user_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
        (activity.user_id, activity.user_id, MOST_KEPT),
    )
    return replace(activity, id=number)


def from_row(row: tuple[UserId, Micros, str, str, str, int]) -> Activity:
    """Return the activity that a row of LATEST tells."""
    user_id, at, kind, address, detail, number = row
    return Activity(user_id, at, ActivityKind(kind), address, detail, number)
