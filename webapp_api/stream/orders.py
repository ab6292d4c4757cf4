"""Orders over the WebSocket: straight into the sequencer's inbox, and out again as a frame after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from engine.core.decimals import MarketDecimals
from engine.core.market import Asset
from engine.core.refusals import Refused
from engine.core.types import Micros, OrderId, UserId
from engine.sequencer.sequencer import Outcome, Sequencer
from webapp_api.batch import Basket, LoadOrder, LookUp, cancellation, outcome_of
from webapp_api.orders import to_command
from webapp_api.stream import protocol
from webapp_api.stream.answers import Answers, Late
from webapp_api.stream.refusals import Internal, TooManyInFlight

log = structlog.get_logger()

MAX_IN_FLIGHT: Final = 1000  # orders of one connection that are not answered yet; of other answers, as many
PLACE: Final = "order.place"
CANCEL: Final = "order.cancel"
BATCH: Final = "order.batch"

Find = Callable[[], Awaitable[object]]


class Desk(Struct, frozen=True):
    """What all order entries work with."""

    sequencer: Sequencer
    markets: Mapping[str, MarketDecimals]
    assets: Mapping[str, Asset]
    load_order: LoadOrder
    tasks: set[asyncio.Task[None]]


class OrderEntry:
    """The orders of one connection."""

    __slots__ = ("_answers", "_batched", "_desk")

    def __init__(self, desk: Desk, answers: Answers) -> None:
        self._desk = desk
        self._answers = answers
        self._batched = 0  # orders of batches that wait for their commit

    def place(self, user: UserId, now: Micros, request: protocol.Place) -> None:
        """Enter an order. Raises Refused where that is known at once, Busy and TooManyInFlight included."""
        desk = self._desk
        self._make_room(1)
        command = to_command(request.params, user, now, desk.markets)
        desk.sequencer.enqueue(command, partial(self._committed, request.id, PLACE, user, None))
        self._answers.entered()

    def cancel(self, user: UserId, now: Micros, request: protocol.Cancel) -> None:
        """Enter a cancellation. Raises like `place`."""
        self._make_room(1)
        command = cancellation(request.params, user, now)
        self._desk.sequencer.enqueue(command, partial(self._committed, request.id, CANCEL, user, command.order))
        self._answers.entered()

    def batch(self, user: UserId, now: Micros, request: protocol.Batch) -> None:
        """Enter a batch, all of it that makes sense or nothing. Raises Busy and TooManyInFlight."""
        desk = self._desk
        self._make_room(len(request.params.orders))
        basket = Basket(request.params.orders, user, now, desk.markets)
        if not basket.commands:
            self._answers.at_once(protocol.answer(request.id, BATCH, basket.results([], desk.assets).view))
            return
        desk.sequencer.enqueue_all(basket.commands, partial(self._batch_committed, request.id, basket))
        self._batched += len(basket.commands)
        self._answers.entered()

    def _make_room(self, orders: int) -> None:
        if self._answers.waiting + self._batched + orders > MAX_IN_FLIGHT:
            raise TooManyInFlight(limit=MAX_IN_FLIGHT)

    # The writer calls the next two, and must not suffer from what goes wrong in them.

    def _committed(self, id_: protocol.Id, op: str, user: UserId, canceled: OrderId | None, outcome: Outcome) -> None:
        desk = self._desk
        try:
            found = outcome_of(outcome, canceled, desk.markets)
            if isinstance(found, LookUp):
                self._find(id_, op, partial(found.answer, user, desk.load_order))
                return
            if isinstance(found, Refused):
                frame = protocol.refusal(id_, op, found, desk.assets)
            else:
                frame = protocol.answer(id_, op, found)
        except Exception:
            frame = self._broken(id_, op)
        self._answers.committed(frame)

    def _batch_committed(self, id_: protocol.Id, basket: Basket, outcomes: list[Outcome]) -> None:
        desk = self._desk
        self._batched -= len(basket.commands)
        try:
            results = basket.results(outcomes, desk.assets)
            view = results.view
            if view is None:
                self._find(id_, BATCH, partial(results.completed, desk.load_order))
                return
            frame = protocol.answer(id_, BATCH, view)
        except Exception:
            frame = self._broken(id_, BATCH)
        self._answers.committed(frame)

    def _find(self, id_: protocol.Id, op: str, find: Find) -> None:
        late = self._answers.committed_late()
        task = asyncio.create_task(self._settle(late, id_, op, find))
        self._desk.tasks.add(task)
        task.add_done_callback(self._desk.tasks.discard)

    async def _settle(self, late: Late, id_: protocol.Id, op: str, find: Find) -> None:
        try:
            frame = protocol.answer(id_, op, await find())
        except Refused as refused:
            frame = protocol.refusal(id_, op, refused, self._desk.assets)
        except Exception:
            frame = self._broken(id_, op)
        self._answers.settle(late, frame)

    def _broken(self, id_: protocol.Id, op: str) -> bytes:
        log.exception("answering an order failed", op=op)
        return protocol.refusal(id_, op, Internal(), self._desk.assets)
