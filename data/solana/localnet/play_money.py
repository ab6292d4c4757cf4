"""Play money of the books as tokens of a localnet: each deposit that came by no chain is minted there, once.

The transaction that mints makes an account, too, at an address that follows from the deposit's reference. There can be
one of these, so the chain itself refuses to mint twice, whatever is killed when. The vault's authority pays and so
signs: what it has signed is never credited as a deposit.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM_PROGRAM_ID
from solders.system_program import CreateAccountWithSeedParams, create_account_with_seed
from solders.token import ID as TOKEN_PROGRAM_ID
from spl.token.instructions import mint_to_checked
from spl.token.models import MintToCheckedParams

from data.solana.asking import send, value
from data.solana.keys import KeySigner
from data.solana.localnet.mints import mint_address
from engine.core.commands import Deposit
from engine.core.market import Asset
from engine.ports import Signer

MOST_AT_ONCE: Final = 50
POLL_S: Final = 0.2

Account = Callable[[Deposit], Awaitable[tuple[str, Asset]]]


def marker(authority: Pubkey, reference: str) -> Pubkey:
    """Return the address of the account that is made where a deposit is minted."""
    return Pubkey.create_with_seed(authority, _seed(reference), SYSTEM_PROGRAM_ID)


async def mint_play_money(
    client: AsyncClient, authority: Keypair, vault: Signer, deposits: Sequence[Deposit], account_of: Account
) -> None:
    """Mint what was not minted yet, into the token accounts that account_of gives; return when all of it is final.

    Raises ChainUnavailable; then begin again.
    """
    for first in range(0, len(deposits), MOST_AT_ONCE):
        some = deposits[first : first + MOST_AT_ONCE]
        while await _missing(client, authority, some, Finalized):  # what is only confirmed may still be undone
            missing = await _missing(client, authority, some, Confirmed)
            for deposit in missing:
                token_account, asset = await account_of(deposit)
                instructions = await _minting(client, authority, vault, deposit, token_account, asset)
                await send(client, [vault, KeySigner(authority)], instructions)
            await asyncio.sleep(POLL_S)


async def _missing(
    client: AsyncClient, authority: Keypair, deposits: Sequence[Deposit], commitment: Commitment
) -> list[Deposit]:
    markers = [marker(authority.pubkey(), deposit.reference) for deposit in deposits]
    found = await value(lambda: client.get_multiple_accounts(markers, commitment))
    return [deposit for deposit, account in zip(deposits, found, strict=True) if account is None]


async def _minting(
    client: AsyncClient, authority: Keypair, vault: Signer, deposit: Deposit, token_account: str, asset: Asset
) -> list[Instruction]:
    rent = await value(lambda: client.get_minimum_balance_for_rent_exemption(0))
    mark = CreateAccountWithSeedParams(
        from_pubkey=Pubkey.from_string(vault.address),
        to_pubkey=marker(authority.pubkey(), deposit.reference),
        base=authority.pubkey(),
        seed=_seed(deposit.reference),
        lamports=rent,
        space=0,
        owner=SYSTEM_PROGRAM_ID,
    )
    minting = MintToCheckedParams(
        program_id=TOKEN_PROGRAM_ID,
        mint=mint_address(authority.pubkey(), asset.code),
        dest=Pubkey.from_string(token_account),
        mint_authority=authority.pubkey(),
        amount=deposit.amount,
        decimals=asset.decimals,
    )
    return [create_account_with_seed(mark), mint_to_checked(minting)]


def _seed(reference: str) -> str:
    return hashlib.sha256(reference.encode()).hexdigest()[:32]  # a seed has 32 bytes at most
