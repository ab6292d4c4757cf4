"""What a proof of solvency asks of the books and of the chain. `data` implements it."""

from collections.abc import Sequence
from typing import Protocol

from engine.core.types import AssetCode
from engine.solvency.types import Holding, Moment, Owing, Snapshot


class SolvencyStore(Protocol):
    """Where balances are read and snapshots are kept. Any call may raise Busy."""

    async def moment(self) -> Moment:
        """Return all that is owed, at one moment of the ledger."""

    async def unswept(self, asset: AssetCode, after: str, limit: int) -> list[str]:
        """Return the next deposit accounts in which credited money may lie, in the order of their addresses."""

    async def deposit_accounts(self, asset: AssetCode, after: str, limit: int) -> list[str]:
        """Return the next deposit accounts, in the order of their addresses."""

    async def keep(self, snapshot: Snapshot, owing: Owing, most: int) -> Snapshot:
        """Keep a snapshot and of those before it the newest, so many altogether; return it with its id, durable."""

    async def kept(self) -> list[Snapshot]:
        """Return all that are kept, oldest first."""

    async def owing(self, snapshot: int) -> Owing | None:
        """Return what a snapshot's trees are made of, None where it is not kept any more."""


class SolvencyChain(Protocol):
    """Solana, as far as solvency asks. Both raise ChainUnavailable."""

    async def owned(self, authority: str, mint: str) -> Holding:
        """Return what all token accounts of an owner and a mint hold, in one answer and so at one slot."""

    async def held(self, mint: str, token_accounts: Sequence[str]) -> Holding:
        """Return what token accounts of a mint hold; 100 at most."""
