"""What watches from inside says what is wrong, and ends nothing."""

import asyncio
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest

from clobster.watching import Watch
from data.store.ledger_check import unbalanced
from engine.sequencer.sequencer import Busy
from engine.sequencer.stages import BOUNDS_S, Histogram
from tests.data.store.books import books


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
