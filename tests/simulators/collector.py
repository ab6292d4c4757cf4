"""A collector of traces over real HTTP on loopback: it takes OTLP in protobuf, as any collector does, and keeps it."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from typing_extensions import override

PATIENCE_S = 20.0


@dataclass
class Seen:
    """A span as it was told; times are in nanoseconds."""

    name: str
    trace: bytes
    id: bytes
    parent: bytes
    links: list[tuple[bytes, bytes]]
    start: int
    end: int
    attributes: dict[str, Any]
    events: list[str]
    is_error: bool


class Collector:
    """What has come. `status` is what it answers; while `gate` is not set it answers nobody."""

    def __init__(self) -> None:
        self.url = ""
        self.raw: list[bytes] = []
        self.spans: list[Seen] = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Semaphore(0)  # released for each request that has come

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    def trace(self, trace: bytes) -> dict[str, list[Seen]]:
        """Return the spans of one trace by name."""
        found = defaultdict(list)
        for span in self.spans:
            if span.trace == trace:
                found[span.name].append(span)
        return found

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            assert names["service.name"] == "clobster"
            for scope in resource.scope_spans:
                self.spans += map(_seen, scope.spans)


def _seen(span: Any) -> Seen:
    values = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
    links = [(link.trace_id, link.span_id) for link in span.links]
    events = [event.name for event in span.events]
    start, end, is_error = span.start_time_unix_nano, span.end_time_unix_nano, span.status.code == 2
    return Seen(
        span.name, span.trace_id, span.span_id, span.parent_span_id, links, start, end, values, events, is_error
    )


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.asked.release()
            collector.gate.wait(PATIENCE_S)
            if collector.status == 200:
                collector.take(body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        collector.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield collector
        finally:
            collector.gate.set()
            server.shutdown()
            thread.join()
