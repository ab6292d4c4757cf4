"""A hundred clients that stopped reading: memory stays flat, and nobody else waits for them."""

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.support.batches import batch, trade
from tests.webapp_api.stream.test_public_channels import BTC
from tests.webapp_api.stream.test_slow_clients import PUBLIC, Stalled, wide
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import Client, World, clock, world
from webapp_api.stream.outgoing import Limits

STALLED = 100
LIMITS = Limits(lagging_bytes=64 * 1024, held_bytes=128 * 1024, lag_s=60.0)
MIB = 1024 * 1024


def resident() -> int:
    """Return the bytes of memory that this process occupies (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


async def trade_while_publishing(there: World, trader: Client, rounds: range) -> float:
    """Publish 16 KB a round and return the time of an order, in seconds: a lower quantile, as machines have moods."""
    took = []
    for round_ in rounds:
        there.publish(wide(round_))
        there.publish(batch(trades=[trade(round_, 100, 1, at=clock())]))
        there.market_data.cut_depth(BTC)
        began = time.perf_counter()
        answer = await trader.ask(op="order.place", id=round_, params=limit_order(quantity="0.0001"))
        took.append(time.perf_counter() - began)
        assert "result" in answer
    return sorted(took)[len(took) // 5]


async def test_a_hundred_stalled_clients_cost_bounded_memory_and_nobody_elses_time(tmp_path: Path) -> None:
    async with world(tmp_path, limits=LIMITS) as there, AsyncExitStack() as stack:
        _, token = await there.person(USDT=1_000_000)
        trader, watcher = await there.client(token), await there.client()
        await watcher.ask(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        seqs: list[int] = []

        async def watch() -> None:
            while True:
                seqs.append((await watcher.hear())["seq"])

        watching = asyncio.create_task(watch())
        await trade_while_publishing(there, trader, range(1, 20))
        before_s = await trade_while_publishing(there, trader, range(20, 120))
        for _ in range(STALLED):
            slow = await stack.enter_async_context(Stalled(there))
            await slow.say(op="subscribe", channels=PUBLIC)
        for start in range(120, 1000, 10):
            await trade_while_publishing(there, trader, range(start, start + 10))
            if there.hub.metrics.lagging == STALLED:
                break
        assert there.hub.metrics.lagging == STALLED
        occupied = resident()
        after_s = await trade_while_publishing(there, trader, range(1000, 1300))  # 480 MB, were it written
        assert resident() - occupied < 24 * MIB
        assert there.hub.metrics.lagging == STALLED
        assert after_s < 2 * before_s + 0.003
        watching.cancel()
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert len(seqs) > 300
        assert there.hub.metrics.dropped == {}
