"""What the exchange's process needs, read from Linux once a slice."""

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from benchmarks.mixed.figures import SLICE_S

_TICKS_S = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGES_MB: Final = 67.1  # of the books that the writer keeps in memory, at most: its cache_size
_NAME_MB: Final = 400e-6  # a client order id, which is remembered for a day: see engine.core.names


class Process:
    """Memory and processor time of a process of this machine."""

    def __init__(self, pid: int, books: Path) -> None:
        self.memory_mb: list[float] = []  # resident, at the end of each slice
        self.kept_mb: list[float] = []  # of that, what is to grow in a run: pages of the books, names of orders
        self.cores: list[float] = []  # in each slice
        self._at = Path("/proc") / str(pid)
        self._books = books

    async def watch(self, named: Callable[[], int]) -> None:
        """Read until cancelled; named tells how many orders have had a name so far."""
        used, at = self._used_s(), time.monotonic()
        while True:
            await asyncio.sleep(SLICE_S)
            now_used, now = self._used_s(), time.monotonic()
            self.cores.append((now_used - used) / (now - at))
            self.memory_mb.append(int((self._at / "statm").read_text().split()[1]) * _PAGE / 1e6)
            self.kept_mb.append(min(self._books.stat().st_size / 1e6, _PAGES_MB) + named() * _NAME_MB)
            used, at = now_used, now

    def _used_s(self) -> float:
        fields = (self._at / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_S
