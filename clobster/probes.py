"""What administrators are told of how the exchange is doing: a probe for each part."""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from data.binance.health import FeedHealth
from engine.sequencer.sequencer import Sequencer
from webapp_api.overview import OLD_S
from webapp_api.reconciling import Reconciling
from webapp_api.settling import Settling

if TYPE_CHECKING:
    from bot.house import Probe

TICKS: Final = 20
TICK_S: Final = 0.01
LATE_MS: Final = 50.0  # by so much a loop may be late and be well


def probes(
    sequencer: Sequencer,
    feed_health: Callable[[], list[FeedHealth]],
    settling: Settling,
    reconciling: Reconciling,
) -> "tuple[Probe, ...]":
    """Return the probes. Others may be put behind them."""
    from bot.house import Probe, Reading

    async def loop() -> Reading:
        late_ms = 0.0
        for _ in range(TICKS):
            started = time.perf_counter()
            await asyncio.sleep(TICK_S)
            late_ms = max(late_ms, (time.perf_counter() - started - TICK_S) * 1_000)
        return Reading(late_ms < LATE_MS, f"{late_ms:.1f} ms late at most, of {TICKS} times")

    async def writer() -> Reading:
        commits, waiting = sequencer.commits, sequencer.waiting
        each_ms = sequencer.commit_s / commits * 1_000 if commits else 0.0
        text = f"{sequencer.seq} commands, {commits} commits of {each_ms:.1f} ms, {waiting} waiting"
        return Reading(sequencer.running, text if sequencer.running else f"stopped; {text}")

    async def feed() -> Reading:
        health = feed_health()
        if not health:
            return Reading(False, "none is followed")
        return Reading(all(each.in_sync for each in health), "; ".join(_market(each) for each in health))

    async def settlement() -> Reading:
        backlog = settling.backlog
        if backlog is None:
            return Reading(not settling.is_on, "the chain is not there" if settling.is_on else "off")
        text = f"{backlog.owed} trades owed, the oldest for {backlog.oldest_owed_s:.0f} s"
        return Reading(not backlog.failed, f"{text}; {backlog.under_way} on their way, {backlog.failed} failed")

    async def books() -> Reading:
        health = reconciling.health()
        if health is None:
            return Reading(True, "compared with no chain")
        age_s = reconciling.age_s
        text = "not compared yet" if age_s is None else f"compared with the chain {age_s:.0f} s ago"
        if reconciling.stop.is_on:
            text += f"; withdrawals are stopped, {health['differences']} differences"
        if reconciling.fees.is_low:
            text += f"; the vault's authority has {reconciling.fees.lamports} lamports only"
        is_well = age_s is not None and age_s < OLD_S and not reconciling.stop.is_on and not reconciling.fees.is_low
        return Reading(is_well, text)

    looks = {"loop": loop, "writer": writer, "feed": feed, "settlement": settlement, "books": books}
    return tuple(Probe(name, look) for name, look in looks.items())


def _market(health: FeedHealth) -> str:
    age = "no book yet" if health.book_age_s is None else f"book {health.book_age_s:.1f} s old"
    return f"{health.symbol} {'in sync' if health.in_sync else 'out of sync'}, {age}, {health.messages_per_s:.0f}/s"
