"""What a trade costs."""

from engine.core.market import PPM
from engine.core.types import Atoms


def fee(received: Atoms, rate_ppm: int) -> Atoms:
    """Return the fee on what a party receives, rounded up, so by less than one atom."""
    return Atoms(-(-received * rate_ppm // PPM))
