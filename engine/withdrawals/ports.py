"""What withdrawals ask of the store, of the chain, of settlement, and of whoever talks to people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from engine.core.types import AssetCode, Atoms, Micros, UserId, WithdrawalId
from engine.settlement.types import BatchKind, Move, SettlementBatch
from engine.withdrawals.types import Ending, Means, Withdrawal


class WithdrawalStore(Protocol):
    """Where it is kept what happened to withdrawals. A write is durable when it returns; any call may raise Busy."""

    async def find(self, withdrawal: WithdrawalId) -> Withdrawal | None:
        """Return a withdrawal, whoever's it is."""

    async def by_reference(self, user: UserId, reference: str) -> Withdrawal | None:
        """Return the withdrawal that an account requested by this reference."""

    async def of(self, user: UserId, limit: int, before: int | None = None) -> list[Withdrawal]:
        """Return an account's withdrawals, newest first; those before an id, or the newest."""

    async def under_way(self) -> list[Withdrawal]:
        """Return all whose money is held, oldest first."""

    async def leaving(self, user: UserId, since: Micros) -> tuple[int, Mapping[AssetCode, Atoms]]:
        """Return how many of an account are under way; and what is, or has left since then, by asset."""

    async def paid(self, asset: AssetCode, since: Micros) -> Atoms:
        """Return how much of an asset has left the exchange for good since then, from all accounts."""

    async def opened(self, user: UserId, since: Micros) -> int:
        """Return how many token accounts an account's withdrawals have had made since then, at our cost."""

    async def unsent(self, user: UserId) -> list[tuple[AssetCode, str]]:
        """Return the asset and the address of each of an account's withdrawals that is under way without a batch."""

    async def means(self, user: UserId) -> Means:
        """Return by what an account can confirm."""

    async def available(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what an account may spend, as far as is committed."""

    async def knows(self, user: UserId, address: str) -> bool:
        """Say whether an account has sent to an address before."""

    async def confirm(self, withdrawal: WithdrawalId, at: Micros, by: str, approvals_needed: int) -> None:
        """Keep that a withdrawal was confirmed; the first time counts."""

    async def approve(self, withdrawal: WithdrawalId, admin: UserId, at: Micros) -> bool:
        """Keep that an administrator agreed. Return whether it was the first time."""

    async def approvers(self, withdrawal: WithdrawalId) -> list[UserId]:
        """Return which administrators have agreed, in their order."""

    async def end(self, withdrawal: WithdrawalId, why: Ending | None) -> None:
        """Keep why a withdrawal is to end, before it does; None takes that back."""

    async def know(self, user: UserId, address: str, at: Micros) -> None:
        """Keep that an account sends to an address."""

    async def stopped(self) -> str | None:
        """Return why an operator has stopped sending, None where nobody has."""

    async def stop(self, reason: str, at: Micros) -> None:
        """Keep that an operator has stopped sending."""

    async def resume(self) -> None:
        """Keep that it goes on."""


class TokenAccount(Struct, frozen=True):
    """An account of SPL Token: of which mint, whose, and whether it takes anything."""

    mint: str
    owner: str
    takes: bool


class Looked(Struct, frozen=True):
    """What is at an address on the chain: which program owns it, and the token account that it is."""

    program: str
    token: TokenAccount | None


class Targets(Protocol):
    """Solana, as far as an address is judged. Addresses are in base58."""

    def is_address(self, text: str) -> bool:
        """Say whether this is 32 bytes in base58, written the one way."""

    def is_on_curve(self, address: str) -> bool:
        """Say whether there can be a key for this address."""

    def token_account(self, owner: str, mint: str) -> str:
        """Return the address of an owner's token account for a mint."""

    async def look(self, addresses: Sequence[str]) -> list[Looked | None]:
        """Return what is at addresses, None where nothing is. Raises ChainUnavailable."""


class Settling(Protocol):
    """What carries moves out on the chain: `engine.settlement.settlement.Settlement`."""

    listeners: list[Callable[[SettlementBatch], None]]

    async def add(self, kind: BatchKind, moves: Sequence[Move], withdrawal: WithdrawalId | None = None) -> int:
        """Keep a batch and return its id; durable when it returns.

        Raises NotSpendable where the money is not in the vault yet or needed by what came before, and Busy.
        """

    def withdrawable(self, user: UserId, asset: AssetCode) -> Atoms:
        """Return what may leave an account for good now, as far as is known without asking anybody."""

    async def take_back(self, batch_id: int) -> bool:
        """Give a batch up, where it is not signed yet. Return whether it was."""


class Till(Protocol):
    """Vault accounts, as far as withdrawals are paid out of them."""

    def mint(self, asset: AssetCode) -> str | None:
        """Return an asset's mint on this chain, None where it is not paid out here."""

    def is_ours(self, address: str) -> bool:
        """Say whether an address is a key, a mint or a token account of the exchange's own."""

    async def ensure(self, user: UserId, asset: AssetCode) -> str:
        """Return an account's vault account for an asset, made where there is none. Raises ChainUnavailable."""

    @property
    def halted(self) -> Callable[[], bool]:
        """Says whether nothing may leave, since the books and the chain are not known to agree."""


class Outside(Struct, frozen=True):
    """All that is there only while the chain is: how addresses are judged, the vault, and what sends."""

    chain: Targets
    till: Till
    settling: Settling


class Asks(Protocol):
    """Talks to people where they confirm. Both only enqueue, and raise nothing."""

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Show somebody what is to be confirmed."""

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Tell somebody that a withdrawal is over."""
