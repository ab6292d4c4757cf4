"""Who may run the exchange, and the log of what they did."""

from collections.abc import Sequence, Set
from typing import Final

from engine.accounts.ports import AdminStore
from engine.accounts.types import ActPattern, AdminAct
from engine.core.refusals import Refused
from engine.core.types import UserId
from engine.ports import Clock

MAX_TARGET: Final = 500  # characters


class NotAnAdmin(Refused):
    """This is for the exchange's administrators."""

    code = "forbidden"


class Administration:
    """Administrators are persons whom the settings name by their Telegram ids."""

    def __init__(self, store: AdminStore, telegram_ids: Set[int], clock: Clock) -> None:
        self._store = store
        self._telegram_ids = telegram_ids
        self._clock = clock

    async def check(self, user: UserId) -> None:
        """Raise NotAnAdmin where this account is none."""
        if not await self.includes(user):
            raise NotAnAdmin

    async def includes(self, user: UserId) -> bool:
        """Say whether this account is an administrator's. Asked anew each time: who left Telegram's door is none."""
        account = await self._store.account(user) if self._telegram_ids else None
        return account is not None and account.telegram_id in self._telegram_ids

    async def log(self, admin: UserId, act: str, target: str, address: str) -> None:
        """Keep what an administrator is about to do to what, from which network address; return when it is durable."""
        await self._store.log_admin_act(AdminAct(self._clock(), admin, act, target[:MAX_TARGET], address))

    async def acts(
        self, limit: int, before: int | None, only: Sequence[ActPattern] = ()
    ) -> tuple[list[AdminAct], int | None]:
        """Return what was done, newest first, and before which id there may be more; before an id, or the newest.

        Where `only` names some a page may hold few or none though there are more.
        """
        return await self._store.admin_acts(limit, before, only)
