"""What the exchange's process needs, read from Linux once a slice."""

import asyncio
import os
import time
from pathlib import Path

from benchmarks.mixed.figures import SLICE_S

_TICKS_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """Memory and processor time of a process of this machine."""

    def __init__(self, pid: int) -> None:
        self.memory_mb: list[float] = []  # resident, at the end of each slice
        self.cores: list[float] = []  # in each slice
        self._at = Path("/proc") / str(pid)

    async def watch(self) -> None:
        """Read until cancelled."""
        used, at = self._used_s(), time.monotonic()
        while True:
            await asyncio.sleep(SLICE_S)
            now_used, now = self._used_s(), time.monotonic()
            self.cores.append((now_used - used) / (now - at))
            self.memory_mb.append(int((self._at / "statm").read_text().split()[1]) * _PAGE / 1e6)
            used, at = now_used, now

    def _used_s(self) -> float:
        fields = (self._at / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_S
