"""What custody asks of the store. `data.store.deposit_accounts` implements it."""

from collections.abc import Sequence
from typing import Protocol

from engine.custody.accounts import DepositAccount


class DepositStore(Protocol):
    """The token accounts into which people deposit. Each call is durable; any may raise Busy."""

    async def all(self) -> list[DepositAccount]:
        """Return all of them, oldest first."""

    async def add(self, accounts: Sequence[DepositAccount]) -> None:
        """Keep new ones; those that are there already stay as they are."""

    async def keep(self, account: DepositAccount) -> None:
        """Keep how far one was looked at."""
