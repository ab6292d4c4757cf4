"""How often a remote may be asked, whatever fails: a loop that retries must not get this address banned."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable


class Allowance:
    """At most `count` turns in any `per_s` seconds. Whoever comes too early waits; turns go in order."""

    def __init__(
        self,
        count: int,
        per_s: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._per_s = per_s
        self._now = now
        self._sleep = sleep
        self._taken_at_s: deque[float] = deque(maxlen=count)
        self._closed_until_s = 0.0
        self._order = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a turn."""
        async with self._order:
            while (wait_s := self._wait_s()) > 0:
                await self._sleep(wait_s)
            self._taken_at_s.append(self._now())

    def close(self, for_s: float) -> None:
        """Give no turn for a while: the remote has asked for it."""
        self._closed_until_s = max(self._closed_until_s, self._now() + for_s)

    def _wait_s(self) -> float:
        free_at_s = self._closed_until_s
        if len(self._taken_at_s) == self._taken_at_s.maxlen:
            free_at_s = max(free_at_s, self._taken_at_s[0] + self._per_s)
        return free_at_s - self._now()
