"""Spans of what goes through the sequencer: made when it is answered, of the times at which its batch got somewhere."""

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

import structlog
from opentelemetry.trace import Link, Span, SpanKind, Tracer, set_span_in_context
from typing_extensions import override

from clobster.tracing.requests import ASKED, SOCKET, Asked
from engine.core.commands import Command
from engine.core.events import OrderChanged
from engine.core.exchange import Exchange
from engine.core.refusals import Refused
from engine.core.snapshot import Snapshot
from engine.ports import Clock, Store
from engine.sequencer.sequencer import Outcome, Reply, Sequencer
from engine.sequencer.stages import Passage

NS: Final = 1_000_000_000

log = structlog.get_logger()


class Way:
    """What one request has put into the inbox: its first command, and when that was."""

    __slots__ = ("asked", "command", "commands", "outcome", "queued")

    def __init__(self, asked: Asked, command: Command, commands: int) -> None:
        self.asked = asked
        self.command = command
        self.commands = commands
        self.queued = time.perf_counter()
        self.outcome: object = None


class OrderSpans:
    """Makes a batch's spans, and those of the requests in it."""

    def __init__(self, tracer: Tracer, chosen: Callable[[], bool]) -> None:
        self._tracer = tracer
        self._chosen = chosen
        self._answered: list[Way] = []  # by the writer, which then says what has passed

    def begin(self, commands: Sequence[Command]) -> Way | None:
        """Return the way of commands that are about to be queued; None where they are not followed."""
        asked = ASKED.get()
        if asked is None or (asked.span is None and not self._chosen()):
            return None
        return Way(asked, commands[0], len(commands))

    def answered(self, way: Way, outcome: object) -> None:
        """Take what came of it."""
        way.outcome = outcome
        self._answered.append(way)

    def on_passage(self, passage: Passage) -> None:
        """Make spans of all that was answered by this batch."""
        ways, self._answered = self._answered, []
        if not ways:
            return
        try:
            self._make(ways, passage)
        except Exception:  # the writer must not suffer
            log.exception("spans can't be made", batch=passage.batch)

    def _make(self, ways: list[Way], passage: Passage) -> None:
        offset_ns = time.time_ns() - time.perf_counter_ns()

        def ns(at: float) -> int:
            return offset_ns + int(at * NS)

        begun, sequenced, written = ns(passage.begun), ns(passage.sequenced), ns(passage.written)
        roots = [way.asked.span or self._socket_span(way, ns(way.queued)) for way in ways]
        links = []
        if passage.batch:
            batch = self._tracer.start_span(
                "batch",
                attributes={"clobster.batch": passage.batch, "clobster.commands": passage.commands},
                links=[Link(root.get_span_context()) for root in roots],
                start_time=begun,
            )
            batch.end(ns(passage.answered))
            links = [Link(batch.get_span_context())]
        for way, root in zip(ways, roots, strict=True):
            within, queued = set_span_in_context(root), ns(way.queued)
            matched = max(queued, begun)  # it may have come while its batch was applied
            stages = [
                ("validated", _began_ns(way, queued), queued),
                ("queued", queued, matched),
                ("matched", matched, sequenced),
            ]
            if passage.batch:
                stages.append(("committed", sequenced, written))
            for name, start, end in stages:
                named = links if name == "matched" else ()
                self._tracer.start_span(name, within, links=named, start_time=start).end(max(start, end))
            root.set_attributes(_said(way))
            if way.asked.span is None:
                ended = ns(passage.answered)
                self._tracer.start_span("answered", within, start_time=written).end(ended)
                root.end(ended)
            else:
                way.asked.written_ns = written

    def _socket_span(self, way: Way, queued_ns: int) -> Span:
        return self._tracer.start_span(
            f"{SOCKET} {type(way.command).__name__ if way.commands == 1 else 'Batch'}",
            kind=SpanKind.SERVER,
            attributes={"clobster.request_id": way.asked.id, "http.route": SOCKET},
            start_time=_began_ns(way, queued_ns),
        )


def _began_ns(way: Way, queued_ns: int) -> int:
    """Return when a request came; what comes by a socket is stamped when it has been read."""
    return min(way.asked.began_ns if way.asked.span else way.command.at * 1_000, queued_ns)


def _said(way: Way) -> dict[str, Any]:
    """Return what is told of a request: whose it is, where, and what came of it. No prices, no amounts."""
    command, outcome = way.command, way.outcome
    said: dict[str, Any] = {"clobster.commands": way.commands}
    for name, of in (("account", "user"), ("symbol", "symbol")):
        if value := getattr(command, of, None):
            said[f"clobster.{name}"] = value
    if isinstance(outcome, Refused):
        said["clobster.refused"] = outcome.code
    elif isinstance(outcome, list) and way.commands == 1:
        changed = [event.id for event in outcome if isinstance(event, OrderChanged)]
        if changed:
            said["clobster.order"] = changed[-1]
    return said


class TracedSequencer(Sequencer):
    """A sequencer that tells which commands of requests have passed."""

    def __init__(self, exchange: Exchange, store: Store, start: Snapshot, clock: Clock, *, spans: OrderSpans) -> None:
        super().__init__(exchange, store, start, clock)
        self._spans = spans
        self.on_passage = spans.on_passage

    @override
    def enqueue(self, command: Command, reply: Reply) -> None:
        way = self._spans.begin((command,))
        if way is None:
            super().enqueue(command, reply)
            return

        def answer(outcome: Outcome) -> None:
            self._spans.answered(way, outcome)
            reply(outcome)

        super().enqueue(command, answer)

    @override
    def enqueue_all(self, commands: Sequence[Command], reply: Callable[[list[Outcome]], None]) -> None:
        way = self._spans.begin(commands)
        if way is None:
            super().enqueue_all(commands, reply)
            return

        def answer(outcomes: list[Outcome]) -> None:
            self._spans.answered(way, outcomes)
            reply(outcomes)

        super().enqueue_all(commands, answer)
