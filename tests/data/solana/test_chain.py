"""An RPC may answer anything: then there is no answer, and no word of it tells the URL, which may have a key in it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from data.solana.chain import RpcChain
from data.solana.keys import DerivedKeys
from engine.ports import ChainUnavailable

KEY = "a-key-in-the-url"
ADDRESS = "11111111111111111111111111111111"
SIGNATURE = "1" * 64
SIGNER = DerivedKeys("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=").vault

ASKS: dict[str, Callable[[RpcChain], Awaitable[object]]] = {
    "decimals": lambda chain: chain.decimals([ADDRESS]),
    "held": lambda chain: chain.held([ADDRESS]),
    "listed": lambda chain: chain.listed(ADDRESS, before=None, until=SIGNATURE, limit=5),
    "transaction": lambda chain: chain.transaction(SIGNATURE),
    "open": lambda chain: chain.open_token_accounts(SIGNER, ADDRESS, [ADDRESS]),
}
NONSENSE: dict[str, tuple[int, bytes]] = {
    "nothing": (200, b""),
    "a page": (200, b"<html>Sign in to the hotel's network</html>"),
    "an error without data": (200, b'{"jsonrpc":"2.0","id":0,"error":{"code":-32005,"message":"too many requests"}}'),
    "an unknown error": (200, b'{"jsonrpc":"2.0","id":0,"error":{"code":42,"message":"no"}}'),
    "a number": (200, b'{"jsonrpc":"2.0","id":0,"result":42}'),
    "half": (200, b'{"jsonrpc":"2.0","id":0,"result":{"context":{"slot":1},"value":[{"lamports":'),
    "no accounts": (200, b'{"jsonrpc":"2.0","id":0,"result":{"context":{"slot":1},"value":[]}}'),
    "forbidden": (403, b"no"),
    "too many": (429, b"{}"),
    "down": (503, b""),
}


@asynccontextmanager
async def answering(status: int, body: bytes) -> AsyncIterator[RpcChain]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, content_type="application/json")

    app = web.Application()
    app.router.add_post(f"/{KEY}", answer)
    async with TestServer(app) as server:
        chain = RpcChain(str(server.make_url(f"/{KEY}")), f"ws://127.0.0.1:{server.port}/{KEY}")
        try:
            yield chain
        finally:
            await chain.close()


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_no_answer(ask: Callable[[RpcChain], Awaitable[object]], answer: tuple[int, bytes]) -> None:
    async with answering(*answer) as chain:
        with pytest.raises(ChainUnavailable) as unavailable:
            await ask(chain)
    assert KEY not in str(unavailable.value)


async def test_nobody_listens_there() -> None:
    chain = RpcChain(f"http://127.0.0.1:1/{KEY}", f"ws://127.0.0.1:1/{KEY}")
    for ask in ASKS.values():
        with pytest.raises(ChainUnavailable) as unavailable:
            await ask(chain)
        assert KEY not in str(unavailable.value)
    with pytest.raises(ChainUnavailable) as unavailable:
        async with chain.following():
            pass
    assert KEY not in str(unavailable.value)
    await chain.close()
