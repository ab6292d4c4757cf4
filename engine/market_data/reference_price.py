"""The price of another venue: what a ticker shows beside our own, and marked as such."""

from msgspec import Struct

from engine.core.types import Micros, Symbol


class ReferencePrice(Struct, frozen=True, gc=False):
    """The last trade and the best prices at another venue, as it wrote them. Limits look at it; no money moves by it.

    None means that there is none, or none that can be trusted now. at is when the newest of them came, by our clock.
    """

    symbol: Symbol
    last: str | None
    bid: str | None
    ask: str | None
    at: Micros
