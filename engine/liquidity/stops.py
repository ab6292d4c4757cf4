"""When a market is not quoted. Pure: whoever asks says what time it is and what is wrong now.

A stop begins with its cause and ends when the cause has been gone for the hold-off without a break. While one stop of
a market holds, none of its quotes may rest.
"""

import enum
from collections import Counter, deque
from collections.abc import Mapping
from statistics import median_high, median_low
from typing import Final

from msgspec import Struct

from engine.core.market import PPM
from engine.core.types import Micros, Symbol
from engine.liquidity.external import Mid

SAMPLES: Final = 20  # middles that a band remembers
FAR: Final = 10  # bands away from the median a middle is no market's move, however long it stays


class StopReason(enum.Enum):
    """What is wrong."""

    STALE = "stale"  # nothing new was heard for too long
    OUT_OF_SYNC = "out_of_sync"  # the feed says that its book has a gap
    INSANE = "insane"  # crossed, one-sided, not understood, outside our limits
    JUMP = "jump"  # the price has moved too far too fast
    INVENTORY = "inventory"  # far more or less is owned than quoting explains
    LOSS = "loss"  # too much was lost today
    OPERATOR = "operator"  # somebody said so
    MARKET = "market"  # it takes no orders


class Change(Struct, frozen=True):
    """A stop has begun, or has ended; detail says why it began, for people."""

    reason: StopReason
    began: bool
    detail: str = ""


class Alarm(Struct, frozen=True):
    """A change of one market's stops, to be told to people."""

    at: Micros
    symbol: Symbol
    change: Change


class Stops:
    """The stops of one market."""

    def __init__(self, hold_off: Micros) -> None:
        self.begun: Counter[StopReason] = Counter()  # how often each has begun
        self._hold_off = hold_off
        self._held: dict[StopReason, Micros] = {}  # until when, if its cause is gone

    @property
    def held(self) -> frozenset[StopReason]:
        """Return the stops that hold."""
        return frozenset(self._held)

    def __bool__(self) -> bool:
        return bool(self._held)

    def update(self, now: Micros, causes: Mapping[StopReason, str]) -> list[Change]:
        """Take in what is wrong now, each with its detail, and return what has begun and ended.

        now never goes back.
        """
        changes: list[Change] = []
        for reason, detail in causes.items():
            if reason not in self._held:
                self.begun[reason] += 1
                changes.append(Change(reason, True, detail))
            self._held[reason] = Micros(now + self._hold_off)
        over = [reason for reason, until in self._held.items() if reason not in causes and now >= until]
        for reason in over:
            del self._held[reason]
            changes.append(Change(reason, False))
        return changes


class Band:
    """Tells a jump of the price: a middle far from the median of those of the last `window` microseconds.

    So one wrong price is not believed, neither when it comes nor as what later ones are compared with, and one that
    stays is believed after half of the window, but for one that is FAR away: that is never believed until somebody says
    so (`forget`). A silence does not age what is remembered: the first price after it is compared with those before.
    """

    def __init__(self, window: Micros, width_ppm: int) -> None:
        self._every = window // SAMPLES
        self._width_ppm = width_ppm
        self._mids: deque[Mid] = deque(maxlen=SAMPLES)
        self._due = Micros(0)
        self._reference: Mid | None = None

    @property
    def reference(self) -> Mid | None:
        """Return what middles are compared with; None before the first."""
        return self._reference

    def forget(self) -> None:
        """Believe the next middle, whatever it is."""
        self._mids.clear()
        self._reference = None
        self._due = Micros(0)

    def is_jump(self, now: Micros, mid: Mid) -> bool:
        """Take in a middle and tell whether it is outside the band around what came before it."""
        reference = self._reference
        if reference is not None and abs(mid - reference) * PPM > reference * self._width_ppm * FAR:
            return True
        if now >= self._due:
            self._due = Micros(now + self._every)
            self._mids.append(mid)
            middles = median_low(self._mids), median_high(self._mids)
            self._reference = min(middles, key=lambda median: abs(median - (reference or median)))
        return reference is not None and abs(mid - reference) * PPM > reference * self._width_ppm
