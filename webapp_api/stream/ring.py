"""What a channel told last, for whoever comes back after a moment."""

from collections import deque


class Ring:
    """The latest frames of one channel, one seq after the other, of at most `limit` bytes together."""

    __slots__ = ("_bytes", "_frames", "_limit")

    def __init__(self, limit: int) -> None:
        self._frames: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._limit = limit

    def push(self, seq: int, frame: bytes) -> None:
        """Keep a frame, and forget the oldest ones where there is no room."""
        frames = self._frames
        frames.append((seq, frame))
        self._bytes += len(frame)
        while self._bytes > self._limit:
            self._bytes -= len(frames.popleft()[1])

    def clear(self) -> None:
        """Forget everything: something was not kept."""
        self._frames.clear()
        self._bytes = 0

    def after(self, seq: int, newest: int) -> list[bytes] | None:
        """Return what somebody missed who has everything up to seq, or None where that is not held any more."""
        if seq == newest:
            return []
        frames = self._frames
        if not frames or seq > newest or frames[0][0] > seq + 1 or frames[-1][0] != newest:
            return None
        return [frame for number, frame in frames if number > seq]
