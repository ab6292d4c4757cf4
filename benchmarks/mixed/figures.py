"""What was measured: latencies in buckets that grow by 2 %, so that an hour takes no more room than a minute."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

SLICE_S: Final = 5.0  # one point of a plot
_LEAST_S: Final = 10e-6
_GROWTH: Final = math.log(1.02)
_BUCKETS: Final = 900  # up to 10 us * 1.02 ** 900, some 550 s


class Latencies:
    """How long something took, each time."""

    def __init__(self) -> None:
        self.count = 0
        self.longest_s = 0.0
        self._buckets: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        """Take one."""
        self.count += 1
        self.longest_s = max(self.longest_s, seconds)
        bucket = int(math.log(seconds / _LEAST_S) / _GROWTH) + 1 if seconds > _LEAST_S else 0
        self._buckets[min(bucket, _BUCKETS)] += 1

    def ms(self, part: float) -> float:
        """Return a percentile, part is 0.5 for the median: the upper end of its bucket, at most 2 % too much."""
        wanted, seen = max(1, math.ceil(self.count * part)), 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(_LEAST_S * math.exp(bucket * _GROWTH), self.longest_s) * 1e3
        return 0.0

    @staticmethod
    def all_of(many: "Iterable[Latencies]") -> "Latencies":
        """Return them as one."""
        whole = Latencies()
        for each in many:
            whole.count += each.count
            whole.longest_s = max(whole.longest_s, each.longest_s)
            whole._buckets.update(each._buckets)
        return whole


class Figures:
    """Latencies and refusals by operation, over the whole run and in slices of it."""

    def __init__(self) -> None:
        self.latencies: defaultdict[str, Latencies] = defaultdict(Latencies)
        self.slices: defaultdict[str, defaultdict[int, Latencies]] = defaultdict(lambda: defaultdict(Latencies))
        self.refused: Counter[tuple[str, str]] = Counter()  # (operation, code)

    def add(self, operation: str, at_s: float, seconds: float, refusal: str = "") -> None:
        """Take an answer to something that was due at at_s, counted from the beginning, with its refusal's code."""
        self.latencies[operation].add(seconds)
        self.slices[operation][int(at_s / SLICE_S)].add(seconds)
        if refusal:
            self.refused[operation, refusal] += 1
