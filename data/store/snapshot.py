"""What a new writer starts from, and what an audit compares with, read from the tables."""

# ruff: noqa: S608  statements are put together from our own columns only

from operator import itemgetter
from typing import Final

from msgspec.structs import replace

from data.store import facts
from data.store.connection import Asked
from engine.core.commands import PlaceOrder
from engine.core.events import OrderChanged
from engine.core.market import Asset
from engine.core.names import LIFE
from engine.core.snapshot import Snapshot, command_of
from engine.core.types import Lots, OrderId


class NoSequencer(Exception):  # noqa: N818
    """The database does not say how far it is. An empty exchange must not start in its place."""


# Named, since without statistics SQLite would rather read every order ever placed, in the order asked for.
_OPEN: Final = (
    f"SELECT {facts.ORDER}, reduced FROM orders INDEXED BY ix_orders_open"
    " WHERE status = 'new' OR status = 'partially_filled'"
)

_ASSETS: Final = f"SELECT {facts.ASSET} FROM assets ORDER BY code"
_MARKETS: Final = f"SELECT {facts.MARKET} FROM markets ORDER BY symbol"
_HAVING: Final = f"SELECT {facts.BALANCE} FROM balances WHERE available <> 0 OR held <> 0 ORDER BY owner, asset"
_REQUESTED: Final = f"SELECT {facts.WITHDRAWAL} FROM withdrawals WHERE status = 'requested' ORDER BY id"
_REFERRED: Final = (
    f"SELECT {facts.WITHDRAWAL} FROM withdrawals INDEXED BY ix_withdrawals_referred"
    " WHERE reference IS NOT NULL AND created_at >= ? ORDER BY id"
)
_CREDITED: Final = "SELECT reference FROM deposits ORDER BY reference"

# Ids rise with time, so walking back from the newest meets all of the last day before anything older.
_BEFORE: Final = "SELECT id FROM orders WHERE created_at < ? ORDER BY id DESC LIMIT 1"
_NAMED_AND_CLOSED_SINCE: Final = (
    f"SELECT {facts.PLACED} FROM orders WHERE id > ? AND client_order_id IS NOT NULL"
    " AND status <> 'new' AND status <> 'partially_filled'"
)


def load(connection: Asked) -> Snapshot:
    """Return the state as the tables tell it. The caller's transaction makes it one moment's. Raises NoSequencer."""
    row = connection.execute(
        "SELECT seq, epoch, digest, now, next_order, next_trade, next_withdrawal FROM sequencer WHERE id = 1"
    ).fetchone()
    if row is None:
        raise NoSequencer(NoSequencer.__doc__)
    seq, epoch, digest, now, next_order, next_trade, next_withdrawal = row
    open_orders, reduced = [], {}
    for *kept, less in connection.execute(_OPEN):
        order = facts.order_of(tuple(kept))
        open_orders.append(order)
        if less:
            reduced[order.id] = less
    open_orders.sort(key=lambda order: order.id)
    return Snapshot(
        seq=seq,
        epoch=epoch,
        digest=digest,
        now=now,
        next_order=next_order,
        next_trade=next_trade,
        next_withdrawal=next_withdrawal,
        assets=[Asset(*listed) for listed in connection.execute(_ASSETS)],
        markets=[*map(facts.market_of, connection.execute(_MARKETS))],
        balances=[*map(facts.balance_of, connection.execute(_HAVING))],
        open_orders=open_orders,
        remembered=_remembered(connection, open_orders, reduced, now - LIFE),
        withdrawals=[*map(facts.withdrawal_of, connection.execute(_REQUESTED))],
        requests=[*map(facts.withdrawal_of, connection.execute(_REFERRED, (now - LIFE,)))],
        deposits=[reference for (reference,) in connection.execute(_CREDITED)],
    )


def _remembered(
    connection: Asked, open_orders: list[OrderChanged], reduced: dict[OrderId, Lots], since: int
) -> list[tuple[OrderId, PlaceOrder]]:
    """Return the orders with a client order id that were placed since, or are open, by id, as they were placed."""
    before = connection.execute(_BEFORE, (since,)).fetchone()
    remembered = []
    for order in open_orders:
        if order.client_order_id:
            placed = command_of(order)
            if order.id in reduced:
                placed = replace(placed, quantity=Lots(placed.quantity + reduced[order.id]))
            remembered.append((order.id, placed))
    remembered += map(facts.placed_of, connection.execute(_NAMED_AND_CLOSED_SINCE, before or (0,)))
    remembered.sort(key=itemgetter(0))
    return remembered
