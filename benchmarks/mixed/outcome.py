"""What a run of the load test came to."""

from dataclasses import dataclass, field

from benchmarks.mixed.figures import SLICE_S, Figures, Latencies

ORDERS = ("place", "take", "cancel")
GROWTH = 1.10  # between the second third of a run and its last, of what is called flat


@dataclass
class Outcome:
    """Figures, and what the check at the end found. `seconds` is how long the load lasted.

    kept_mb is what of memory_mb is to grow in a run of less than a day, up to bounds of its own; see `Process`.
    """

    setting: str
    seconds: float
    figures: Figures
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    kept_mb: list[float] = field(default_factory=list)
    cores: list[float] = field(default_factory=list)

    def orders(self) -> Latencies:
        """Return the latencies of everything that is an order."""
        return Latencies.all_of(self.figures.latencies[name] for name in ORDERS)

    def growth(self) -> dict[str, float]:
        """Return how memory and the latency of orders grew from the second third of the run to its last.

        What is kept on purpose is not in it: the pages of the books up to the writer's cache, and the day's names.
        """
        third, read = int(self.seconds / SLICE_S) // 3, len(self.memory_mb) // 3
        if not third or not read:
            return {}

        def median(part: slice) -> float:
            slices = [self.figures.slices[name][number] for name in ORDERS for number in range(part.start, part.stop)]
            return Latencies.all_of(slices).ms(0.5)

        def memory(part: slice) -> float:
            return sum(self.memory_mb[part]) - sum(self.kept_mb[part])

        # Memory is read a little less often than once a slice, on a busy machine by more.
        return {
            "memory but for pages and names": memory(slice(2 * read, 3 * read)) / memory(slice(read, 2 * read)),
            "p50 of orders": median(slice(2 * third, 3 * third)) / median(slice(third, 2 * third)),
        }
