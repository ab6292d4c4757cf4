"""Open load: each thing is done when it is due, whatever has become of those before.

Latency counts from when something was due. So a stall is charged to everything that it kept waiting, which a client
that waits for its answers would leave out (coordinated omission). That holds where this process itself was late, too;
how late it was is measured beside.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from benchmarks.mixed.figures import Latencies

MOST_UNDER_WAY: Final = 5_000  # beyond these what is due waits, and its waiting is counted

Operation = Callable[[float], Awaitable[None]]  # takes when it was due, by time.perf_counter()


class Arrivals:
    """A Poisson process of so many arrivals a second, divided among operations by their shares."""

    def __init__(self, rate: float, shares: Mapping[Operation, float], chance: random.Random) -> None:
        self.late = Latencies()  # how late this process began what was due
        self.begun = 0
        self.longest_queue = 0
        self._rate = rate
        self._operations = list(shares)
        self._weights = list(shares.values())
        self._chance = chance
        self._under_way: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MOST_UNDER_WAY)

    async def run(self, seconds: float, patience_s: float = 60) -> None:
        """Begin what is due for so long, and wait until all of it is over. Raises what an operation raises."""
        due = began = time.perf_counter()
        while True:
            due += self._chance.expovariate(self._rate)
            if due - began > seconds:
                break
            if (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            await self._room.acquire()
            self.late.add(max(0.0, time.perf_counter() - due))
            (operation,) = self._chance.choices(self._operations, self._weights)
            task = asyncio.ensure_future(operation(due))
            self._under_way.add(task)
            task.add_done_callback(self._over)
            self.begun += 1
            self.longest_queue = max(self.longest_queue, len(self._under_way))
        if self._under_way:
            await asyncio.wait_for(asyncio.gather(*self._under_way), patience_s)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._room.release()
