"""What token accounts hold together, out of an answer that comes in parts."""

import base64
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
from solana.rpc.async_api import AsyncClient

from data.solana.holdings import Adding, RpcHoldings
from engine.ports import ChainUnavailable
from engine.solvency.types import Holding


def answer(atoms: list[int], slot: int = 77) -> Any:
    accounts = [
        {
            "pubkey": "1" * 32,
            "account": {
                "lamports": 2039280,
                "data": [base64.b64encode(each.to_bytes(8, "little")).decode(), "base64"],
                "owner": "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA",
                "executable": False,
                "rentEpoch": 2**64 - 1,
                "space": 165,
            },
        }
        for each in atoms
    ]
    return {"jsonrpc": "2.0", "result": {"context": {"apiVersion": "2.3.1", "slot": slot}, "value": accounts}, "id": 1}


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**63 - 1), max_size=9), st.integers(1, 400), st.booleans())
def test_however_it_is_cut_it_comes_to_the_same(atoms: list[int], length: int, dense: bool) -> None:
    text = json.dumps(answer(atoms), separators=(",", ":") if dense else None).encode()
    adding = Adding()
    for first in range(0, len(text), length):
        adding.add(text[first : first + length])
    assert adding.done() == Holding(sum(atoms), len(atoms), 77, 77)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"<html>",
        b'{"jsonrpc": "2.0", "error": {"code": -32005, "message": "node is behind"}, "id": 1}',
        json.dumps(answer([5, 6])).encode()[:-60],
        json.dumps(answer([5])).replace('"data"', '"date"').encode(),
        json.dumps(answer([5])).replace("AAAAAA=", "AAAA").encode(),
    ],
)
def test_nonsense_and_half_an_answer_are_no_holdings(text: bytes) -> None:
    adding = Adding()
    adding.add(text)
    with pytest.raises(ChainUnavailable):
        adding.done()


async def test_a_node_that_fails_is_unavailable() -> None:
    async def fail(_: web.Request) -> web.Response:
        return web.Response(status=503)

    app = web.Application()
    app.router.add_post("/", fail)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        async with aiohttp.ClientSession() as session, AsyncClient(url) as client:
            with pytest.raises(ChainUnavailable, match="503"):
                await RpcHoldings(url, session, client).owned("x", "y")
    finally:
        await runner.cleanup()
    async with aiohttp.ClientSession() as session, AsyncClient(url) as client:
        with pytest.raises(ChainUnavailable):
            await RpcHoldings(url, session, client).owned("x", "y")
