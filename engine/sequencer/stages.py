"""How long each stage of an order's way takes, as Prometheus counts it: how many commands within each bound.

Counted once a batch for all its commands, by its oldest one, so that a command costs nothing and no stage looks better
than it was.
"""

from bisect import bisect_left
from typing import Final

from msgspec import Struct

BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Histogram:
    """Seconds, counted by bound; the last count is of what is above all bounds."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Count something that took so long, `times` times."""
        self.counts[bisect_left(BOUNDS_S, seconds)] += times
        self.sum_s += seconds * times

    def cumulative(self) -> list[tuple[str, int]]:
        """Return (bound, how many took that long at most), as Prometheus wants them."""
        below, found = 0, []
        for bound, count in zip((*map(str, BOUNDS_S), "+Inf"), self.counts, strict=True):
            below += count
            found.append((bound, below))
        return found


class Stages:
    """The stages: received (waiting to be applied), sequenced (waiting for the disk), written, acknowledged."""

    __slots__ = ("acknowledged", "received", "sequenced", "written")

    def __init__(self) -> None:
        self.received = Histogram()
        self.sequenced = Histogram()
        self.written = Histogram()
        self.acknowledged = Histogram()

    def each(self) -> tuple[tuple[str, Histogram], ...]:
        """Return them by name, in their order."""
        return (
            ("received", self.received),
            ("sequenced", self.sequenced),
            ("written", self.written),
            ("acknowledged", self.acknowledged),
        )


class Passage(Struct, frozen=True):
    """When commands that are answered together came to each stage, in seconds of `time.perf_counter`.

    batch is the number of the last one that did something; 0 where all were refused and nothing was written.
    """

    batch: int
    commands: int
    begun: float  # the first one was applied
    sequenced: float  # all were, and the disk was asked to write
    written: float
    answered: float
