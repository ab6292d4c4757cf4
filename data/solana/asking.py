"""How a cluster is asked: whatever comes between is ChainUnavailable; and how a transaction of ours is sent."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import httpx2
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solana.rpc.core import RPCException
from solana.rpc.models import TxOpts
from solders.instruction import Instruction
from solders.message import MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import TransactionConfirmationStatus

from engine.ports import ChainUnavailable, Signer

T = TypeVar("T")

MOST_WAIT_S: Final = 45.0  # for a transaction of ours
POLL_S: Final = 0.1
RESEND_S: Final = 2.0


async def asked(work: Callable[[], Awaitable[T]]) -> T:
    """Return an answer. Raises ChainUnavailable, whatever has come between: the network, a refusal, nonsense."""
    try:
        return await work()
    except (ChainUnavailable, asyncio.CancelledError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # solders panics at some answers, and a panic is no Exception
        raise ChainUnavailable(_why(error.__cause__ or error)) from None


async def value(work: Callable[[], Awaitable[Any]]) -> Any:
    """Return what an answer says. Raises ChainUnavailable."""

    async def ask() -> Any:
        return (await work()).value  # an error that solders does not know comes as a number

    return await asked(ask)


def understood(read: Callable[[], T]) -> T:
    """Return what an answer comes to. Raises ChainUnavailable where it can't be read: then the node is at fault."""
    try:
        return read()
    except (ChainUnavailable, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # solders reads some parts late, and panics at them, too
        raise ChainUnavailable(f"an answer can't be read: {type(error).__name__}") from None


async def send(client: AsyncClient, signers: Sequence[Signer], instructions: Sequence[Instruction]) -> Signature:
    """Send a transaction that may be sent twice without harm; return when it is confirmed.

    The first signer pays. Raises ChainUnavailable; then it may still land.
    """
    return await asked(lambda: _send(client, signers, instructions))


async def _send(client: AsyncClient, signers: Sequence[Signer], instructions: Sequence[Instruction]) -> Signature:
    blockhash = (await client.get_latest_blockhash(Confirmed)).value.blockhash
    message = MessageV0.try_compile(Pubkey.from_string(signers[0].address), list(instructions), [], blockhash)
    by_address = {signer.address: signer for signer in signers}
    needed = message.account_keys[: message.header.num_required_signatures]
    signing = to_bytes_versioned(message)
    signatures = [Signature.from_bytes(await by_address[str(key)].sign(signing)) for key in needed]
    raw = bytes(VersionedTransaction.populate(message, signatures))
    async with asyncio.timeout(MOST_WAIT_S):
        await client.send_raw_transaction(raw, TxOpts(preflight_commitment=Confirmed))
        sent_at_s = asyncio.get_running_loop().time()
        while True:
            status = (await client.get_signature_statuses([signatures[0]])).value[0]
            if status is not None and status.err is not None:
                raise ChainUnavailable(f"{signatures[0]} has failed: {status.err}")
            if status is not None and status.confirmation_status != TransactionConfirmationStatus.Processed:
                return signatures[0]
            await asyncio.sleep(POLL_S)
            if status is None and asyncio.get_running_loop().time() - sent_at_s > RESEND_S:
                await client.send_raw_transaction(raw, TxOpts(skip_preflight=True))
                sent_at_s = asyncio.get_running_loop().time()


def _why(error: BaseException) -> str:
    """Return what went wrong, without the URL: that may have a key in it."""
    if isinstance(error, httpx2.HTTPStatusError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, RPCException):
        return str(error)[:200]
    return type(error).__name__
