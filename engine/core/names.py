"""Client order ids: which order a name of an account's own means, so that a retry never buys twice."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from engine.core.book import Order
from engine.core.commands import PlaceOrder
from engine.core.refusals import TooManyClientOrderIds
from engine.core.types import Micros, OrderId, UserId

LIFE: Final = Micros(24 * 3600 * 1_000_000)
MOST: Final = 4_000_000  # names of the last day, about 400 bytes each
MOST_OF_AN_ACCOUNT: Final = 250_000

Named = tuple[OrderId, PlaceOrder]


class ClientOrderIds:
    """A name means an order placed within the last day, or one that is still open.

    What is remembered depends on the commands' times alone, so that a restart or a replay changes nothing.
    """

    __slots__ = ("_by_account", "_open", "_recent", "most", "most_of_an_account")

    def __init__(self) -> None:
        self.most = MOST
        self.most_of_an_account = MOST_OF_AN_ACCOUNT
        # By the time of placing. Not a plain dict: finding the first key of one that lost many at its front is slow.
        self._recent: OrderedDict[tuple[UserId, str], Named] = OrderedDict()
        self._by_account: dict[UserId, int] = {}
        self._open: dict[tuple[UserId, str], Order] = {}

    def __len__(self) -> int:
        return len(self._recent)

    def find(self, user: UserId, name: str, now: Micros) -> Named | None:
        """Return the order that a name means, or None."""
        order = self._open.get((user, name))
        if order is not None:
            assert order.placed is not None
            return order.id, order.placed
        found = self._recent.get((user, name))
        return None if found is None or found[1].at + LIFE < now else found

    def check_room(self, user: UserId, now: Micros) -> None:
        """Raise TooManyClientOrderIds where no further name can be remembered."""
        if len(self._recent) >= self.most or self._by_account.get(user, 0) >= self.most_of_an_account:
            self._forget(now, len(self._recent))
            if len(self._recent) >= self.most or self._by_account.get(user, 0) >= self.most_of_an_account:
                raise TooManyClientOrderIds

    def add(self, order: OrderId, placed: PlaceOrder, now: Micros) -> None:
        """Let a name mean an order, and forget a few whose day is over."""
        key = (placed.user, placed.client_order_id)
        if self._recent.pop(key, None) is None:
            self._by_account[placed.user] = self._by_account.get(placed.user, 0) + 1
        self._recent[key] = (order, placed)
        self._forget(now, 2)

    def opened(self, order: Order) -> None:
        """Let the name of an order that rests mean it for as long as it does."""
        if order.placed is not None and order.placed.client_order_id:
            self._open[order.user, order.placed.client_order_id] = order

    def closed(self, order: Order) -> None:
        """End that."""
        if order.placed is not None and order.placed.client_order_id:
            del self._open[order.user, order.placed.client_order_id]

    def known(self, now: Micros) -> Iterator[Named]:
        """Yield everything that a name means now."""
        for named in self._recent.values():
            if named[1].at + LIFE >= now:
                yield named
        for order in self._open.values():
            assert order.placed is not None
            if order.placed.at + LIFE < now:
                yield order.id, order.placed

    def _forget(self, now: Micros, most: int) -> None:
        recent, by_account = self._recent, self._by_account
        for _ in range(most):
            key = next(iter(recent), None)
            if key is None or recent[key][1].at + LIFE >= now:
                return
            del recent[key]
            by_account[key[0]] -= 1
            if not by_account[key[0]]:
                del by_account[key[0]]
