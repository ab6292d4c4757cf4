"""What comparing asks of the books, of the chain and of the vault. `data` implements it, and settlement's vault."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from engine.core.types import AssetCode, Micros, UserId
from engine.reconciliation.types import Difference, TokenBalance, Written
from engine.settlement.types import VaultAccount


class Balances(Struct, frozen=True):
    """Token accounts in the order of the question, None where there is none, all of them as of one final slot."""

    slot: int
    found: list[TokenBalance | None]


class Landed(Struct, frozen=True):
    """In which slots transactions have landed and done all they were to do, in the order of the question.

    None is of those that have not, or that a node does not know which has come as far as `slot`.
    """

    slot: int
    slots: list[int | None]


class ChainBalances(Protocol):
    """Solana, as far as it is compared. Every call may raise ChainUnavailable, and nothing else."""

    async def balances(self, token_accounts: Sequence[str]) -> Balances:
        """Return what token accounts hold as it is final; 100 at most."""

    async def landed(self, signatures: Sequence[str]) -> Landed:
        """Return where transactions have landed, 256 at most; history is searched, too."""

    async def lamports(self, address: str) -> int:
        """Return how many lamports an account has, as it is final."""


class Books(Protocol):
    """What is written down. Any call may raise Busy."""

    async def accounts(self, after: UserId, limit: int) -> list[UserId]:
        """Return the next accounts that have anything to be compared, by their ids."""

    async def places(self, users: Sequence[UserId]) -> list[str]:
        """Return the token accounts of accounts: those of the vault, and those for deposits."""

    async def read(self, users: Sequence[UserId], since: Micros) -> Written:
        """Return what is written down of accounts, as of one moment; what was before `since` is not of late."""


class StopStore(Protocol):
    """Where it is kept what stops withdrawals. A write is durable when it returns; any call may raise Busy."""

    async def kept(self) -> list[Difference]:
        """Return what stops withdrawals, oldest first."""

    async def keep(self, differences: Sequence[Difference], at: Micros) -> None:
        """Keep some more; those that are kept already stay as they are."""

    async def clear(self) -> None:
        """Forget them all."""


class Vault(Protocol):
    """The vault's accounts, as far as they are compared: `engine.settlement.vault.Vault`."""

    @property
    def authority(self) -> str:
        """Who owns the accounts, in base58."""

    def address(self, user: UserId, asset: AssetCode) -> str:
        """Return where an account's money lies."""

    def of_address(self, token_account: str) -> VaultAccount | None:
        """Return an account by its address."""

    async def remake(self, accounts: Sequence[VaultAccount]) -> None:
        """Make accounts again that a fork has undone. Raises ChainUnavailable."""
