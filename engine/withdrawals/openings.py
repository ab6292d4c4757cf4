"""How many token accounts are made for somebody at our cost.

Their owner may close them for gain. So as many as may be under way at once may be made in a day.
"""

from engine.core.refusals import Refused
from engine.core.types import AssetCode, Micros, UserId
from engine.ports import Clock
from engine.withdrawals import rules, targets
from engine.withdrawals.ports import Outside, WithdrawalStore
from engine.withdrawals.refusals import TooManyOpened


class Openings:
    """Counts the token accounts that were made for an account within a day, and those that are to come."""

    def __init__(self, store: WithdrawalStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def check(self, user: UserId, most: int) -> None:
        """Raise TooManyOpened where one more would be one too many now."""
        if await self._made(user) >= most:
            raise TooManyOpened(limit=most)

    async def check_with_all_to_come(self, user: UserId, outside: Outside, most: int) -> None:
        """Raise TooManyOpened where one more would be one too many once all is sent that is under way.

        Without this it would be held and confirmed, and refused when it is its turn. Raises ChainUnavailable.
        """
        to_come = await self._store.unsent(user)  # before those that are made: none is missed that is sent meanwhile
        count = await self._made(user)
        if count + len(to_come) < most:
            return  # whatever the chain says of them
        for asset, address in to_come:
            if count < most:
                count += await self._opens(asset, address, outside)
        if count >= most:
            raise TooManyOpened(limit=most)

    async def _made(self, user: UserId) -> int:
        return await self._store.opened(user, Micros(self._clock() - rules.DAY))

    async def _opens(self, asset: AssetCode, address: str, outside: Outside) -> bool:
        """Say whether a token account is made for what is sent there, as the chain is now. Raises ChainUnavailable."""
        mint = outside.till.mint(asset)
        if mint is None:
            return False  # it is not paid out here
        try:
            target = await targets.find(address, mint, outside.chain, outside.till.is_ours)
        except Refused:
            return False  # nothing is sent to it at all
        return target.opens_for is not None
