"""A localnet whose slots advance on command, the real client that asks it, and people with keys."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Processed
from solana.rpc.core import RPCException
from solana.rpc.models import TxOpts
from solana.rpc.websocket_api import SolanaWsClient
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from spl.memo.constants import MEMO_PROGRAM_ID
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import create_idempotent_associated_token_account, mint_to_checked, transfer_checked
from spl.token.models import MintToCheckedParams, TransferCheckedParams

from data.solana.localnet.blocks import Lags
from data.solana.localnet.localnet import Localnet
from data.solana.localnet.mints import create_mints

SOL = 10**9
FEE = 5_000
CONFIRMED = TxOpts(preflight_commitment=Confirmed)
PROCESSED = TxOpts(preflight_commitment=Processed)
UNCHECKED = TxOpts(skip_preflight=True)


class World:
    """One localnet and its client, who asks for what is confirmed unless told otherwise."""

    def __init__(self, net: Localnet, client: AsyncClient, http: httpx2.AsyncClient) -> None:
        self.net = net
        self.client = client
        self.http = http

    async def person(self, lamports: int = SOL) -> Keypair:
        """Return somebody with lamports that are final."""
        somebody = Keypair()
        await self.client.request_airdrop(somebody.pubkey(), lamports)
        await self.net.advance(33)
        return somebody

    async def blockhash(self, commitment: Commitment = Confirmed) -> Hash:
        return (await self.client.get_latest_blockhash(commitment)).value.blockhash

    async def signed(
        self,
        payer: Keypair,
        *instructions: Instruction,
        blockhash: Hash | None = None,
        others: Sequence[Keypair] = (),
        tables: Sequence[AddressLookupTableAccount] = (),
    ) -> VersionedTransaction:
        blockhash = blockhash or await self.blockhash()
        message = MessageV0.try_compile(payer.pubkey(), list(instructions), list(tables), blockhash)
        return VersionedTransaction(message, [payer, *others])

    async def pay(self, payer: Keypair, to: Pubkey, lamports: int, blockhash: Hash | None = None) -> Any:
        return await self.signed(payer, paying(payer, to, lamports), blockhash=blockhash)

    async def send(self, transaction: VersionedTransaction, options: TxOpts = CONFIRMED) -> Signature:
        return (await self.client.send_transaction(transaction, options)).value

    async def land(self, payer: Keypair, *instructions: Instruction, others: Sequence[Keypair] = ()) -> Signature:
        """Send and confirm."""
        signature = await self.send(await self.signed(payer, *instructions, others=others), PROCESSED)
        await self.net.advance()
        assert (await self.status(signature)).err is None
        return signature

    async def refused(self, transaction: VersionedTransaction, options: TxOpts = CONFIRMED) -> Any:
        """Send what is refused, and return the refusal as the client decoded it."""
        try:
            await self.send(transaction, options)
        except RPCException as error:
            return error.args[0]
        raise AssertionError("it was taken in")

    async def status(self, signature: Signature, search: bool = False) -> Any:
        return (await self.client.get_signature_statuses([signature], search)).value[0]

    async def balance(self, of: Pubkey, commitment: Commitment = Processed) -> int:
        return (await self.client.get_balance(of, commitment)).value

    async def place(self, size: int, owner: Pubkey, *more: Instruction, key: Keypair | None = None) -> Pubkey:
        """Make an account of zeros, and whatever is to be done with it in the same transaction."""
        authority, key = self.net.authority.pubkey(), key or Keypair()
        lamports = (await self.client.get_minimum_balance_for_rent_exemption(size)).value
        made = create_account(
            CreateAccountParams(
                from_pubkey=authority, to_pubkey=key.pubkey(), lamports=lamports, space=size, owner=owner
            )
        )
        await self.land(self.net.authority, made, *more, others=[key])
        return key.pubkey()

    async def usdt(self) -> Pubkey:
        """Return a mint with six decimals, which is final."""
        return (await minted(self, {"USDT": 6}))["USDT"]

    async def give(self, mint: Pubkey, owner: Pubkey, atoms: int) -> Pubkey:
        """Mint to somebody's token account; return that."""
        authority = self.net.authority
        account = get_associated_token_address(owner, mint)
        await self.land(
            authority,
            create_idempotent_associated_token_account(authority.pubkey(), owner, mint),
            mint_to_checked(
                MintToCheckedParams(
                    program_id=TOKEN_PROGRAM_ID,
                    mint=mint,
                    dest=account,
                    mint_authority=authority.pubkey(),
                    amount=atoms,
                    decimals=6,
                )
            ),
        )
        return account

    async def post(self, body: Any, path: str = "/", **headers: str) -> httpx2.Response:
        """Send what no client would."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | headers
        return await self.http.post(self.net.url + path, content=content, headers=headers)

    async def ask(self, method: str, *params: Any) -> Any:
        """Return the answer to one request, error or not."""
        answer = await self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        return answer.json()


async def minted(world: World, decimals: dict[str, int]) -> dict[str, Pubkey]:
    """Make mints, while the clock turns."""
    making = asyncio.create_task(create_mints(world.client, world.net.authority, decimals))
    while not making.done():
        await world.net.advance()
        await asyncio.sleep(0.01)
    await world.net.advance(33)
    return making.result()


def paying(payer: Keypair, to: Pubkey, lamports: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=to, lamports=lamports))


def memo(signer: Pubkey, text: str) -> Instruction:
    return Instruction(MEMO_PROGRAM_ID, text.encode(), [AccountMeta(signer, is_signer=True, is_writable=False)])


def moving(source: Pubkey, mint: Pubkey, to: Pubkey, owner: Pubkey, atoms: int) -> Instruction:
    return transfer_checked(
        TransferCheckedParams(
            program_id=TOKEN_PROGRAM_ID, source=source, mint=mint, dest=to, owner=owner, amount=atoms, decimals=6
        )
    )


@contextlib.asynccontextmanager
async def world_on(directory: Path, *, lags: Lags | None = None, slot_s: float | None = None) -> AsyncIterator[World]:
    """Open a localnet, and a client of it."""
    async with (
        Localnet.open(directory, slot_s=slot_s, lags=lags) as net,
        AsyncClient(net.url, commitment=Confirmed, timeout=10) as client,
        httpx2.AsyncClient() as http,
    ):
        yield World(net, client, http)


@contextlib.asynccontextmanager
async def listening(world: World) -> AsyncIterator[SolanaWsClient]:
    """Open a socket."""
    async with SolanaWsClient(world.net.ws_url, close_timeout=1) as socket:
        yield socket
