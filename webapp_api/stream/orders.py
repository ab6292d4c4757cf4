"""Orders over the WebSocket: straight into the sequencer's inbox, and out again as a frame after the commit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import structlog
from msgspec import Struct

from engine.core.commands import CancelOrder
from engine.core.decimals import MarketDecimals
from engine.core.events import AlreadyPlaced, OrderChanged
from engine.core.market import Asset
from engine.core.refusals import InvalidOrder, Refused, UnknownOrder
from engine.core.types import Micros, OrderId, UserId
from engine.sequencer.sequencer import Outcome, Sequencer
from webapp_api import wire
from webapp_api.orders import order_reply, to_command
from webapp_api.stream import protocol
from webapp_api.stream.answers import Answers, Late
from webapp_api.stream.refusals import Internal, TooManyInFlight

log = structlog.get_logger()

MAX_IN_FLIGHT: Final = 1000  # answers owed to one connection
PLACE: Final = "order.place"
CANCEL: Final = "order.cancel"

LoadOrder = Callable[[UserId, OrderId], Awaitable[wire.Order | None]]
"""Reads an account's order with its fills from the database; None where it has no such order."""


class Desk(Struct, frozen=True):
    """What all order entries work with."""

    sequencer: Sequencer
    markets: Mapping[str, MarketDecimals]
    assets: Mapping[str, Asset]
    load_order: LoadOrder
    tasks: set[asyncio.Task[None]]


class OrderEntry:
    """The orders of one connection."""

    __slots__ = ("_answers", "_desk")

    def __init__(self, desk: Desk, answers: Answers) -> None:
        self._desk = desk
        self._answers = answers

    def place(self, user: UserId, now: Micros, request: protocol.Place) -> None:
        """Enter an order. Raises Refused where that is known at once, Busy and TooManyInFlight included."""
        desk, answers = self._desk, self._answers
        if answers.waiting >= MAX_IN_FLIGHT:
            raise TooManyInFlight(limit=MAX_IN_FLIGHT)
        command = to_command(request.params, user, now, desk.markets)
        desk.sequencer.enqueue(command, partial(self._committed, request.id, PLACE, user))
        answers.entered()

    def cancel(self, user: UserId, now: Micros, request: protocol.Cancel) -> None:
        """Enter a cancellation. Raises like `place`."""
        answers, params = self._answers, request.params
        if answers.waiting >= MAX_IN_FLIGHT:
            raise TooManyInFlight(limit=MAX_IN_FLIGHT)
        if (params.id is None) == (params.client_order_id is None):
            raise InvalidOrder("Name the order by id or by client_order_id.")
        command = CancelOrder(now, user, OrderId(params.id or 0), params.client_order_id or "")
        self._desk.sequencer.enqueue(command, partial(self._committed, request.id, CANCEL, user))
        answers.entered()

    def _committed(self, id_: protocol.Id, op: str, user: UserId, outcome: Outcome) -> None:
        # Called by the writer, which must not suffer from what goes wrong here.
        try:
            if isinstance(outcome, Refused):
                frame = protocol.refusal(id_, op, outcome, self._desk.assets)
            else:
                last = outcome[-1]
                if type(last) is AlreadyPlaced:
                    self._look_up(id_, op, user, last.order)
                    return
                assert type(last) is OrderChanged
                if op is CANCEL and last.filled:  # its fills happened before this command
                    self._look_up(id_, op, user, last.id)
                    return
                frame = protocol.answer(id_, op, order_reply(outcome, self._desk.markets[last.symbol]))
        except Exception:
            log.exception("answering an order failed", op=op, user=user)
            frame = protocol.refusal(id_, op, Internal(), self._desk.assets)
        self._answers.committed(frame)

    def _look_up(self, id_: protocol.Id, op: str, user: UserId, order: OrderId) -> None:
        late = self._answers.committed_late()
        task = asyncio.create_task(self._settle(late, id_, op, user, order))
        self._desk.tasks.add(task)
        task.add_done_callback(self._desk.tasks.discard)

    async def _settle(self, late: Late, id_: protocol.Id, op: str, user: UserId, order_id: OrderId) -> None:
        try:
            order = await self._desk.load_order(user, order_id)
            if order is None:
                frame = protocol.refusal(id_, op, UnknownOrder(), self._desk.assets)
            else:
                frame = protocol.answer(id_, op, order)
        except Exception:
            log.exception("looking up an order failed", op=op, user=user, order=order_id)
            frame = protocol.refusal(id_, op, Internal(), self._desk.assets)
        self._answers.settle(late, frame)
