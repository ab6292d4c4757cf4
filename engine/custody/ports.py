"""What custody asks of the store. `data.store.deposit_accounts` and `data.store.sweeps` implement it."""

from collections.abc import Sequence
from typing import Protocol

from engine.core.types import Micros, UserId
from engine.custody.accounts import DepositAccount
from engine.custody.sweeping import Unswept
from engine.settlement.fills import Purse


class DepositStore(Protocol):
    """The token accounts into which people deposit. Each call is durable; any may raise Busy."""

    async def all(self) -> list[DepositAccount]:
        """Return all of them, oldest first."""

    async def add(self, accounts: Sequence[DepositAccount]) -> None:
        """Keep new ones; those that are there already stay as they are."""

    async def is_newcomer(self, user: UserId, since: Micros) -> bool:
        """Say whether nothing is known of an account that costs something: no credited deposit, and no Telegram person.

        One who was unlinked from whatever account since then does not count: they would speak for many.
        """

    async def newcomers(self, since: Micros) -> list[tuple[UserId, Micros]]:
        """Return accounts that got their first deposit accounts since then and have neither, and when, oldest first."""

    async def keep(self, account: DepositAccount, landed: Sequence[str]) -> None:
        """Keep how far one was looked at, and which sweeps are among the transactions that landed there."""


class SweepStore(Protocol):
    """What is written down of deposits and sweeps. Any call may raise Busy."""

    async def unswept(self, token_accounts: Sequence[str]) -> list[Unswept]:
        """Return what sweeping has to know of accounts."""

    async def wanted(self) -> set[Purse]:
        """Return the accounts out of which a withdrawal is requested, with its asset."""

    async def not_passed(self) -> list[tuple[str, str]]:
        """Return token accounts and signatures of sweeps that have settled and that no look has come by yet."""
