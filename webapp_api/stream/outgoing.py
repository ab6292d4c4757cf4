"""What a client is still to get: one write per client and loop turn, and what happens to clients that do not read.

A client is lagging while more than `lagging_bytes` of what was written to it have not left. Meanwhile updates of
conflating channels are left out (it gets one fresh snapshot of each when it has caught up), and everything else waits,
up to `held_bytes`. Who lags beyond that, or for longer than `lag_s`, is dropped.
"""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

import structlog
from msgspec import Struct

from webapp_api.stream.metrics import StreamMetrics

log = structlog.get_logger()

POLL_S: Final = 0.05
SLOW: Final = "slow_consumer"
BROKEN: Final = "broken_connection"


class Limits(Struct, frozen=True):
    """When a client is too slow. Sizes in bytes, times in seconds."""

    lagging_bytes: int = 256 * 1024
    held_bytes: int = 1024 * 1024
    lag_s: float = 10.0


class Conflating(Protocol):
    """A channel of which only the newest state matters."""

    def snapshot(self) -> bytes:
        """Return the frame of its state now."""


class Outgoing:
    """The way to one client. Nothing here raises, and nothing waits.

    on_drop(reason) is called once, when the client has proved too slow or its connection broken.
    """

    __slots__ = ("_dirty", "_frames", "_held", "_on_drop", "_since", "_transport", "_writers", "closed", "lagging")

    def __init__(self, writers: "Writers", transport: asyncio.Transport, on_drop: Callable[[str], None]) -> None:
        self._writers = writers
        self._transport = transport
        self._on_drop = on_drop
        self._frames: list[bytes] = []
        self._held = 0
        self._since = 0.0
        self._dirty: dict[Conflating, None] = {}
        self.lagging = False
        self.closed = False

    def send(self, frame: bytes) -> None:
        """Send a frame at the end of this loop turn."""
        frames = self._frames
        if self.lagging or self.closed:
            self._hold(frame)
            return
        if not frames:
            self._writers.touch(self)
        frames.append(frame)

    def send_newest(self, frame: bytes, channel: Conflating) -> None:
        """Send a frame, or, where the client is lagging, a snapshot of the channel as soon as it has caught up."""
        if self.lagging:
            self._dirty[channel] = None
            self._writers.metrics.conflations += 1
        else:
            self.send(frame)

    def forget(self, channel: Conflating) -> None:
        """Send no snapshot of a channel that the client left."""
        self._dirty.pop(channel, None)

    def close(self) -> None:
        """Send nothing any more."""
        self.closed = True
        self._frames.clear()
        self._dirty.clear()
        self._writers.caught_up(self)

    def flush(self) -> None:
        """Write what has come together. Called by `Writers`."""
        if self.closed or self._transport.is_closing():
            self._frames.clear()
        elif self._transport.get_write_buffer_size() > self._writers.limits.lagging_bytes:
            self._since = self._writers.now()
            self._held = sum(map(len, self._frames))
            self.lagging = True
            self._writers.lags(self)
        else:
            self._write()

    def poll(self) -> None:
        """See whether a lagging client has caught up. Called by `Writers`."""
        limits = self._writers.limits
        if self._transport.get_write_buffer_size() <= limits.lagging_bytes // 2:
            # Snapshots are made while still lagging: making one may cut a diff, which this client must not see first.
            while self._dirty:
                channel, _ = self._dirty.popitem()
                self._frames.append(channel.snapshot())
                self._dirty.pop(channel, None)
            self.lagging = False
            self._writers.caught_up(self)
            if self._frames:
                self._write()
        elif self._writers.now() - self._since > limits.lag_s:
            self.drop(SLOW)

    def drop(self, reason: str) -> None:
        """Give this client up."""
        if not self.closed:
            self.close()
            self._writers.metrics.dropped[reason] += 1
            self._on_drop(reason)

    def _hold(self, frame: bytes) -> None:
        if self.closed:
            return
        self._frames.append(frame)
        self._held += len(frame)
        if self._held > self._writers.limits.held_bytes:
            self.drop(SLOW)

    def _write(self) -> None:
        frames, metrics = self._frames, self._writers.metrics
        metrics.frames += len(frames)
        metrics.writes += 1
        self._transport.write(frames[0] if len(frames) == 1 else b"".join(frames))
        frames.clear()


class Writers:
    """Writes once a loop turn for every client that has got something, and watches those that lag."""

    def __init__(self, limits: Limits, metrics: StreamMetrics) -> None:
        self.limits = limits
        self.metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._touched: list[Outgoing] = []
        self._lagging: dict[Outgoing, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        """Return the loop's time in seconds."""
        return self._loop.time()

    def touch(self, outgoing: Outgoing) -> None:
        """Flush this client at the end of the loop turn."""
        if not self._touched:
            self._loop.call_soon(self._flush)
        self._touched.append(outgoing)

    def lags(self, outgoing: Outgoing) -> None:
        """Watch this client until it has caught up."""
        self._lagging[outgoing] = None
        self.metrics.lagging = len(self._lagging)
        if self._timer is None:
            self._timer = self._loop.call_later(POLL_S, self._poll)

    def caught_up(self, outgoing: Outgoing) -> None:
        """Watch it no longer."""
        self._lagging.pop(outgoing, None)
        self.metrics.lagging = len(self._lagging)

    def close(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _flush(self) -> None:
        touched, self._touched = self._touched, []
        for outgoing in touched:
            _guarded(outgoing, outgoing.flush)

    def _poll(self) -> None:
        self._timer = None
        for outgoing in list(self._lagging):
            _guarded(outgoing, outgoing.poll)
        if self._lagging:
            self._timer = self._loop.call_later(POLL_S, self._poll)


def _guarded(outgoing: Outgoing, act: Callable[[], None]) -> None:
    """Keep one client's broken transport from the others."""
    try:
        act()
    except Exception:
        log.exception("websocket client broke")
        outgoing.drop(BROKEN)
