"""How much of an asset the house wants: a target, hard limits around it, and how quotes lean back to it. Pure."""

from typing import Final

from msgspec import Struct

from engine.core.types import MAX_ATOMS, Atoms

FAR: Final = 10  # one part in so many of the span between the limits is as far outside as trades under way can explain


class Limits(Struct, frozen=True):
    """What the house should own of an asset. What would make it less than `least` or more than `most` is not quoted.

    A ladder is made of what is committed: trades under way may pass a limit by what another ladder offers.
    """

    least: Atoms = Atoms(0)
    target: Atoms = Atoms(0)
    most: Atoms = Atoms(MAX_ATOMS)

    def __post_init__(self) -> None:
        if not 0 <= self.least <= self.target <= self.most:
            raise ValueError("of an asset's limits the least comes first, then the target, then the most")


NO_LIMITS: Final = Limits()


def to_give(owned: int, limits: Limits) -> Atoms:
    """Return how much quotes may give away."""
    return Atoms(max(0, owned - limits.least))


def to_take(owned: int, limits: Limits) -> Atoms:
    """Return how much quotes may take in."""
    return Atoms(max(0, limits.most - owned))


def is_far_outside(owned: int, limits: Limits) -> bool:
    """Tell whether so little or so much is owned that something other than quoting must be the cause."""
    margin = (limits.most - limits.least) // FAR
    return not limits.least - margin <= owned <= limits.most + margin


def lean_ppm(owned: int, limits: Limits, most_ppm: int) -> int:
    """Return by how many millionths of the price both sides move: up where too little is owned, to be sold more.

    Linear from nothing at the target to most_ppm at the hard limit, and no further. Without limits there is no lean.
    """
    if limits == NO_LIMITS or owned == limits.target:
        return 0
    missing = limits.target - owned
    span = limits.target - limits.least if missing > 0 else limits.most - limits.target
    size = abs(missing) * most_ppm // span if abs(missing) < span else most_ppm
    return size if missing > 0 else -size
