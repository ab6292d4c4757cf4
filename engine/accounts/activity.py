"""Telling whoever listens (the stream, the bot) what happened to accounts, once it is durable."""

from collections.abc import Callable

from engine.accounts.types import Activity


class ActivityFeed:
    """Listeners are told in their order; what one raises is raised to whoever acted, so they guard themselves.

    Whoever acts tells once the act is durable and waits for nothing in between, so that ids are told in their order.
    """

    def __init__(self) -> None:
        self.listeners: list[Callable[[Activity], None]] = []

    def tell(self, activity: Activity) -> None:
        """Tell every listener."""
        for listener in self.listeners:
            listener(activity)
