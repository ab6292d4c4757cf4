"""Many orders and cancellations in one message: entered together, answered together, one result each in their order."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from engine.core.commands import CancelOrder, Command
from engine.core.events import AlreadyPlaced, OrderChanged
from engine.core.market import Asset
from engine.core.refusals import InvalidOrder, OrderNotOpen, Refused, UnknownOrder
from engine.core.types import Micros, OrderId, UserId
from engine.sequencer.sequencer import Outcome
from webapp_api import wire
from webapp_api.batch_wire import BatchCancel, BatchPlace, BatchResult, BatchResults, Item
from webapp_api.errors import problem
from webapp_api.orders import Markets, order_reply, to_command

LoadOrder = Callable[[UserId, OrderId], Awaitable[wire.Order | None]]
"""Reads an account's order with its fills from the database; None where it has no such order."""


class LookUp(Struct, frozen=True):
    """An order that has to be read before something can be answered. over: it was to be cancelled, but is not open."""

    order: OrderId
    over: bool = False

    async def answer(self, user: UserId, load: LoadOrder) -> wire.Order:
        """Return the order. Raises UnknownOrder where the account has none such, OrderNotOpen where that was asked."""
        found = await load(user, self.order)
        if found is None:
            raise UnknownOrder
        if self.over:
            raise OrderNotOpen
        return found


def cancellation(params: wire.CancelOrder, user: UserId, now: Micros) -> CancelOrder:
    """Return the command that is asked for. Raises InvalidOrder."""
    if (params.id is None) == (params.client_order_id is None):
        raise InvalidOrder("Name the order by id or by client_order_id.")
    return CancelOrder(now, user, OrderId(params.id or 0), params.client_order_id or "")


def outcome_of(outcome: Outcome, canceled: OrderId | None, markets: Markets) -> wire.Order | Refused | LookUp:
    """Return what a command came to. canceled is the order that a cancellation named, 0 where by another name."""
    if isinstance(outcome, Refused):
        return LookUp(canceled, over=True) if canceled and type(outcome) is UnknownOrder else outcome
    last = outcome[-1]
    if type(last) is AlreadyPlaced:
        return LookUp(last.order)
    assert type(last) is OrderChanged
    if canceled is not None and last.filled:  # its fills happened before this command
        return LookUp(last.id)
    return order_reply(outcome, markets[last.symbol])


class Basket:
    """A batch of one account on its way: `commands` are to be entered, and may be none where nothing made sense."""

    def __init__(self, items: Sequence[Item], user: UserId, now: Micros, markets: Markets) -> None:
        self.commands: list[Command] = []
        self._items = items
        self._user = user
        self._markets = markets
        self._senseless: list[tuple[int, Refused]] = []
        for position, item in enumerate(items):
            try:
                if type(item) is BatchPlace:
                    self.commands.append(to_command(item, user, now, markets))
                else:
                    assert type(item) is BatchCancel
                    self.commands.append(cancellation(item, user, now))
            except Refused as refused:
                self._senseless.append((position, refused))

    def results(self, outcomes: list[Outcome], assets: Mapping[str, Asset]) -> "Results":
        """Return what came of all items, from the outcomes of the commands."""
        for position, refused in self._senseless:
            outcomes.insert(position, refused)
        results = Results(self._user, assets)
        for item, outcome in zip(self._items, outcomes, strict=True):
            canceled = OrderId(item.id or 0) if isinstance(item, BatchCancel) else None
            results.add(outcome_of(outcome, canceled, self._markets))
        return results


class Results:
    """The results of a batch, some of which may still have to be looked up."""

    def __init__(self, user: UserId, assets: Mapping[str, Asset]) -> None:
        self._user = user
        self._assets = assets
        self._results: list[BatchResult] = []
        self._missing: list[tuple[BatchResult, LookUp]] = []

    @property
    def view(self) -> BatchResults | None:
        """What is answered; None while something has to be looked up."""
        return None if self._missing else BatchResults(self._results)

    def add(self, found: wire.Order | Refused | LookUp) -> None:
        """Append what came of the next item."""
        if isinstance(found, wire.Order):
            self._results.append(BatchResult(found))
        elif isinstance(found, Refused):
            self._results.append(BatchResult(None, problem(found, self._assets).error))
        else:
            self._results.append(BatchResult())
            self._missing.append((self._results[-1], found))

    async def completed(self, load: LoadOrder) -> BatchResults:
        """Look up what is missing and return everything."""
        for result, look_up in self._missing:
            try:
                result.order = await look_up.answer(self._user, load)
            except Refused as refused:
                result.error = problem(refused, self._assets).error
        return BatchResults(self._results)
