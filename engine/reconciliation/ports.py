"""What comparing asks of the books and of the chain. `data` implements it."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class TokenBalance(Struct, frozen=True):
    """A token account as it is final on the chain."""

    mint: str
    owner: str
    atoms: int
    is_frozen: bool
    has_delegate: bool  # somebody else may take from it


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
