"""Where the bot keeps what it must not forget."""

from typing import Self

from msgspec import Struct

from data.store.chats import SqlChats
from data.store.happened import Happened
from data.store.notices import SqlNotices
from data.store.notifications import SqlNotifications
from data.store.price_alerts import SqlPriceAlerts
from data.store.queries import Queries
from data.store.store import Store


class Stores(Struct, frozen=True):
    """All of it, on the one database."""

    notices: SqlNotices
    notifications: SqlNotifications
    chats: SqlChats
    alerts: SqlPriceAlerts
    happened: Happened
    queries: Queries

    @classmethod
    def of(cls, store: Store, queries: Queries) -> Self:
        """Return them for the writer's store and its readers."""
        return cls(
            SqlNotices(store, queries),
            SqlNotifications(store, queries),
            SqlChats(store, queries),
            SqlPriceAlerts(store, queries),
            Happened(queries),
            queries,
        )
