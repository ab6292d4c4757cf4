"""Where spans go, and a word on whether they get there; the exporter's own log is a line for each try."""

from collections.abc import Sequence
from typing import Final

import structlog
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from typing_extensions import override

PATH: Final = "/v1/traces"
PATIENCE_S: Final = 5.0

log = structlog.get_logger()


class Collector(SpanExporter):
    """A collector at http(s)://HOST:PORT. It is logged once that it is away, and once that it is there again."""

    def __init__(self, endpoint: str) -> None:
        self._exporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, timeout=PATIENCE_S)
        self._is_away = False

    @override
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away and not self._is_away:
            log.warning("the collector of traces does not take them; they are forgotten until it does")
        elif self._is_away and not is_away:
            log.info("the collector of traces takes them again")
        self._is_away = is_away
        return result

    @override
    def shutdown(self) -> None:
        self._exporter.shutdown()  # type: ignore[no-untyped-call]
