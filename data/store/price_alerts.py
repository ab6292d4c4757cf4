"""Price alerts, as they are kept."""

# ruff: noqa: S608  statements are put together from our own columns only; values are always parameters

from typing import Final

from msgspec import Struct

from data.store.connection import Connection
from data.store.notices import NoticeRow
from data.store.readers import Readers, rows
from data.store.rows import Row
from data.store.store import Store
from engine.core.types import Micros, Symbol, Ticks, UserId

_COLUMNS: Final = "id, user_id, symbol, above, below, move_ppm, armed_at, armed, fired_at, fired_price"
_ARMED: Final = f"SELECT {_COLUMNS} FROM price_alerts WHERE armed = 1 AND id > ? ORDER BY id LIMIT 1000"
_OF: Final = f"SELECT {_COLUMNS} FROM price_alerts WHERE user_id = ? ORDER BY id"
_COUNT: Final = "SELECT count(*) FROM price_alerts WHERE user_id = ?"
_SAME: Final = """
    SELECT 1 FROM price_alerts
     WHERE user_id = ? AND symbol = ? AND armed = 1
       AND coalesce(above, 0) = coalesce(CAST(? AS BIGINT), 0)
       AND coalesce(below, 0) = coalesce(CAST(? AS BIGINT), 0)
       AND coalesce(move_ppm, 0) = coalesce(CAST(? AS BIGINT), 0)
"""
_ADD: Final = (
    "INSERT INTO price_alerts (user_id, symbol, above, below, move_ppm, armed_at, armed)"
    " VALUES (?, ?, ?, ?, ?, ?, 1) RETURNING id"
)
_FIRE: Final = "UPDATE price_alerts SET armed = 0, fired_at = ?, fired_price = ? WHERE id = ? AND armed = 1"
_ARM: Final = "UPDATE price_alerts SET armed = 1, armed_at = ?, above = ?, below = ? WHERE id = ? AND user_id = ?"
_DELETE: Final = "DELETE FROM price_alerts WHERE id = ? AND user_id = ?"
_TELL: Final = """
    INSERT INTO bot_notices (user_id, topic, state, body, at, rings) VALUES (?, ?, 'waiting', ?, ?, 1)
    ON CONFLICT (user_id, topic) DO UPDATE SET state = excluded.state, body = excluded.body, at = excluded.at,
        rings = excluded.rings, chat = NULL, message = NULL
"""


class PriceAlert(Struct, frozen=True):
    """Whom to tell when a market's price is at `above` or higher, or at `below` or lower; prices in ticks.

    move_ppm is set where it was asked for as a move by percent: then both are set.
    """

    id: int
    user: UserId
    symbol: Symbol
    above: Ticks | None
    below: Ticks | None
    move_ppm: int | None
    armed_at: Micros
    armed: bool = True
    fired_at: Micros | None = None
    fired_price: Ticks | None = None


class SqlPriceAlerts:
    """Every write is durable when it returns."""

    def __init__(self, store: Store, readers: Readers) -> None:
        self._store = store
        self._readers = readers

    async def armed(self, after: int) -> list[PriceAlert]:
        """Return armed alerts with ids above `after`, a thousand at most."""
        found = await self._readers.read(lambda connection: rows(connection, _ARMED, (after,)))
        return [_alert_of(row) for row in found]

    async def of(self, user: UserId) -> list[PriceAlert]:
        """Return a person's alerts, oldest first."""
        return [_alert_of(row) for row in await self._readers.read(lambda connection: rows(connection, _OF, (user,)))]

    async def add(self, alert: PriceAlert, most: int) -> int | None:
        """Keep a new alert; return its id, or None where the person has `most` already; 0 where it is there already."""
        values = (alert.user, alert.symbol, alert.above, alert.below, alert.move_ppm)

        def write(connection: Connection) -> int | None:
            if connection.execute(_SAME, values).fetchone():
                return 0
            if connection.execute(_COUNT, (alert.user,)).fetchone()[0] >= most:
                return None
            return int(connection.execute(_ADD, (*values, alert.armed_at)).fetchone()[0])

        return await self._store.write(write)

    async def fire(self, alert: PriceAlert, at: Micros, price: Ticks, notice: NoticeRow) -> bool:
        """Disarm an alert and keep the notice of it, in one transaction. Return whether it was armed."""

        def write(connection: Connection) -> bool:
            if connection.execute(_FIRE, (at, price, alert.id)).rowcount != 1:
                return False
            connection.execute(_TELL, (notice.user, notice.topic, notice.body, notice.at))
            return True

        return await self._store.write(write)

    async def arm(self, alert: PriceAlert) -> bool:
        """Arm a person's alert again, at these prices. Return whether there is one."""
        values = (alert.armed_at, alert.above, alert.below, alert.id, alert.user)
        return await self._store.write(lambda connection: connection.execute(_ARM, values).rowcount == 1)

    async def delete(self, user: UserId, alert: int) -> bool:
        """Forget a person's alert. Return whether there was one."""
        return await self._store.write(lambda connection: connection.execute(_DELETE, (alert, user)).rowcount == 1)


def _alert_of(row: Row) -> PriceAlert:
    id_, user, symbol, above, below, move_ppm, armed_at, armed, *fired = row
    return PriceAlert(id_, user, symbol, above, below, move_ppm, armed_at, bool(armed), *fired)
