"""Answers leave in the order of the requests on their socket."""

from collections import deque
from collections.abc import Callable


class Late:
    """An answer that is still being looked up. What comes after it waits."""

    __slots__ = ("frame",)

    def __init__(self, frame: bytes | None = None) -> None:
        self.frame = frame


class Answers:
    """The order of one client's answers.

    Orders are answered after their commit, in the order in which they were entered, so they need no queue. What can
    be answered at once waits for the orders entered before it; what has to be looked up holds up what follows.
    """

    __slots__ = ("_answered", "_behind", "_entered", "_late", "_send")

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._entered = 0
        self._answered = 0
        self._behind: deque[tuple[int, bytes]] = deque()  # (may leave when this many orders are answered, frame)
        self._late: deque[Late] = deque()

    @property
    def waiting(self) -> int:
        """How many answers are owed."""
        return self._entered - self._answered + len(self._behind) + len(self._late)

    def entered(self) -> None:
        """Count an order that went to the sequencer."""
        self._entered += 1

    def at_once(self, frame: bytes) -> None:
        """Answer a request that did not go to the sequencer."""
        if self._entered != self._answered:
            self._behind.append((self._entered, frame))
        else:
            self._emit(frame)

    def committed(self, frame: bytes) -> None:
        """Answer the oldest order that is not answered yet."""
        self._emit(frame)
        self._advance()

    def committed_late(self) -> Late:
        """Keep the place of the oldest order that is not answered yet; `settle` it later."""
        late = Late()
        self._late.append(late)
        self._advance()
        return late

    def settle(self, late: Late, frame: bytes) -> None:
        """Answer what was kept a place for."""
        late.frame = frame
        while self._late and self._late[0].frame is not None:
            self._send(self._late.popleft().frame or b"")

    def _advance(self) -> None:
        self._answered += 1
        behind = self._behind
        while behind and behind[0][0] <= self._answered:
            self._emit(behind.popleft()[1])

    def _emit(self, frame: bytes) -> None:
        if self._late:
            self._late.append(Late(frame))
        else:
            self._send(frame)
