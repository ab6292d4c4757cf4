"""What token accounts hold, as it is final, and at which slot: for whoever compares the books with the chain."""

from collections.abc import Sequence
from typing import Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.account import Account
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.token.state import TokenAccount, TokenAccountState
from solders.transaction_status import TransactionStatus
from spl.token.constants import ACCOUNT_LEN, TOKEN_PROGRAM_ID

from data.solana.asking import asked, value
from engine.ports import ChainUnavailable
from engine.reconciliation.ports import Balances, Landed
from engine.reconciliation.types import TokenBalance

MOST_ACCOUNTS: Final = 100  # in one question
MOST_SIGNATURES: Final = 256


class RpcBalances:
    """`engine.reconciliation.ports.ChainBalances` on a client that somebody else closes."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def balances(self, token_accounts: Sequence[str]) -> Balances:
        """Return what token accounts hold, None where there is none; 100 at most. Raises ChainUnavailable."""
        keys = [Pubkey.from_string(address) for address in token_accounts]

        async def ask() -> Balances:
            answer = await self._client.get_multiple_accounts(keys, Finalized)
            if len(answer.value) != len(keys):
                raise ChainUnavailable("fewer accounts were answered than asked for")
            return Balances(answer.context.slot, [_balance(each) for each in answer.value])

        return await asked(ask)

    async def landed(self, signatures: Sequence[str]) -> Landed:
        """Return the slots in which transactions did what they were to do, None of those that did not."""
        wanted = [Signature.from_string(each) for each in signatures]

        async def ask() -> Landed:
            answer = await self._client.get_signature_statuses(wanted, search_transaction_history=True)
            if len(answer.value) != len(wanted):
                raise ChainUnavailable("fewer statuses were answered than asked for")
            return Landed(answer.context.slot, [_slot(each) for each in answer.value])

        return await asked(ask)

    async def lamports(self, address: str) -> int:
        """Return how many lamports an account has. Raises ChainUnavailable."""
        found: int = await value(lambda: self._client.get_balance(Pubkey.from_string(address), Finalized))
        return found


def _balance(account: Account | None) -> TokenBalance | None:
    if account is None or account.owner != TOKEN_PROGRAM_ID or len(account.data) != ACCOUNT_LEN:
        return None
    token = TokenAccount.from_bytes(bytes(account.data))
    if token.state == TokenAccountState.Uninitialized:
        return None
    return TokenBalance(
        mint=str(token.mint),
        owner=str(token.owner),
        atoms=token.amount,
        is_frozen=token.state == TokenAccountState.Frozen,
        has_delegate=token.delegate is not None,
    )


def _slot(status: TransactionStatus | None) -> int | None:
    return None if status is None or status.err is not None else status.slot
