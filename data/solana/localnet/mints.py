"""Our assets as mints of a localnet, and new tokens of them. It asks by RPC, so it works from any process.

A mint's address follows from the authority and the asset's code: nothing has to be kept.
"""

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.models import TxOpts
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountWithSeedParams, create_account_with_seed
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from spl.memo.constants import MEMO_PROGRAM_ID
from spl.token.constants import MINT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import create_idempotent_associated_token_account, initialize_mint2, mint_to_checked
from spl.token.models import InitializeMint2Params, MintToCheckedParams

POLL_S: Final = 0.05
MOST_WAIT_S: Final = 30.0


class NotDone(Exception):  # noqa: N818  it may be the chain that is at fault
    """A transaction failed or did not land. The message says which."""


def mint_address(authority: Pubkey, code: str) -> Pubkey:
    """Return the address of an asset's mint."""
    return Pubkey.create_with_seed(authority, f"mint:{code}", TOKEN_PROGRAM_ID)


async def create_mints(client: AsyncClient, authority: Keypair, decimals: Mapping[str, int]) -> dict[str, Pubkey]:
    """Make the mints that are not there yet; return all, by the asset's code. Raises NotDone."""
    mints = {code: mint_address(authority.pubkey(), code) for code in decimals}
    found = (await client.get_multiple_accounts(list(mints.values()), commitment=Confirmed)).value
    missing = [code for code, account in zip(mints, found, strict=True) if account is None]
    if missing:
        lamports = (await client.get_minimum_balance_for_rent_exemption(MINT_LEN, commitment=Confirmed)).value
        for code in missing:
            await _send(client, authority, _creation(authority.pubkey(), code, decimals[code], lamports))
    return mints


async def mint_to(
    client: AsyncClient, authority: Keypair, code: str, owner: Pubkey, atoms: int, decimals: int
) -> Signature:
    """Mint atoms of an asset to an owner's token account, made where there is none; return when confirmed.

    Raises NotDone.
    """
    mint = mint_address(authority.pubkey(), code)
    account = get_associated_token_address(owner, mint)
    minting = MintToCheckedParams(
        program_id=TOKEN_PROGRAM_ID,
        mint=mint,
        dest=account,
        mint_authority=authority.pubkey(),
        amount=atoms,
        decimals=decimals,
    )
    made = create_idempotent_associated_token_account(authority.pubkey(), owner, mint)
    note = Instruction(MEMO_PROGRAM_ID, f"minted {uuid.uuid4()}".encode(), [])  # two alike are two
    return await _send(client, authority, [made, mint_to_checked(minting), note])


def _creation(authority: Pubkey, code: str, decimals: int, lamports: int) -> list[Instruction]:
    mint = mint_address(authority, code)
    place = CreateAccountWithSeedParams(
        from_pubkey=authority,
        to_pubkey=mint,
        base=authority,
        seed=f"mint:{code}",
        lamports=lamports,
        space=MINT_LEN,
        owner=TOKEN_PROGRAM_ID,
    )
    kind = InitializeMint2Params(decimals=decimals, program_id=TOKEN_PROGRAM_ID, mint=mint, mint_authority=authority)
    return [create_account_with_seed(place), initialize_mint2(kind)]


async def _send(client: AsyncClient, authority: Keypair, instructions: Sequence[Instruction]) -> Signature:
    blockhash = (await client.get_latest_blockhash(Confirmed)).value.blockhash
    message = MessageV0.try_compile(authority.pubkey(), list(instructions), [], blockhash)
    raw = bytes(VersionedTransaction(message, [authority]))
    signature = (await client.send_raw_transaction(raw, TxOpts(preflight_commitment=Confirmed))).value
    async with asyncio.timeout(MOST_WAIT_S):
        while True:
            status = (await client.get_signature_statuses([signature])).value[0]
            if status is not None and status.err is not None:
                raise NotDone(f"{signature} failed: {status.err}")
            if status is not None and str(status.confirmation_status) != "TransactionConfirmationStatus.Processed":
                return signature
            await asyncio.sleep(POLL_S)
