"""What watches from inside says what is wrong, and ends nothing."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from clobster.app import now
from clobster.bot_metrics import BotMetrics
from clobster.watching import Watch
from data.store.ledger_check import unbalanced
from data.store.withdrawals import SqlWithdrawals
from engine.sequencer.sequencer import Busy
from engine.sequencer.stages import BOUNDS_S, Histogram
from engine.withdrawals.payouts import Payouts
from engine.withdrawals.rules import Rules
from engine.withdrawals.types import WithdrawalState
from engine.withdrawals.withdrawals import Withdrawals
from tests.data.store.books import books

PATIENCE_S = 30


def test_a_histogram_counts_as_prometheus_does() -> None:
    histogram = Histogram()
    for seconds in (0.0, BOUNDS_S[0], 0.0006, 100.0):
        histogram.observe(seconds)
    histogram.observe(0.02, times=5)
    counted = dict(histogram.cumulative())
    assert (counted["0.0005"], counted["0.001"], counted["0.01"], counted["0.025"]) == (2, 3, 3, 8)
    assert (counted["5.0"], counted["+Inf"]) == (8, 9)


async def test_every_stage_counts_every_command_and_the_ledger_is_added_up(tmp_path: Path) -> None:
    async with books(tmp_path / "exchange.db") as day:
        ada = await day.person(USDT=10_000)
        watch = Watch(day.sequencer, lambda: unbalanced(day.queries), {"inbox": lambda: day.sequencer.waiting})
        registry = CollectorRegistry()
        registry.register(watch)
        before = {name: each.cumulative()[-1][1] for name, each in day.sequencer.stages.each()}
        placed = await asyncio.gather(*(day.place(ada, "buy", 1, 1_000_000) for _ in range(30)))
        for name, each in day.sequencer.stages.each():
            assert each.cumulative()[-1][1] - before[name] == len(placed), name
        assert await unbalanced(day.queries) == {}
        assert watch.not_ready() == []

        stolen = "UPDATE balances SET available = available + 7 WHERE asset = 'USDT' AND owner = ?"
        await day.store.write(lambda connection: connection.execute(stolen, (ada,)).rowcount)
        assert await unbalanced(day.queries) == {"USDT": 7}
        watch.findings = {"USDT": 7}
        assert watch.not_ready() == ["the ledger does not add up: USDT by 7"]
        told = generate_latest(registry).decode()
        assert "clobster_ready 0.0" in told
        assert 'clobster_order_stage_seconds_bucket{le="+Inf",stage="written"}' in told


async def test_a_check_that_fails_is_made_again_and_what_it_found_goes_when_it_is_gone(tmp_path: Path) -> None:
    answers = [Busy(), OSError("disk"), {"USDT": -1}, {}]
    states: list[list[str]] = []
    asked = asyncio.Event()

    async def look() -> dict[str, int]:
        states.append(watch.not_ready())
        if not answers:
            asked.set()
            await asyncio.Event().wait()
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async with books(tmp_path / "exchange.db") as day:
        watch = Watch(day.sequencer, look, {}, tick_s=0.001, check_s=0.001)
        running = asyncio.create_task(watch.run())
        await asked.wait()
        running.cancel()
        await asyncio.wait([running])
        assert states == [[], [], [], ["the ledger does not add up: USDT by -1"], []]
        assert watch.checks == 2


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if true():
                return
            await asyncio.sleep(0)


async def test_administrators_are_shown_what_was_watched(tmp_path: Path) -> None:
    async with books(tmp_path / "exchange.db") as day:
        watch = Watch(day.sequencer, lambda: unbalanced(day.queries), {"inbox": lambda: 5}, tick_s=0.001)
        withdrawals = Withdrawals(day.sequencer, SqlWithdrawals(day.store, day.queries), {}, Rules(), now)
        payouts = Payouts(withdrawals, day.sequencer, now)
        payouts.under_way[WithdrawalState.SENT], payouts.is_stopped = 3, True
        before = watch.seen(payouts, BotMetrics())
        assert (before.late_ms, before.checks, before.checked_at, before.notices_waiting) == (0.0, 0, None, None)
        assert (before.waiting, before.leaving, before.is_stopped) == ({"inbox": 5}, {WithdrawalState.SENT: 3}, True)
        running = asyncio.create_task(watch.run())
        await until(lambda: watch.checks > 0 and watch.lag.sum_s > 0)
        time.sleep(0.05)  # noqa: ASYNC251  holds the loop up, which is what is to be seen
        counted = watch.lag.cumulative()[-1][1]
        await until(lambda: watch.lag.cumulative()[-1][1] > counted)
        after = watch.seen(payouts, BotMetrics())
        running.cancel()
        await asyncio.wait([running])
    assert after.late_ms >= 40
    assert after.checked_at is not None
    assert after.started_at == before.started_at <= after.checked_at
