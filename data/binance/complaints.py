"""A log of a remote's mistakes that a flood of them can't fill."""

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger()

EVERY_S = 60.0
MAX_KINDS = 100


class Complaints:
    """Logs each kind of mistake at once and then at most once a minute, with how often it was made since."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._silent_until_s: dict[str, float] = {}
        self._unsaid: Counter[str] = Counter()

    def say(self, kind: str, **details: Any) -> None:
        """Take note of a mistake. Kinds are few words of ours, never the remote's."""
        if kind not in self._silent_until_s and len(self._silent_until_s) >= MAX_KINDS:
            kind = "other"
        self._unsaid[kind] += 1
        now_s = self._now()
        if now_s >= self._silent_until_s.get(kind, 0.0):
            self._silent_until_s[kind] = now_s + EVERY_S
            log.warning(f"binance: {kind}", times=self._unsaid.pop(kind), **details)
