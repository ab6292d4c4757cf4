"""What operators see of the Telegram bot."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

if TYPE_CHECKING:  # aiogram takes seconds to import
    from bot.service import Service


class BotMetrics(Collector):
    """Figures since the start of the bot; none while there is no bot."""

    def __init__(self) -> None:
        self._service: Service | None = None

    def watch(self, service: "Service") -> None:
        """Tell of this one from now on."""
        self._service = service

    @property
    def waiting(self) -> int | None:
        """How many notices wait to be told, None where no bot runs."""
        return None if self._service is None else self._service.outbox.count

    @override
    def collect(self) -> Iterator[Metric]:
        """Yield the figures as Prometheus wants them."""
        service = self._service
        if service is None:
            return
        updates = CounterMetricFamily("clobster_bot_updates", "Updates, by what became of them", labels=["outcome"])
        for outcome, count in service.updates.counted.items():
            updates.add_metric([outcome], count)
        answers = CounterMetricFamily("clobster_bot_answers", "Answers, by what became of them", labels=["outcome"])
        for outcome, count in service.pace.counted.items():
            answers.add_metric([outcome], count)
        notices = CounterMetricFamily("clobster_bot_notices", "Notices, by what became of them", labels=["outcome"])
        for outcome, count in service.sender.counted.items():
            notices.add_metric([outcome], count)
        yield from (updates, answers, notices)
        yield GaugeMetricFamily("clobster_bot_notices_waiting", "Notices that wait to be told", service.outbox.count)
        yield CounterMetricFamily("clobster_bot_retry_after", "Times that Telegram said to wait", service.pace.waits)
        yield CounterMetricFamily(
            "clobster_bot_alerts_fired", "Price alerts that fired", service.alerts.counted["fired"]
        )
