"""What all public channels have in common."""

import asyncio
from abc import ABC, abstractmethod
from typing import ClassVar, Final

from engine.core.decimals import MarketDecimals
from engine.core.types import Symbol
from engine.market_data.market_data import MarketData
from webapp_api.stream import protocol
from webapp_api.stream.outgoing import Outgoing
from webapp_api.stream.ring import Ring

RESUME_S: Final = 30.0  # a channel goes on for those who come back


class PublicChannel(ABC):
    """One channel of one market.

    A frame is made once for all its subscribers, and not at all where there has been none for RESUME_S. ring_bytes is
    how much of what was told is held for those who come back.
    """

    ring_bytes: ClassVar[int] = 256 * 1024

    def __init__(self, name: str, symbol: Symbol, market_data: MarketData, market: MarketDecimals, seq: int) -> None:
        self.name = name
        self._symbol = symbol
        self._market_data = market_data
        self._market = market
        self._seq = seq
        self._ring = Ring(self.ring_bytes)
        self._subscribers: dict[Outgoing, None] = {}
        self._awake_until = 0.0  # where nobody subscribes
        self._loop = asyncio.get_running_loop()

    @property
    def awake(self) -> bool:
        """Whether somebody listens, or might come back."""
        return bool(self._subscribers) or self._loop.time() < self._awake_until

    def subscribe(self, client: Outgoing, since: int | None = None) -> None:
        """Send a snapshot now, or what came after `since` where all of it is still held; and updates from now on."""
        missed = None if since is None else self._ring.after(since, self._seq)
        for frame in [self.snapshot()] if missed is None else missed:
            self._send(client, frame)
        self._subscribers[client] = None

    def unsubscribe(self, client: Outgoing) -> None:
        """Send nothing more."""
        if client in self._subscribers:
            del self._subscribers[client]
            self._awake_until = self._loop.time() + RESUME_S
        client.forget(self)

    def publish(self) -> None:
        """Tell what has changed since the last time."""
        if self.awake:
            self._publish()
        else:
            self._missed()

    @abstractmethod
    def snapshot(self) -> bytes:
        """Return the frame of the state now. What was not published yet is published first."""

    @abstractmethod
    def _publish(self) -> None:
        """Send what has changed to all subscribers."""

    def _missed(self) -> None:
        """Something has changed and was not told: who comes back now has a gap."""
        self._ring.clear()
        self._seq += 1

    def _update(self, data: object) -> None:
        """Send the next update to all subscribers."""
        self._seq += 1
        self._broadcast(protocol.update(self.name, self._seq, data))

    def _broadcast(self, frame: bytes) -> None:
        self._ring.push(self._seq, frame)
        for client in self._subscribers:
            self._send(client, frame)

    def _send(self, client: Outgoing, frame: bytes) -> None:
        client.send_newest(frame, self)
