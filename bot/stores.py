"""Where the bot keeps what it must not forget."""

from typing import Self

from msgspec import Struct

from data.store.chats import SqliteChats
from data.store.happened import Happened
from data.store.notices import SqliteNotices
from data.store.notifications import SqliteNotifications
from data.store.price_alerts import SqlitePriceAlerts
from data.store.queries import Queries
from data.store.store import Store


class Stores(Struct, frozen=True):
    """All of it, on the one database."""

    notices: SqliteNotices
    notifications: SqliteNotifications
    chats: SqliteChats
    alerts: SqlitePriceAlerts
    happened: Happened
    queries: Queries

    @classmethod
    def of(cls, store: Store, queries: Queries) -> Self:
        """Return them for the writer's store and its readers."""
        return cls(
            SqliteNotices(store, queries),
            SqliteNotifications(store, queries),
            SqliteChats(store, queries),
            SqlitePriceAlerts(store, queries),
            Happened(queries),
            queries,
        )
