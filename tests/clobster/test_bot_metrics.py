"""What operators see of the bot."""

from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from clobster.bot_metrics import BotMetrics
from tests.bot.test_delivery import sells
from tests.bot.world import open_world
from tests.webapp_api.conftest import template

__all__ = ["template"]


async def test_updates_answers_and_notices_are_counted(template: Path, tmp_path: Path) -> None:
    metrics, registry = BotMetrics(), CollectorRegistry()
    registry.register(metrics)
    assert generate_latest(registry) == b""
    async with open_world(template, tmp_path) as world:
        metrics.watch(world.service)
        ada = world.telegram.person(7)
        same = ada.write("/help")
        await ada.hears("/price")
        ada.write("/help", message_id=same)
        world.telegram.fail("sendMessage", 429, retry_after=1)
        await sells(world, 7, "60005")
        buyer = await world.house.person(8, USDT=10_000)
        await buyer.place(price="60005", quantity="0.1")
        await ada.hears("Sold 0.1 BTC")
        await world.telegram.person(8).hears("Bought 0.1 BTC")
        await world.telegram.until(lambda: world.service.updates.counted["repeated"], "the repeat")
        await world.stop()
    told = dict(line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
    assert {name: value for name, value in told.items() if "_created" not in name} == {
        'clobster_bot_updates_total{outcome="new"}': "1.0",
        'clobster_bot_updates_total{outcome="repeated"}': "1.0",
        'clobster_bot_answers_total{outcome="answered"}': "1.0",
        'clobster_bot_notices_total{outcome="sent"}': "2.0",
        "clobster_bot_notices_waiting": "0.0",
        "clobster_bot_retry_after_total": "1.0",
        "clobster_bot_alerts_fired_total": "0.0",
    }
