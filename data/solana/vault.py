"""`engine.settlement.vault.VaultChain` by solana-py: token accounts by seed, and lookup tables.

An account is not made by CreateAccountWithSeed, which fails where somebody has sent lamports to the address before:
anybody could do that to an address that anybody can derive. What is missing of the rent is added instead.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.account import Account
from solders.address_lookup_table_account import ID as ADDRESS_LOOKUP_TABLE_ID
from solders.address_lookup_table_account import (
    AddressLookupTable,
    derive_lookup_table_address,
)
from solders.instruction import Instruction
from solders.pubkey import Pubkey
from solders.system_program import (
    ID as SYSTEM_PROGRAM_ID,
)
from solders.system_program import (
    AllocateWithSeedParams,
    CreateLookupTableParams,
    ExtendLookupTableParams,
    TransferParams,
    allocate_with_seed,
    create_lookup_table,
    extend_lookup_table,
    transfer,
)
from solders.token.state import TokenAccount, TokenAccountState
from spl.token.constants import ACCOUNT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import initialize_account3
from spl.token.models import InitializeAccount3Params

from data.solana.asking import send, understood, value
from engine.ports import ChainUnavailable, Signer
from engine.settlement.vault import LookupTable, Standing

MOST_MADE: Final = 4  # token accounts in one transaction
MOST_SENDING: Final = 8  # transactions at once
_NEVER: Final = 2**64 - 1  # the slot in which a table that is in use was given up
_NOTHING: Final = Standing(None, None)


class RpcVault:
    """`engine.settlement.vault.VaultChain` on a client that somebody else closes."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._rent: int | None = None

    def vault_account(self, authority: str, seed: str) -> str:
        """Return the address of an authority's token account by this seed."""
        return str(Pubkey.create_with_seed(Pubkey.from_string(authority), seed, TOKEN_PROGRAM_ID))

    async def standing(self, addresses: Sequence[str]) -> list[Standing | None]:
        """Return what is confirmed at addresses, None where no account is made; 100 at most."""
        return [_standing(account) for account in await self._accounts(addresses, Confirmed)]

    async def open_vault_accounts(self, authority: Signer, places: Sequence[tuple[str, str]]) -> None:
        """Make token accounts by (seed, mint), none of which is there; return when they are confirmed."""
        found = await self._accounts([self.vault_account(authority.address, seed) for seed, _ in places], Confirmed)
        rent = await self._rent_of_one()
        making = [
            self._making(authority.address, seed, mint, rent - (account.lamports if account else 0))
            for (seed, mint), account in zip(places, found, strict=True)
        ]
        few = asyncio.Semaphore(MOST_SENDING)

        async def make(some: Sequence[list[Instruction]]) -> None:
            async with few:
                await send(self._client, [authority], [each for of_one in some for each in of_one])

        together = [making[first : first + MOST_MADE] for first in range(0, len(making), MOST_MADE)]
        failed = await asyncio.gather(*map(make, together), return_exceptions=True)
        for error in failed:
            if error is not None:
                raise error

    def _making(self, authority: str, seed: str, mint: str, missing: int) -> list[Instruction]:
        owner, account = Pubkey.from_string(authority), Pubkey.from_string(self.vault_account(authority, seed))
        place = AllocateWithSeedParams(
            address=account, base=owner, seed=seed, space=ACCOUNT_LEN, owner=TOKEN_PROGRAM_ID
        )
        kind = InitializeAccount3Params(
            program_id=TOKEN_PROGRAM_ID, account=account, mint=Pubkey.from_string(mint), owner=owner
        )
        making = [allocate_with_seed(place), initialize_account3(kind)]
        if missing <= 0:
            return making  # somebody has paid more than it costs
        return [transfer(TransferParams(from_pubkey=owner, to_pubkey=account, lamports=missing)), *making]

    async def _rent_of_one(self) -> int:
        if self._rent is None:
            self._rent = await value(lambda: self._client.get_minimum_balance_for_rent_exemption(ACCOUNT_LEN))
        return self._rent

    async def tables(self, addresses: Sequence[str]) -> list[LookupTable | None]:
        """Return lookup tables as they are final, None where there is none; 100 at most."""
        found = await self._accounts(addresses, Finalized)
        return [_table(address, account) for address, account in zip(addresses, found, strict=True)]

    async def next_table(self, authority: str) -> tuple[str, int]:
        """Return the address of a table that may be made now, and the slot that makes it so."""
        slot = await value(lambda: self._client.get_slot(Finalized))
        owner = Pubkey.from_string(authority)
        return str(derive_lookup_table_address(owner, slot)[0]), slot

    async def make_table(self, authority: Signer, slot: int, addresses: Sequence[str]) -> None:
        """Make a table by its slot, with these first addresses."""
        owner = Pubkey.from_string(authority.address)
        making, table = create_lookup_table(
            CreateLookupTableParams(authority_address=owner, payer_address=owner, recent_slot=slot)
        )
        await send(self._client, [authority], [making, _extending(owner, table, addresses)])

    async def extend_table(self, authority: Signer, table: str, addresses: Sequence[str]) -> None:
        """Add addresses to a table."""
        owner = Pubkey.from_string(authority.address)
        await send(self._client, [authority], [_extending(owner, Pubkey.from_string(table), addresses)])

    async def _accounts(self, addresses: Sequence[str], commitment: Commitment) -> list[Account | None]:
        keys = [Pubkey.from_string(address) for address in addresses]
        found = await value(lambda: self._client.get_multiple_accounts(keys, commitment))
        if len(found) != len(keys):
            raise ChainUnavailable("fewer accounts were answered than asked for")
        return list(found)


def _standing(account: Account | None) -> Standing | None:
    if account is None or (account.owner == SYSTEM_PROGRAM_ID and not account.data):
        return None  # lamports that anybody may have sent there
    if account.owner != TOKEN_PROGRAM_ID or len(account.data) != ACCOUNT_LEN:
        return _NOTHING
    token = understood(lambda: TokenAccount.from_bytes(bytes(account.data)))
    if token.state == TokenAccountState.Uninitialized or token.delegate is not None:
        return _NOTHING
    return Standing(str(token.mint), str(token.owner))


def _table(address: str, account: Account | None) -> LookupTable | None:
    if account is None or account.owner != ADDRESS_LOOKUP_TABLE_ID:
        return None
    table = AddressLookupTable.deserialize(bytes(account.data))
    if table.meta.deactivation_slot != _NEVER:
        return None
    return LookupTable(address, tuple(str(each) for each in table.addresses), table.meta.last_extended_slot)


def _extending(owner: Pubkey, table: Pubkey, addresses: Sequence[str]) -> Instruction:
    return extend_lookup_table(
        ExtendLookupTableParams(
            lookup_table_address=table,
            authority_address=owner,
            payer_address=owner,
            new_addresses=[Pubkey.from_string(each) for each in addresses],
        )
    )
