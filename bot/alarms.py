"""What administrators are told: the newest state of each subject, merged, so that what flaps does not flood.

`tell` may be called from the program's start on, before there is a bot; `run` passes on what was told.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import replace

from bot.bodies import Body
from engine.accounts.accounts import Accounts
from engine.accounts.notifications import Kind
from engine.core.types import UserId
from engine.liquidity.stops import Alarm as QuotingAlarm
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

MOST: Final = 500  # subjects that are remembered; the one that has been quiet for longest goes
EDIT_S: Final = 5.0  # between two messages about the same
RING_S: Final = 300.0  # for so long nothing rings again: what goes on changes the message that is there
AGAIN_S: Final = 1.0


class _Subject:
    __slots__ = ("due", "rang", "rings", "state", "told")

    def __init__(self) -> None:
        self.state = Body(Kind.ALARMS, times=0)
        self.rings = False
        self.rang = self.told = float("-inf")
        self.due: float | None = None  # when it is to be told; None where it has been


class Alarms:
    """All subjects. `admins` are administrators' Telegram ids."""

    def __init__(self, admins: frozenset[int], *, edit_s: float = EDIT_S, ring_s: float = RING_S) -> None:
        self._admins = admins
        self._edit_s = edit_s
        self._ring_s = ring_s
        self._subjects: dict[str, _Subject] = {}
        self._news = asyncio.Event()

    def tell(self, subject: str, key: str, *, rings: bool, **params: str) -> None:
        """Let administrators know how a subject is now; rings says that it is something to be called for."""
        known = self._subjects.pop(subject, None) or _Subject()
        self._subjects[subject] = known
        known.state = Body(Kind.ALARMS, key, params, known.state.times + 1)
        known.rings = rings
        known.due = max(time.monotonic(), known.told + self._edit_s)
        if len(self._subjects) > MOST:
            del self._subjects[next(iter(self._subjects))]
        self._news.set()

    def on_quoting(self, alarm: QuotingAlarm) -> None:
        """Tell of a market's stop that has begun or ended: one of `MarketMaker.alarms`."""
        change = alarm.change
        self.tell(
            f"quoting:{alarm.symbol}:{change.reason.value}",
            "alarm.stopped" if change.began else "alarm.stop_over",
            rings=change.began,
            symbol=alarm.symbol,
            reason=f"@stop.{change.reason.value}",
            detail=change.detail,
        )

    def on_books(self, count: int, identity: str, **of_first: str) -> None:
        """Tell of differences between the books and the chain, and the first of them: account, asset, expected, found.

        None is left where an administrator has cleared them.
        """
        if count:
            self.tell("books", f"alarm.books.{identity}", rings=True, count=str(count), **of_first)
        else:
            self.tell("books", "alarm.books_over", rings=False)

    def on_fees(self, sol: str, *, is_low: bool) -> None:
        """Tell what the vault's authority pays fees with, as it falls below its floor or is back."""
        self.tell("fees", "alarm.fees_low" if is_low else "alarm.fees_well", rings=is_low, sol=sol)

    async def run(self, accounts: Accounts, pass_on: Callable[[UserId, str, Body, bool], None]) -> None:
        """Pass on to every administrator what is due, for ever: (to whom, subject, its state, whether it rings)."""
        while True:
            self._news.clear()
            try:
                due = self._due()
                admins = [await accounts.by_telegram(each) for each in self._admins] if due else []
            except Busy:
                await asyncio.sleep(AGAIN_S)
                continue
            for subject in due:
                self._pass_on(subject, [account.id for account in admins if account is not None], pass_on)
            times = [each.due for each in self._subjects.values() if each.due is not None]
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, min(times) - time.monotonic()) if times else None):
                    await self._news.wait()

    def _due(self) -> list[str]:
        now = time.monotonic()
        return [name for name, each in self._subjects.items() if each.due is not None and each.due <= now]

    def _pass_on(self, name: str, admins: list[UserId], pass_on: Callable[[UserId, str, Body, bool], None]) -> None:
        subject, now = self._subjects.get(name), time.monotonic()
        if subject is None:
            return
        rings = subject.rings and now >= subject.rang + self._ring_s
        for admin in admins:
            pass_on(admin, name, subject.state, rings)
        subject.told = now
        if rings:
            subject.rang, subject.rings = now, False
            subject.state = replace(subject.state, times=0)
        subject.due = subject.rang + self._ring_s if subject.rings else None  # it rings then, if it still holds
