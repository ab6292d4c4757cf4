"""A span for each batch on its way to the chain, from its making, or our start, until it is final."""

from opentelemetry.trace import Span, Status, StatusCode, Tracer

from engine.settlement.types import BatchState, SettlementBatch


class SettlementSpans:
    """Call `on_batch` for every change. As many spans are open as batches are under way, which settlement bounds."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self.open: dict[int, Span] = {}

    def on_batch(self, batch: SettlementBatch) -> None:
        """Note how far a batch has come."""
        span = self.open.get(batch.id)
        if span is None:
            about = {"clobster.settlement_batch": batch.id, "clobster.moves": len(batch.moves)}
            span = self.open[batch.id] = self._tracer.start_span(f"settlement {batch.kind.value}", attributes=about)
        span.add_event(batch.state.value)
        if batch.signature:
            span.set_attribute("clobster.signature", batch.signature)
        if batch.state in {BatchState.SETTLED, BatchState.FAILED}:
            if batch.state is BatchState.FAILED:
                span.set_status(Status(StatusCode.ERROR))
            self.open.pop(batch.id).end()
