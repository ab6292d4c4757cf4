"""What the vault's authority has to pay fees and rent with, and whether that is too little."""

from collections.abc import Callable

import structlog

log = structlog.get_logger()


class FeePayer:
    """Lamports of the vault's authority. Each of `listeners` is called when they fall below the floor, or are back."""

    def __init__(self, floor: int) -> None:
        self.listeners: list[Callable[[], None]] = []
        self.floor = floor
        self.lamports: int | None = None  # None until the chain was asked
        self.is_low = False

    def has(self, lamports: int) -> None:
        """Take note of what there is."""
        self.lamports = lamports
        if self.is_low is (lamports < self.floor):
            return
        self.is_low = lamports < self.floor
        if self.is_low:
            log.error("the vault's authority has little SOL left", lamports=lamports, floor=self.floor)
        else:
            log.info("the vault's authority has SOL again", lamports=lamports)
        for listener in self.listeners:
            listener()
