"""What many token accounts hold together: `engine.solvency.ports.SolvencyChain`.

An owner's accounts come in one answer, of 25 MB where there are 100,000. To decode it at once would hold the loop for a
second, so it is read as it comes, and of each account only the eight bytes that are asked for: its amount.
"""

import asyncio
import re
from base64 import b64decode
from collections.abc import Sequence
from typing import Final

import aiohttp
from solana.rpc.async_api import AsyncClient

from data.solana.balances import RpcBalances
from engine.ports import ChainUnavailable
from engine.solvency.types import Holding

WAIT_S: Final = 60.0
MOST_BYTES: Final = 512 * 1024 * 1024
CHUNK: Final = 64 * 1024
_AMOUNT: Final = {"offset": 64, "length": 8}  # of a token account's data
_SLOT: Final = re.compile(rb'"context"\s*:\s*\{[^{}]*"slot"\s*:\s*(\d{1,19})\s*[,}]')
_DATA: Final = re.compile(rb'"data"\s*:\s*\[\s*"([A-Za-z0-9+/]{11}=)"')
_ACCOUNT: Final = re.compile(rb'"pubkey"\s*:')
_LONGEST: Final = 128  # of what is looked for


class RpcHoldings:
    """`engine.solvency.ports.SolvencyChain` by a session and a client that somebody else closes."""

    def __init__(self, url: str, session: aiohttp.ClientSession, client: AsyncClient) -> None:
        self._url = url
        self._session = session
        self._balances = RpcBalances(client)

    async def owned(self, authority: str, mint: str) -> Holding:
        """Return what all token accounts of an owner and a mint hold. Raises ChainUnavailable."""
        settings = {"encoding": "base64", "commitment": "finalized", "dataSlice": _AMOUNT}
        params = [authority, {"mint": mint}, settings]
        body = {"jsonrpc": "2.0", "id": 1, "method": "getTokenAccountsByOwner", "params": params}
        adding = Adding()
        try:
            async with asyncio.timeout(WAIT_S), self._session.post(self._url, json=body) as answer:
                if answer.status != 200:
                    raise ChainUnavailable(f"HTTP status {answer.status}")
                async for chunk in answer.content.iter_chunked(CHUNK):
                    adding.add(chunk)
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ChainUnavailable(type(error).__name__) from None  # its text may have the URL, and a key in that
        return adding.done()

    async def held(self, mint: str, token_accounts: Sequence[str]) -> Holding:
        """Return what token accounts of a mint hold; 100 at most. Raises ChainUnavailable."""
        answer = await self._balances.balances(token_accounts)
        found = [each for each in answer.found if each is not None and each.mint == mint]
        return Holding(sum(each.atoms for each in found), len(found), answer.slot, answer.slot)


class Adding:
    """Adds up an answer that comes in parts."""

    def __init__(self) -> None:
        self._rest = b""
        self._slot: int | None = None
        self._atoms = self._accounts = self._named = self._bytes = 0

    def add(self, part: bytes) -> None:
        """Take the next part. Raises ChainUnavailable where the answer is too long."""
        self._bytes += len(part)
        if self._bytes > MOST_BYTES:
            raise ChainUnavailable("an answer is too long")
        text = self._rest + part
        # What begins near the end may go on in the next part, and is looked for again then, from here on.
        known = max(0, len(text) - _LONGEST)
        if self._slot is None and (slot := _SLOT.search(text)):
            self._slot = int(slot[1])
        known = self._count(text, known)
        self._rest = text[known:]

    def done(self) -> Holding:
        """Return what it comes to. Raises ChainUnavailable where it was no such answer, or had ended too early."""
        if self._slot is None and (slot := _SLOT.search(self._rest)):
            self._slot = int(slot[1])
        ended = self._rest.rstrip().endswith(b"}")
        self._count(self._rest, len(self._rest))
        if self._slot is None or self._named != self._accounts or not ended:
            raise ChainUnavailable("an answer about token accounts makes no sense")
        return Holding(self._atoms, self._accounts, self._slot, self._slot)

    def _count(self, text: bytes, before: int) -> int:
        """Count what begins before here; return from where on nothing has been counted."""
        end = before
        for found in _DATA.finditer(text):
            if found.start() >= before:
                break
            self._atoms += int.from_bytes(b64decode(found[1]), "little")
            self._accounts += 1
            end = max(end, found.end())
        for named in _ACCOUNT.finditer(text):
            if named.start() >= before:
                break
            self._named += 1
            end = max(end, named.end())
        return end
