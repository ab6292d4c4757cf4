"""What watches the exchange from inside: how late its loop is, and whether its ledger adds up."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Final

import structlog
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from clobster.bot_metrics import BotMetrics
from engine.core.types import Micros
from engine.sequencer.sequencer import Busy, Sequencer
from engine.sequencer.stages import Histogram
from engine.withdrawals.payouts import Payouts
from webapp_api.watched import Watched

TICK_S: Final = 0.1
CHECK_S: Final = 60.0
LATELY: Final = 100  # ticks, ten seconds, of which the worst is told

log = structlog.get_logger()


class Watch(Collector):
    """Register it with a CollectorRegistry, and run it beside the exchange.

    unbalanced tells by how many atoms each asset's balances are not 0 together; depths are the lengths of queues.
    """

    def __init__(
        self,
        sequencer: Sequencer,
        unbalanced: Callable[[], Awaitable[Mapping[str, int]]],
        depths: Mapping[str, Callable[[], int]],
        *,
        tick_s: float = TICK_S,
        check_s: float = CHECK_S,
    ) -> None:
        self.lag = Histogram()
        self.started_at_s = time.time()
        self.findings: Mapping[str, int] = {}
        self.checks = 0
        self._checked_at_s = 0.0
        self._late_s: deque[float] = deque(maxlen=LATELY)
        self._sequencer = sequencer
        self._unbalanced = unbalanced
        self._depths = depths
        self._tick_s = tick_s
        self._check_s = check_s

    def not_ready(self) -> list[str]:
        """Return why requests can't be served now, a sentence each."""
        reasons = []
        if not self._sequencer.running:
            reasons.append("the writer does not run")
        elif self._sequencer.is_full:
            reasons.append("the inbox is full")
        reasons += [f"the ledger does not add up: {asset} by {atoms}" for asset, atoms in self.findings.items()]
        return reasons

    def seen(self, payouts: Payouts, bot: BotMetrics) -> Watched:
        """Return what administrators are shown of it, with what these two know."""
        return Watched(
            started_at=_micros(self.started_at_s),
            late_ms=max(self._late_s, default=0.0) * 1_000,
            waiting={name: depth() for name, depth in self._depths.items()},
            checks=self.checks,
            checked_at=_micros(self._checked_at_s) if self.checks else None,
            unbalanced=self.findings,
            notices_waiting=bot.waiting,
            leaving=payouts.under_way,
            is_stopped=payouts.is_stopped,
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._measure())
            both.create_task(self._check())

    async def _measure(self) -> None:
        while True:
            due = time.perf_counter() + self._tick_s
            await asyncio.sleep(self._tick_s)
            late_s = max(0.0, time.perf_counter() - due)
            self.lag.observe(late_s)
            self._late_s.append(late_s)

    async def _check(self) -> None:
        while True:
            try:
                findings = await self._unbalanced()
            except Busy as busy:  # those who look things up go first
                log.info("the ledger was not checked", why=str(busy))
            except Exception:  # a look that fails ends no exchange; the alert on its age tells
                log.exception("the ledger was not checked")
            else:
                if findings and findings != self.findings:
                    log.critical("the ledger does not add up", atoms=dict(findings))
                self.findings = findings
                self.checks += 1
                self._checked_at_s = time.time()
            await asyncio.sleep(self._check_s)

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        stages = HistogramMetricFamily(
            "clobster_order_stage_seconds", "How long commands were in each stage of their way", labels=("stage",)
        )
        for name, histogram in self._sequencer.stages.each():
            stages.add_metric((name,), histogram.cumulative(), histogram.sum_s)
        yield stages
        lag = HistogramMetricFamily("clobster_loop_lag_seconds", "How late the loop was for something that was due")
        lag.add_metric((), self.lag.cumulative(), self.lag.sum_s)
        yield lag
        depths = GaugeMetricFamily("clobster_queue_depth", "What waits", labels=("queue",))
        for name, depth in self._depths.items():
            depths.add_metric((name,), depth())
        yield depths
        yield GaugeMetricFamily("clobster_ready", "1 where requests can be served", 0.0 if self.not_ready() else 1.0)
        yield GaugeMetricFamily(
            "clobster_ledger_unbalanced_assets", "Assets whose balances are not 0 together", len(self.findings)
        )
        yield CounterMetricFamily("clobster_ledger_checks", "Times that the ledger was added up", self.checks)
        yield GaugeMetricFamily(
            "clobster_ledger_checked_timestamp_seconds", "When it was added up last", self._checked_at_s
        )


def _micros(seconds: float) -> Micros:
    return Micros(int(seconds * 1_000_000))
