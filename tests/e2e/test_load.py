"""The load test itself: a short one of a real exchange agrees, and it finds what does not."""

import asyncio
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from benchmarks.mixed import correctness
from benchmarks.mixed.client import Client
from benchmarks.mixed.figures import Figures, Latencies
from benchmarks.mixed.people import Person
from clobster import data_dir as files
from tests.support.server import Server, call


def test_a_short_load_agrees_and_writes_its_report(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked = "--json --rate 60 --seconds 6 --people 4 --watchers 4 --patience 5 --report"
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *asked.split(), str(page)],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
    assert json.loads(ran.stdout.splitlines()[-1])["orders"] > 100
    assert "4 people own what they were told" in ran.stdout
    assert "everything agrees" in page.read_text()


def test_what_somebody_was_not_told_is_found(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        found = asyncio.run(_somebody_who_missed_a_deposit(server))
    finally:
        server.kill()
    assert found == [
        "42: believes to own 70 USDT, and owns 75.000000",
        "42: 1 acknowledged orders are not there, such as 999",
    ]


async def _somebody_who_missed_a_deposit(server: Server) -> list[str]:
    markets = {each["symbol"]: each for each in call("GET", f"{server.url}/api/markets").body["markets"]}
    async with Client(server.url, Figures()) as client:
        person = Person(client, markets, 42, files.own_secrets(server.data_dir).bot_token, None)
        await person.arrive()
        await asyncio.to_thread(server.fund, 42, USDT="75")
        person.deposited["USDT"] += Decimal(70)
        person.acknowledged.add(999)
        found = await correctness.differences(client, [person], patience_s=1)
        await person.leave()
        return found


def test_the_load_never_leaves_this_machine(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", "--url", "http://192.0.2.1:8080", "--data-dir", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (ran.returncode, "only an exchange on this machine" in ran.stderr) == (2, True)


@pytest.mark.parametrize(("part", "ms"), [(0.5, 500), (0.99, 990), (1.0, 1000)])
def test_percentiles_are_at_most_two_percent_too_high(part: float, ms: float) -> None:
    latencies = Latencies()
    for number in range(1, 1001):
        latencies.add(number / 1000)
    assert ms <= latencies.ms(part) <= ms * 1.02
