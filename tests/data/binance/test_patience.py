"""How often Binance is asked, and how often its mistakes are written down."""

import asyncio

import structlog

from data.binance.allowance import Allowance
from data.binance.complaints import MAX_KINDS, Complaints


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now_s = 50.0

    def now(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


async def test_no_more_turns_than_allowed_in_any_stretch_of_time() -> None:
    clock = Clock()
    allowance = Allowance(3, 60.0, now=clock.now, sleep=clock.sleep)
    taken = []
    for pause_s in (0, 0, 10, 0, 0, 100, 0, 0, 0):
        clock.now_s += pause_s
        await allowance.take()
        taken.append(clock.now_s - 50)
    assert taken == [0, 0, 10, 60, 60, 160, 160, 160, 220]


async def test_a_remote_that_asks_for_peace_gets_it() -> None:
    clock = Clock()
    allowance = Allowance(100, 60.0, now=clock.now, sleep=clock.sleep)
    allowance.close(30.0)
    allowance.close(5.0)
    await allowance.take()
    assert clock.now_s == 80.0


async def test_turns_go_in_order() -> None:
    allowance, order = Allowance(1, 0.01), []

    async def take(number: int) -> None:
        await allowance.take()
        order.append(number)

    await asyncio.gather(*(take(number) for number in range(5)))
    assert order == [0, 1, 2, 3, 4]


def test_a_kind_of_mistake_is_logged_once_a_minute_with_its_count() -> None:
    clock = Clock()
    complaints = Complaints(now=clock.now)
    with structlog.testing.capture_logs() as logs:
        for _ in range(130):
            complaints.say("wrong symbol", symbol="BTCUSDT")
            complaints.say("unknown event")
            clock.now_s += 1
    assert [(line["event"], line["times"]) for line in logs] == [
        ("binance: wrong symbol", 1),
        ("binance: unknown event", 1),
        ("binance: wrong symbol", 60),
        ("binance: unknown event", 60),
        ("binance: wrong symbol", 60),
        ("binance: unknown event", 60),
    ]


def test_kinds_without_end_are_one_kind() -> None:
    complaints = Complaints(now=Clock().now)
    with structlog.testing.capture_logs() as logs:
        for number in range(2 * MAX_KINDS):
            complaints.say(f"kind {number}")
    assert len(logs) == MAX_KINDS + 1
