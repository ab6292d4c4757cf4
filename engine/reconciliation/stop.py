"""What stops withdrawals: differences that were seen twice. Only an operator ends it."""

from collections.abc import Callable, Iterable
from typing import Final

import structlog

from engine.ports import Clock
from engine.reconciliation.ports import StopStore
from engine.reconciliation.types import Difference

log = structlog.get_logger()

MOST: Final = 1_000  # that are kept and shown: one is enough to stop


class Stop:
    """Call `load` before anything is withdrawn. Each of `listeners` is called when it has changed."""

    def __init__(self, store: StopStore, clock: Clock) -> None:
        self.listeners: list[Callable[[], None]] = []
        self._store = store
        self._clock = clock
        self._held: dict[object, Difference] = {}
        self._unkept: list[Difference] = []

    @property
    def is_on(self) -> bool:
        """Whether nothing may be withdrawn."""
        return bool(self._held)

    @property
    def differences(self) -> list[Difference]:
        """What stops withdrawals, oldest first."""
        return list(self._held.values())

    async def load(self) -> None:
        """Take up what is kept. Raises Busy."""
        self._held = {each.key: each for each in await self._store.kept()}
        if self._held:
            log.error("withdrawals are still stopped: the books and the chain have differed", accounts=len(self._held))
            self._tell()

    async def add(self, differences: Iterable[Difference]) -> None:
        """Stop withdrawals at once, and keep why. Raises Busy: then it is kept the next time."""
        new = [each for each in differences if each.key not in self._held][: MOST - len(self._held)]
        for each in new:
            self._held[each.key] = each
            log.error(
                "the books and the chain differ: withdrawals are stopped",
                account=each.user,
                asset=each.asset,
                identity=each.identity.value,
                expected=each.expected,
                found=each.found,
                slot=each.slot,
                note=each.note,
            )
        self._unkept += new
        if new:
            self._tell()
        if self._unkept:
            await self._store.keep(self._unkept, self._clock())
            self._unkept = []

    async def clear(self) -> int:
        """Let withdrawals go on, as an operator says so; return how many differences there were. Raises Busy."""
        await self._store.clear()
        count, self._held, self._unkept = len(self._held), {}, []
        if count:
            log.warning("an operator lets withdrawals go on", differences=count)
            self._tell()
        return count

    def _tell(self) -> None:
        for listener in self.listeners:
            listener()
