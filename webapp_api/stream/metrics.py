"""What operators see of the WebSocket hub. Plain counters, read when Prometheus asks: an order pays one addition."""

from collections import Counter
from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override


class StreamMetrics(Collector):
    """Register it with a CollectorRegistry."""

    def __init__(self) -> None:
        self.clients = 0
        self.lagging = 0
        self.frames = 0
        self.writes = 0
        self.conflations = 0
        self.dropped: Counter[str] = Counter()

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the counts as Prometheus wants them."""
        yield GaugeMetricFamily("clobster_ws_clients", "Connected WebSocket clients", self.clients)
        yield GaugeMetricFamily("clobster_ws_lagging_clients", "Clients that read too slowly right now", self.lagging)
        yield CounterMetricFamily("clobster_ws_frames", "Frames sent to clients", self.frames)
        yield CounterMetricFamily("clobster_ws_writes", "Writes that carried these frames", self.writes)
        yield CounterMetricFamily(
            "clobster_ws_conflations", "Updates left out for a lagging client, which gets a snapshot", self.conflations
        )
        dropped = CounterMetricFamily("clobster_ws_dropped", "Clients closed by the server", labels=["reason"])
        for reason, count in self.dropped.items():
            dropped.add_metric([reason], count)
        yield dropped
