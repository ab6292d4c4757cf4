"""Time as a test may judge it: what other programs take of the machine does not count."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

TICK_S = 0.01


class OwnTime:
    """Seconds in which this process ran, or could have, as `s`: a busy machine makes them slower, never more."""

    def __init__(self) -> None:
        self.s = 0.0

    async def run(self) -> None:
        """Count until cancelled."""
        at_s, used_s = time.monotonic(), time.process_time()
        while True:
            await asyncio.sleep(TICK_S)
            now_s, now_used_s = time.monotonic(), time.process_time()
            self.s += min(now_s - at_s, TICK_S + now_used_s - used_s)
            at_s, used_s = now_s, now_used_s


@asynccontextmanager
async def own_time() -> AsyncIterator[OwnTime]:
    """Count until left."""
    counted = OwnTime()
    counting = asyncio.create_task(counted.run())
    try:
        yield counted
    finally:
        counting.cancel()
        await asyncio.wait([counting])
