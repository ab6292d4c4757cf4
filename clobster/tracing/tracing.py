"""Whatever traces, built once: which requests, and where spans go."""

import random
import threading
from typing import TYPE_CHECKING, Final

from aiohttp.typedefs import Middleware
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from clobster.tracing.collector import Collector
from clobster.tracing.orders import OrderSpans, TracedSequencer
from clobster.tracing.requests import request_spans
from clobster.tracing.settlement import SettlementSpans
from engine.core.exchange import Exchange
from engine.core.snapshot import Snapshot
from engine.ports import Clock, Store

if TYPE_CHECKING:
    from clobster.tracing.telegram import TelegramSpans

STOP_S: Final = 2.0  # for telling the collector what is left
EVERY_S: Final = 2.0  # how often it is told, if there are fewer spans than AT_ONCE
AT_ONCE: Final = 512
MOST_WAITING: Final = 8_192  # spans, a few kilobytes each; more than that are forgotten, the oldest first
ONE_IN: Final = 1_000_000


class Tracing:
    """Spans of so many requests in a million, told to a collector that takes OTLP over HTTP. Call `close` at the end.

    A thread of its own sends them. A collector that is slow or away costs spans, never a request.
    """

    def __init__(self, endpoint: str, ppm: int = ONE_IN, *, stop_s: float = STOP_S) -> None:
        self._ppm = ppm
        self._stop_s = stop_s
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,  # of requests, `chosen` decides; batches follow them
            resource=Resource.create({"service.name": "clobster"}),
            span_limits=SpanLimits(max_links=1_000),  # of a batch to its requests
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                Collector(endpoint),
                max_queue_size=MOST_WAITING,
                max_export_batch_size=AT_ONCE,
                schedule_delay_millis=EVERY_S * 1_000,
            )
        )
        self.tracer = self._provider.get_tracer("clobster")
        self.settlement = SettlementSpans(self.tracer)
        self._orders = OrderSpans(self.tracer, self.chosen)

    def chosen(self) -> bool:
        """Draw whether a request is traced."""
        return self._ppm == ONE_IN or random.randrange(ONE_IN) < self._ppm  # noqa: S311

    def middleware(self) -> Middleware:
        """Return the one that begins a span for each request, and ends it."""
        return request_spans(self.tracer, self.chosen)

    def sequencer(self, exchange: Exchange, store: Store, start: Snapshot, clock: Clock) -> TracedSequencer:
        """Return a sequencer whose commands can be followed."""
        return TracedSequencer(exchange, store, start, clock, spans=self._orders)

    def telegram(self) -> "TelegramSpans":
        """Return a middleware of the bot's sessions."""
        from clobster.tracing.telegram import TelegramSpans  # aiogram is imported beside trading

        return TelegramSpans(self.tracer, self.chosen)

    def close(self) -> None:
        """Send what is left, for stop_s at most."""
        closing = threading.Thread(target=self._provider.shutdown, name="tracing ends", daemon=True)
        closing.start()
        closing.join(self._stop_s)
