"""The channel of a market's book."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final
from zlib import crc32

from msgspec import Struct
from typing_extensions import override

from engine.market_data.depth import DepthDiff, Level
from webapp_api import market_views
from webapp_api.stream import protocol
from webapp_api.stream.channel import PublicChannel

DEPTH_LEVELS: Final = 5000  # a side, in a snapshot; deeper ones appear as they change
CHECKSUM_EVERY: Final = 100  # updates: those whose seq it divides
CHECKSUM_LEVELS: Final = 25  # a side

Levels = list[tuple[str, str]]


class DepthData(Struct, omit_defaults=True, gc=False):
    """Levels as [price, quantity]. The checksum is of the book after this update."""

    symbol: str
    seq: int
    bids: Levels
    asks: Levels
    checksum: int | None = None


def checksum(bids: Sequence[tuple[str, str]], asks: Sequence[tuple[str, str]]) -> int:
    """Return the CRC-32 of the best levels, best first, bids before asks, as "price:quantity" joined by commas."""
    best = [*bids[:CHECKSUM_LEVELS], *asks[:CHECKSUM_LEVELS]]
    return crc32(",".join(f"{price}:{quantity}" for price, quantity in best).encode())


class DepthChannel(PublicChannel):
    """Levels that changed; "0" removes one. seq is the depth's own, the same that GET depth answers."""

    ring_bytes: ClassVar[int] = 1024 * 1024
    _made: tuple[int, bytes] = (-1, b"")

    def on_diff(self, diff: DepthDiff) -> None:
        """Tell a diff that was cut, by this channel or by somebody who read the depth."""
        self._seq = diff.seq
        if not self.awake:
            self._missed()
            return
        data = DepthData(self._symbol, diff.seq, self._changed(diff.bids), self._changed(diff.asks))
        if diff.seq % CHECKSUM_EVERY == 0:
            _, bids, asks = self._market_data.depth(self._symbol, CHECKSUM_LEVELS)
            data.checksum = checksum(self._levels(bids), self._levels(asks))
        self._broadcast(protocol.update(self.name, diff.seq, data))

    @override
    def snapshot(self) -> bytes:
        seq, bids, asks = self._market_data.depth(self._symbol, DEPTH_LEVELS)
        if self._made[0] != seq:
            data = DepthData(self._symbol, seq, self._levels(bids), self._levels(asks))
            self._made = seq, protocol.snapshot(self.name, seq, data)
        return self._made[1]

    @override
    def _publish(self) -> None:
        self._market_data.cut_depth(self._symbol)

    @override
    def _missed(self) -> None:
        self._ring.clear()  # seq rises when the diff is cut

    def _levels(self, levels: Iterable[Level]) -> Levels:
        return market_views.levels(levels, self._market)

    def _changed(self, levels: Iterable[Level]) -> Levels:
        price_text, quantity_text = self._market.show_price, self._market.show_quantity
        return [(price_text(price), quantity_text(quantity) if quantity else "0") for price, quantity in levels]
