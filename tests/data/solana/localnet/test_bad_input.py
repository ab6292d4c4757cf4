"""Whatever is sent, the answer is an error with a code: never a 500, never half a transaction."""

import asyncio
import base64
import contextlib
import json
import random
from typing import Any

import httpx2
import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey

from data.solana.localnet import base58, server
from tests.data.solana.localnet.world import SOL, World

KEY = str(Pubkey.new_unique())


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 20_000, -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b"{}", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "getSlot"}', -32600),
        (b'{"jsonrpc": "2.0", "method": "getSlot"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": 5}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1.5, "method": "getSlot"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "getSlot", "params": {}}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "getNothing"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "__init__"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "getSlot", "params": [{}, {}]}', -32602),
    ],
)
async def test_what_is_no_request_is_said_to_be_none(world: World, body: bytes, code: int) -> None:
    answer = await world.post(body)
    assert answer.status_code == 200
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("getAccountInfo", []),
        ("getAccountInfo", ["nonsense"]),
        ("getAccountInfo", [5]),
        ("getAccountInfo", ["1" * 10_000]),
        ("getAccountInfo", [KEY, 5]),
        ("getAccountInfo", [KEY, {"encoding": "utf-8"}]),
        ("getAccountInfo", [KEY, {"encoding": ["base64"]}]),
        ("getAccountInfo", [KEY, {"commitment": "max"}]),
        ("getAccountInfo", [KEY, {"dataSlice": {"offset": -1, "length": 1}}]),
        ("getAccountInfo", [KEY, {"dataSlice": {"offset": 0}}]),
        ("getMultipleAccounts", [[KEY] * 101]),
        ("getMultipleAccounts", ["nonsense"]),
        ("getMultipleAccounts", [[None]]),
        ("getSignatureStatuses", [[KEY]]),
        ("getSignatureStatuses", [["1" * 64] * 257]),
        ("getSignaturesForAddress", [KEY, {"limit": 0}]),
        ("getSignaturesForAddress", [KEY, {"limit": 1_001}]),
        ("getSignaturesForAddress", [KEY, {"before": "nonsense"}]),
        ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {}}]}]),
        ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"offset": 0, "bytes": "0OIl"}}]}]),
        ("getProgramAccounts", [KEY, {"filters": [{"memcmp": {"offset": 0, "bytes": "1" * 500}}]}]),
        ("getProgramAccounts", [KEY, {"filters": {}}]),
        ("getBlock", [-1]),
        ("getBlock", [2**64]),
        ("getBlock", ["1"]),
        ("getBlock", [True]),
        ("getTransaction", ["1" * 64, {"encoding": "jsonParsed"}]),
        ("getMinimumBalanceForRentExemption", [2**40]),
        ("requestAirdrop", [KEY, 1.5]),
        ("requestAirdrop", [KEY, -1]),
        ("isBlockhashValid", ["nonsense"]),
        ("getFeeForMessage", ["AAAA"]),
        ("getFeeForMessage", [base64.b64encode(b"\x85" + bytes(40)).decode()]),
        ("sendTransaction", [5]),
        ("sendTransaction", ["!!!", {"encoding": "base64"}]),
        ("sendTransaction", ["0OIl"]),
        ("sendTransaction", ["AAAA", {"encoding": "base64"}]),
        ("sendTransaction", ["A" * 1_645, {"encoding": "base64"}]),
        ("sendTransaction", ["1" * 1_684]),
        ("simulateTransaction", ["", {"encoding": "base64"}]),
    ],
)
async def test_a_parameter_that_is_wrong_is_refused(world: World, method: str, params: list[Any]) -> None:
    answer = await world.ask(method, *params)
    assert answer["error"]["code"] == -32602, answer
    assert answer["error"]["message"]


async def test_a_transaction_that_is_longer_than_a_packet_or_than_itself_is_refused(world: World) -> None:
    ada = await world.person()
    good = bytes(await world.pay(ada, Keypair().pubkey(), SOL // 2))
    for sent, said in (
        (bytes(1_233), "too large: 1233 bytes (max: 1232 bytes)"),
        (good + b"0", "failed to deserialize"),
    ):
        answer = await world.ask("sendTransaction", base64.b64encode(sent).decode(), {"encoding": "base64"})
        assert answer["error"]["code"] == -32602
        assert said in answer["error"]["message"]
    answer = await world.ask("sendTransaction", base58.encode(good), {"preflightCommitment": "confirmed"})
    assert "result" in answer, "base58 is what a cluster takes where nothing is said"


@pytest.mark.parametrize("data", [bytes(32), bytes(31) + b"\1", b"\0\0hello" * 4 + bytes(4), b"\xff" * 32])
def test_base58_is_that_of_addresses(data: bytes) -> None:
    assert base58.encode(data) == str(Pubkey.from_bytes(data))
    assert base58.decode(str(Pubkey.from_bytes(data))) == data


async def test_a_slot_that_is_not_reached_is_said(world: World) -> None:
    for method, params in (("getSlot", []), ("getBalance", [KEY]), ("getAccountInfo", [KEY])):
        answer = await world.ask(method, *params, {"minContextSlot": 10**12})
        assert answer["error"]["code"] == -32016
        assert answer["error"]["data"]["contextSlot"] < 10**12


async def test_a_batch_is_answered_in_order_each_by_itself(world: World) -> None:
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "getHealth"},
        {"jsonrpc": "2.0", "id": 2, "method": "getNothing"},
        7,
        {"jsonrpc": "2.0", "id": 3, "method": "getBlockHeight"},
    ]
    answers = (await world.post(batch)).json()
    assert [answer["id"] for answer in answers] == ["a", 2, None, 3]
    assert [answer.get("error", {}).get("code") for answer in answers] == [None, -32601, -32600, None]
    long = [{"jsonrpc": "2.0", "id": 1, "method": "getHealth"}] * 101
    assert (await world.post(long)).json()["error"]["code"] == -32600


async def test_a_body_that_is_too_long_is_not_read(world: World) -> None:
    assert (await world.post(b" " * 60_000)).status_code == 413


async def test_a_crowd_is_turned_away(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "MOST_CONNECTIONS", 2)
    body = {"jsonrpc": "2.0", "id": 1, "method": "getHealth"}
    async with contextlib.AsyncExitStack() as crowd:
        clients = [await crowd.enter_async_context(httpx2.AsyncClient()) for _ in range(3)]
        answers = [await client.post(world.net.url, json=body) for client in clients]
        assert [answer.status_code for answer in answers] == [200, 200, 503]
    await asyncio.sleep(0.05)
    assert (await world.post(body)).status_code == 200


async def test_a_page_that_somebody_looks_at_has_no_business_here(world: World) -> None:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "getHealth"}).encode()
    for path in ("/", "/control"):
        assert (await world.post(body, path, **{"Content-Type": "text/plain"})).status_code == 415
        assert (await world.post(body, path, Host="evil.example")).status_code == 403
    assert (await world.post(body)).json()["result"] == "ok"


async def test_bytes_that_were_changed_on_their_way_do_no_harm(world: World) -> None:
    ada = await world.person()
    chance = random.Random(4)
    good = bytes(await world.pay(ada, Keypair().pubkey(), SOL // 2))
    for _ in range(300):
        changed = bytearray(good)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        if bytes(changed) == good:
            continue
        for method, options in (
            ("sendTransaction", {"skipPreflight": chance.random() < 0.5}),
            ("simulateTransaction", {"replaceRecentBlockhash": True}),
        ):
            encoded = base64.b64encode(changed[: chance.choice([len(changed)] * 4 + [50])]).decode()
            answer = await world.ask(method, encoded, {"encoding": "base64"} | options)
            assert answer.get("error", {}).get("code", -32602) in (-32602, -32002, -32003), answer
    assert await world.balance(ada.pubkey()) == SOL
