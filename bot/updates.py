"""What comes from Telegram, each worked on once, whether the bot asks for it or is told.

An update is noted before it is worked on. So a kill may leave one unanswered that had just come, and nothing is done
twice, whatever Telegram repeats.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Update

from data.store.chats import SqlChats
from engine.ports import Clock

log = structlog.get_logger()

AT_ONCE: Final = 100  # updates that are worked on


class Updates:
    """Passes updates to the dispatcher, some at once. counted says how many came and what became of them."""

    def __init__(self, bot: Bot, dispatcher: Dispatcher, store: SqlChats, clock: Clock) -> None:
        self.counted: Counter[str] = Counter()
        self._bot = bot
        self._dispatcher = dispatcher
        self._store = store
        self._clock = clock
        self._working: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(AT_ONCE)

    @property
    def is_full(self) -> bool:
        """Say whether no more can be worked on at once."""
        return self._room.locked()

    async def take(self, updates: Sequence[Update]) -> None:
        """Work on those that are new; return when each has been noted and begun. Raises what the store raises."""
        if not updates:
            return
        new = await self._store.see([_names(update) for update in updates], self._clock())
        for update, is_new in zip(updates, new, strict=True):
            self.counted["new" if is_new else "repeated"] += 1
            if not is_new:
                log.info("an update came twice", update=update.update_id)
                continue
            await self._room.acquire()
            task = asyncio.create_task(self._work(update))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
            task.add_done_callback(lambda _: self._room.release())

    async def finish(self, patience_s: float) -> None:
        """Wait for what is worked on, for so long at most."""
        if self._working:
            await asyncio.wait(self._working, timeout=patience_s)
        left = list(self._working)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left)

    async def _work(self, update: Update) -> None:
        try:
            await self._dispatcher.feed_update(self._bot, update)
        except TelegramAPIError as error:
            self.counted["unanswered"] += 1
            log.warning("an answer did not reach Telegram", update=update.update_id, error=type(error).__name__)
        except Exception:
            self.counted["failed"] += 1
            log.exception("an update failed", update=update.update_id)


def _names(update: Update) -> list[str]:
    """Return all names by which an update is known: its own, and its message's or tap's."""
    names = [f"update:{update.update_id}"]
    if update.message is not None:
        names.append(f"message:{update.message.chat.id}:{update.message.message_id}")
    elif update.callback_query is not None:
        names.append(f"tap:{update.callback_query.id}")
    elif update.inline_query is not None:
        names.append(f"inline:{update.inline_query.id}")
    return names
