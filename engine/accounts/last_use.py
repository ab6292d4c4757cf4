"""When and from where API keys were used last: kept now and then, never on a request's way."""

import asyncio
from typing import Final

import structlog

from engine.accounts.ports import ApiKeyStore
from engine.accounts.types import KeyUse
from engine.core.types import Micros

log = structlog.get_logger()

EVERY: Final = Micros(60_000_000)  # a key's use is kept at most that often
GATHER_S: Final = 5.0  # uses are gathered that long, so that many keys cost one commit
MAX_NOTED: Final = 16_384  # keys whose last note is remembered, and so at most as many wait


class LastUse:
    """Notes uses at once and keeps them later. What can't be kept is lost, and nothing else fails for it."""

    def __init__(self, store: ApiKeyStore, *, gather_s: float = GATHER_S, max_noted: int = MAX_NOTED) -> None:
        self._store = store
        self._gather_s = gather_s
        self._max_noted = max_noted
        self._noted: dict[str, Micros] = {}  # the one noted longest ago first
        self._waiting: dict[str, KeyUse] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    def note(self, key: str, at: Micros, address: str) -> None:
        """Note that a key is used, where that was not noted a moment ago."""
        if at - self._noted.get(key, -EVERY) < EVERY or self._closed or len(self._waiting) >= self._max_noted:
            return
        self._noted.pop(key, None)
        if len(self._noted) >= self._max_noted:
            del self._noted[next(iter(self._noted))]
        self._noted[key] = at
        self._waiting[key] = KeyUse(key, at, address)
        if self._timer is None and self._writing is None:
            self._gather()

    async def close(self) -> None:
        """Keep what waits and note nothing more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._writing is not None:
            await self._writing
        if self._waiting:
            await self._write()

    def _gather(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self._gather_s, self._begin)

    def _begin(self) -> None:
        self._timer = None
        self._writing = asyncio.create_task(self._write())

    async def _write(self) -> None:
        uses, self._waiting = self._waiting, {}
        try:
            await self._store.used(list(uses.values()))
        except Exception as error:
            log.warning("the last use of keys was not kept", keys=len(uses), error=repr(error))
        finally:
            self._writing = None
            if self._waiting and not self._closed:
                self._gather()
