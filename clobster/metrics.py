"""What operators see of the engine. Plain figures, read when Prometheus asks: the way of an order pays nothing."""

from collections.abc import Iterator

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from engine.core.exchange import Exchange
from engine.sequencer.sequencer import Sequencer


class EngineMetrics(Collector):
    """Register it with a CollectorRegistry."""

    def __init__(self, sequencer: Sequencer, exchange: Exchange) -> None:
        self._sequencer = sequencer
        self._state = exchange.state

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        sequencer = self._sequencer
        yield CounterMetricFamily("clobster_commands", "Commands committed since genesis", sequencer.seq)
        yield CounterMetricFamily("clobster_commits", "Batches committed since the start", sequencer.commits)
        yield CounterMetricFamily(
            "clobster_commit_seconds", "Time spent waiting for commits since the start", sequencer.commit_s
        )
        yield GaugeMetricFamily("clobster_inbox_commands", "Commands waiting to be applied", sequencer.waiting)
        yield GaugeMetricFamily("clobster_open_orders", "Orders that rest on the books", len(self._state.orders))
        yield GaugeMetricFamily(
            "clobster_client_order_ids", "Client order ids that are remembered", len(self._state.names)
        )
