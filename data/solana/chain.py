"""`engine.ports.Chain` by solana-py: JSON-RPC for what is asked, PubSub for what is told, of finalized state."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from nacl.bindings import crypto_core_ed25519_is_valid_point
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Commitment, Confirmed, Finalized
from solana.rpc.websocket_api import SolanaWsClient, Subscription
from solders.account import Account
from solders.pubkey import Pubkey
from solders.rpc.responses import AccountNotification
from solders.signature import Signature
from solders.token.associated import get_associated_token_address
from solders.token.state import Mint, TokenAccount, TokenAccountState
from solders.transaction_status import (
    EncodedConfirmedTransactionWithStatusMeta as Made,
)
from solders.transaction_status import (
    EncodedTransactionWithStatusMeta,
    TransactionConfirmationStatus,
    UiTransaction,
)
from spl.token.constants import ACCOUNT_LEN, MINT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import create_idempotent_associated_token_account

from data.solana.asking import asked, send, understood, value
from engine.custody.arrivals import Unfinal
from engine.ports import ChainTransaction, ChainUnavailable, Following, Held, Listed, Signer, TokenChange
from engine.withdrawals.ports import Looked
from engine.withdrawals.ports import TokenAccount as HeldToken

TIMEOUT_S: Final = 10.0
STATE_AT: Final = 108  # in a token account: whether it is begun, or frozen
MOST_MADE: Final = 4  # token accounts in one transaction
NEWEST_VERSION: Final = 0  # of transactions
MOST_UNFINAL: Final = 5  # transactions on their way that are looked at
FINALIZED: Final = TransactionConfirmationStatus.Finalized
MOST_NOTIFICATIONS: Final = 10_000


class RpcChain:
    """`engine.ports.Chain`. Close it when it is done with."""

    def __init__(self, url: str, ws_url: str, *, requests_s: float = 0) -> None:
        """Ask at most so many requests a second; 0 is without a limit."""
        self._client = AsyncClient(url, commitment=Finalized, timeout=TIMEOUT_S, rate_limit=requests_s)
        self._ws_url = ws_url

    @property
    def client(self) -> AsyncClient:
        """Who asks, for others that keep to the same rate."""
        return self._client

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    def token_account(self, owner: str, mint: str) -> str:
        """Return the address of an owner's token account for a mint."""
        return str(get_associated_token_address(Pubkey.from_string(owner), Pubkey.from_string(mint)))

    async def decimals(self, mints: Sequence[str]) -> list[int | None]:
        """Return the decimals of mints, None where there is no SPL Token mint of this address."""
        found = await self._accounts(mints)
        return understood(lambda: [_decimals(account) for account in found])

    async def held(self, addresses: Sequence[str]) -> list[Held | None]:
        """Return what accounts hold, None where there is none; 100 at most."""
        found = await self._accounts(addresses)
        return understood(lambda: [_held(account) for account in found])

    async def _accounts(self, addresses: Sequence[str]) -> list[Account | None]:
        keys = [Pubkey.from_string(address) for address in addresses]
        found = await value(lambda: self._client.get_multiple_accounts(keys))
        if len(found) != len(keys):
            raise ChainUnavailable("fewer accounts were answered than asked for")
        return list(found)

    def is_address(self, text: str) -> bool:
        """Say whether this is 32 bytes in base58, written the one way."""
        try:
            return str(Pubkey.from_string(text)) == text
        except ValueError:
            return False

    def is_on_curve(self, address: str) -> bool:
        """Say whether there can be a key for this address: a point on the curve, and not of small order."""
        return crypto_core_ed25519_is_valid_point(bytes(Pubkey.from_string(address)))

    async def look(self, addresses: Sequence[str]) -> list[Looked | None]:
        """Return what is at addresses, None where nothing is. Raises ChainUnavailable."""
        found = await self._accounts(addresses)
        return understood(lambda: [None if account is None else _looked(account) for account in found])

    async def listed(self, address: str, *, before: str | None, until: str | None, limit: int) -> list[Listed]:
        """Return transactions that name an account, newest first: those before one, down to the one after another."""
        answer = await value(
            lambda: self._client.get_signatures_for_address(
                Pubkey.from_string(address),
                before=Signature.from_string(before) if before else None,
                until=Signature.from_string(until) if until else None,
                limit=limit,
            )
        )
        return understood(lambda: [Listed(str(each.signature), each.err is not None) for each in answer])

    async def transaction(self, signature: str) -> ChainTransaction | None:
        """Return what a transaction did; None where the node knows none."""
        answer = await self._made(Signature.from_string(signature), Finalized)
        return None if answer is None else understood(lambda: _transaction(signature, answer.transaction))

    async def _made(self, signature: Signature, commitment: Commitment) -> Made | None:
        found: Made | None = await value(
            lambda: self._client.get_transaction(
                signature, commitment=commitment, max_supported_transaction_version=NEWEST_VERSION
            )
        )
        return found

    async def unfinal(self, address: str, *, until: str | None) -> list[Unfinal]:
        """Return the latest transactions of an account that are not final, newest first. Raises ChainUnavailable."""
        client, found = self._client, list[Unfinal]()
        answer = await value(
            lambda: client.get_signatures_for_address(
                Pubkey.from_string(address),
                until=Signature.from_string(until) if until else None,
                limit=MOST_UNFINAL,
                commitment=Confirmed,
            )
        )
        fresh = [each.signature for each in answer if each.err is None and each.confirmation_status != FINALIZED]
        statuses = await value(lambda: client.get_signature_statuses(fresh)) if fresh else []
        for signature, status in zip(fresh, statuses, strict=True):
            if status is None or status.confirmations is None:
                continue  # dropped, or final by now
            made = await self._made(signature, Confirmed)
            if made is not None:
                seen = understood(partial(_transaction, str(signature), made.transaction))
                found.append(Unfinal(seen, status.confirmations))
        return found

    async def open_token_accounts(self, payer: Signer, owner: str, mints: Sequence[str]) -> None:
        """Make an owner's token accounts, those that are not there yet, and return when they are confirmed."""
        for first in range(0, len(mints), MOST_MADE):
            making = [
                create_idempotent_associated_token_account(
                    Pubkey.from_string(payer.address), Pubkey.from_string(owner), Pubkey.from_string(mint)
                )
                for mint in mints[first : first + MOST_MADE]
            ]
            await send(self._client, [payer], making)

    @asynccontextmanager
    async def following(self) -> AsyncIterator[Following]:
        """Be told of changes, until left."""
        socket = SolanaWsClient(
            self._ws_url,
            request_timeout=TIMEOUT_S,
            notification_queue_size=MOST_NOTIFICATIONS,
            open_timeout=TIMEOUT_S,
            close_timeout=1,
        )
        await asked(socket.connect)
        try:
            yield RpcFollowing(socket)
        finally:
            await socket.close()


class RpcFollowing:
    """`engine.ports.Following` on a socket."""

    def __init__(self, socket: SolanaWsClient) -> None:
        self._socket = socket
        self._addresses: dict[int, str] = {}

    async def add(self, addresses: Iterable[str]) -> None:
        """Follow some more accounts."""
        for address in addresses:
            key = Pubkey.from_string(address)
            subscription: Subscription = await asked(
                lambda key=key: self._socket.account_subscribe(pubkey=key, commitment=Finalized, encoding="base64")  # type: ignore[misc]
            )
            self._addresses[subscription.subscription_id] = address

    async def next(self) -> str:
        """Return the next account that has changed, once that is final."""
        while True:
            told = await asked(self._socket.recv)
            if isinstance(told, AccountNotification) and told.subscription in self._addresses:
                return self._addresses[told.subscription]


def _decimals(account: Account | None) -> int | None:
    if account is None or account.owner != TOKEN_PROGRAM_ID or len(account.data) != MINT_LEN:
        return None
    return Mint.from_bytes(bytes(account.data)).decimals


def _held(account: Account | None) -> Held | None:
    if account is None:
        return None
    is_token = account.owner == TOKEN_PROGRAM_ID and len(account.data) == ACCOUNT_LEN
    return Held(account.lamports, TokenAccount.from_bytes(bytes(account.data)).amount if is_token else None)


def _looked(account: Account) -> Looked:
    is_token = account.owner == TOKEN_PROGRAM_ID and len(account.data) == ACCOUNT_LEN
    if not is_token or not bytes(account.data)[STATE_AT]:  # solders reads none that nobody has begun
        return Looked(str(account.owner), None)
    token = TokenAccount.from_bytes(bytes(account.data))
    takes = token.state == TokenAccountState.Initialized
    return Looked(str(account.owner), HeldToken(str(token.mint), str(token.owner), takes))


def _transaction(signature: str, found: EncodedTransactionWithStatusMeta) -> ChainTransaction:
    meta, sent = found.meta, found.transaction
    if meta is None or not isinstance(sent, UiTransaction):
        raise ChainUnavailable("a transaction came without what it did")
    message = sent.message
    named = [str(key) for key in message.account_keys]
    signers = tuple(named[: message.header.num_required_signatures])  # type: ignore[union-attr]
    if meta.loaded_addresses is not None:
        named += [str(key) for key in (*meta.loaded_addresses.writable, *meta.loaded_addresses.readonly)]
    changed: dict[tuple[int, str], tuple[str | None, int]] = {}
    for balances, sign in ((meta.pre_token_balances or [], -1), (meta.post_token_balances or [], 1)):
        for balance in balances:
            place = balance.account_index, str(balance.mint)
            _, atoms = changed.get(place, (None, 0))
            owner = None if balance.owner is None else str(balance.owner)
            changed[place] = owner, atoms + sign * int(balance.ui_token_amount.amount)
    changes = (TokenChange(named[index], mint, owner, atoms) for (index, mint), (owner, atoms) in changed.items())
    return ChainTransaction(signature, meta.err is not None, signers, tuple(changes))
