"""What telling people costs those who trade: orders that trade, with the bot's listener and without it, in one run.

Both sides of every order are people, so each trade makes two notices, which wait in the outbox, are written to disk and
are sent to a Telegram on loopback at its real pace. Rounds with and without take turns: a busy machine slows both.

JSON keys: order_us and order_without_us (medians of rounds: from an order's command to its durable answer), ratio (of
the two), enqueue_us (processor time of the loop that the listener takes for each order), share (of that in
order_without_us), cpu_us and cpu_without_us (processor time of the whole process for each order).
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path[0] = str(Path(__file__).parent.parent)

# ruff: noqa: E402
from bot.pace import Pace
from clobster.lifecycle import SWITCH_S
from engine.core.commands import PlaceOrder
from engine.core.types import AssetCode, Lots, OrderType, Side, Symbol, Ticks, UserId
from engine.sequencer.batch import Batch
from tests.bot.world import World, open_world
from tests.support.database import ensure_database

PEOPLE = 50  # on each side
ORDERS = 250  # of a round that trade
PRICE = Ticks(6_000_500)  # between the house's quotes


async def people(world: World, first: int, asset: str) -> list[UserId]:
    """Let so many people come who have an asset, and Telegram."""
    found = []
    for number in range(PEOPLE):
        person = await world.house.person(first + number)
        assert person.id is not None
        await world.house.deposit(person.id, AssetCode(asset), 1_000_000)
        found.append(person.id)
    return found


async def trade(world: World, sellers: list[UserId], buyers: list[UserId]) -> tuple[float, float]:
    """Let them trade; return µs of an order, on the clock and of the processor."""
    clock = world.house.clock

    def order(user: UserId, side: Side) -> PlaceOrder:
        return PlaceOrder(clock(), user, Symbol("BTCUSDT"), side, OrderType.LIMIT, quantity=Lots(1), price=PRICE)

    started, cpu = time.perf_counter(), time.process_time()
    for number in range(ORDERS):
        await world.house.do(order(sellers[number % PEOPLE], Side.SELL))
        await world.house.do(order(buyers[number % PEOPLE], Side.BUY))
    each = 1e6 / (2 * ORDERS)
    return (time.perf_counter() - started) * each, (time.process_time() - cpu) * each


async def measure(rounds: int) -> dict[str, float]:
    """Return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "template.db"
        ensure_database(template)
        async with open_world(template, Path(folder), pace=Pace()) as world:
            sellers, buyers = await people(world, 1_000, "BTC"), await people(world, 2_000, "USDT")
            spent, listeners, hears = 0.0, world.house.deps.sequencer.listeners, world.service.on_batch

            def timed(batch: Batch) -> None:
                nonlocal spent
                started = time.thread_time()
                hears(batch)
                spent += time.thread_time() - started

            listeners.remove(hears)
            told: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
            await trade(world, sellers, buyers)  # to warm up
            for number in range(2 * rounds):
                with_it = bool(number % 2)
                if with_it:
                    listeners.append(timed)
                told[with_it].append(await trade(world, sellers, buyers))
                if with_it:
                    listeners.remove(timed)
            listeners.append(hears)
    order_us, cpu_us = (statistics.median(each) for each in zip(*told[True], strict=True))
    order_without_us, cpu_without_us = (statistics.median(each) for each in zip(*told[False], strict=True))
    enqueue_us = spent * 1e6 / (2 * ORDERS * rounds)
    return {
        "order_us": round(order_us, 1),
        "order_without_us": round(order_without_us, 1),
        "ratio": round(order_us / order_without_us, 3),
        "enqueue_us": round(enqueue_us, 2),
        "share": round(enqueue_us / order_without_us, 4),
        "cpu_us": round(cpu_us, 1),
        "cpu_without_us": round(cpu_without_us, 1),
    }


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)  # as the server does
    figures = asyncio.run(measure(arguments.rounds))
    print(f"  an order to its durable answer, nobody told   {figures['order_without_us']:>8.1f} µs")
    print(
        f"  the same, both sides told of each trade       {figures['order_us']:>8.1f} µs ({figures['ratio']:.2f} of it)"
    )
    print(f"  of that, putting into the queue               {figures['enqueue_us']:>8.2f} µs ({figures['share']:.2%})")
    print(f"  processor time of an order, nobody told       {figures['cpu_without_us']:>8.1f} µs")
    print(f"  the same, both sides told of each trade       {figures['cpu_us']:>8.1f} µs")
    if arguments.json:
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
