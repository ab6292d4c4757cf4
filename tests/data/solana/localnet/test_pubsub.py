"""Who subscribes hears everything, in order, once, and when it has come as far as they wanted."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

import aiohttp
import pytest
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.jsonrpc import SolanaJsonRpcError
from solana.rpc.models import MemcmpOpts
from solana.rpc.websocket_api import SolanaWsClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rpc.config import RpcTransactionLogsFilter, RpcTransactionLogsFilterMentions
from solders.token.state import TokenAccount
from spl.token.constants import TOKEN_PROGRAM_ID
from websockets.exceptions import ConnectionClosed

from data.solana.localnet import pubsub
from data.solana.localnet.faults import CutPubSub, DropFork, Heal, StallPubSub
from tests.data.solana.localnet.world import PROCESSED, SOL, UNCHECKED, World, listening, memo, moving

EVERY = (Processed, Confirmed, Finalized)


async def heard(socket: SolanaWsClient, count: int) -> list[Any]:
    """Return the next notifications."""
    async with asyncio.timeout(5):
        return [await socket.recv() for _ in range(count)]


async def nothing_more(socket: SolanaWsClient) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            raise AssertionError(f"heard {await socket.recv()}")


async def test_a_signature_is_told_once_at_each_commitment(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 2)
    async with listening(world) as socket:
        ids = {
            (await socket.signature_subscribe(signature=payment.signatures[0], commitment=each)).subscription_id: each
            for each in EVERY
        }
        await world.send(payment)
        await nothing_more(socket)
        slot = world.net.chain.blocks.head.slot
        await world.net.advance()
        early = await heard(socket, 2)
        assert [ids[each.subscription] for each in early] == [Processed, Confirmed]
        assert {(each.result.context.slot, each.result.value.err) for each in early} == {(slot, None)}
        await world.net.advance(30)
        await nothing_more(socket)
        await world.net.advance()
        (last,) = await heard(socket, 1)
        assert ids[last.subscription] == Finalized
        await world.net.advance(5)
        await nothing_more(socket)


async def test_a_signature_that_has_come_that_far_before_is_told_at_once(world: World) -> None:
    ada = await world.person()
    signature = await world.send(await world.pay(ada, Keypair().pubkey(), SOL // 2))
    await world.net.advance(40)
    async with listening(world) as socket:
        await socket.signature_subscribe(signature=signature, commitment=Finalized)
        (told,) = await heard(socket, 1)
        assert told.result.value.err is None
        await world.net.advance()
        await nothing_more(socket)


async def test_a_failed_transaction_is_told_with_the_error_that_a_cluster_gives(world: World) -> None:
    """Solders 0.29 can't read this one (an error that is a program's own), and its client then drops the socket."""
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), 5 * SOL)
    async with aiohttp.ClientSession() as session, session.ws_connect(world.net.ws_url) as socket:
        wanted = [str(payment.signatures[0]), {"commitment": "confirmed"}]
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": "signatureSubscribe", "params": wanted})
        number = (await socket.receive_json(timeout=5))["result"]
        await world.send(payment, UNCHECKED)
        await world.net.advance()
        told = await socket.receive_json(timeout=5)
        assert told["params"]["subscription"] == number
        assert told["params"]["result"]["value"] == {"err": {"InstructionError": [0, {"Custom": 1}]}}


async def test_an_account_is_told_as_it_was_at_the_end_of_each_block(world: World) -> None:
    ada, bob = await world.person(100 * SOL), Keypair().pubkey()
    async with listening(world) as socket:
        ids = {
            (await socket.account_subscribe(pubkey=bob, encoding="base64", commitment=each)).subscription_id: each
            for each in EVERY
        }
        expected, balance = [], 0
        for number in range(40):
            for part in range(number % 3):
                await world.send(await world.pay(ada, bob, SOL // 100 + part), PROCESSED)
                balance += SOL // 100 + part
            if number % 3:
                expected.append((world.net.chain.blocks.head.slot, balance))
            await world.net.advance()
        await world.net.advance(32)
        told = defaultdict(list)
        for each in await heard(socket, 3 * len(expected)):
            told[ids[each.subscription]].append((each.result.context.slot, each.result.value.lamports))
        assert told == dict.fromkeys(EVERY, expected)
        await nothing_more(socket)


async def test_an_account_that_goes_is_told_as_empty(world: World) -> None:
    ada = await world.person()
    async with listening(world) as socket:
        await socket.account_subscribe(pubkey=ada.pubkey(), encoding="base64", commitment=Confirmed)
        await world.send(await world.pay(ada, Keypair().pubkey(), SOL - 5_000))
        await world.net.advance()
        (told,) = await heard(socket, 1)
        assert (told.result.value.lamports, told.result.value.data) == (0, b"")


async def test_a_programs_accounts_are_told_where_they_pass_the_filters(world: World) -> None:
    mint, ada = await world.usdt(), await world.person()
    mine = await world.give(mint, ada.pubkey(), 100)
    theirs = await world.give(mint, Keypair().pubkey(), 1)
    async with listening(world) as socket:
        await socket.program_subscribe(
            program_id=TOKEN_PROGRAM_ID,
            commitment=Confirmed,
            encoding="base64",
            filters=[165, MemcmpOpts(offset=32, bytes=str(ada.pubkey()))],
        )
        await world.send(await world.signed(ada, moving(mine, mint, theirs, ada.pubkey(), 30)), PROCESSED)
        await world.net.advance()
        (told,) = await heard(socket, 1)
        assert told.result.value.pubkey == mine
        assert TokenAccount.from_bytes(told.result.value.account.data).amount == 70
        await nothing_more(socket)


async def test_logs_come_complete_and_in_order(world: World) -> None:
    ada = await world.person(10 * SOL)
    bob = await world.person()
    async with listening(world) as socket:
        everything = await socket.logs_subscribe(filter_=RpcTransactionLogsFilter.All, commitment=Confirmed)
        of_his = RpcTransactionLogsFilterMentions(bob.pubkey())
        his = await socket.logs_subscribe(filter_=of_his, commitment=Finalized)
        sent, of_bob = [], []
        for number in range(300):
            payer = bob if number % 10 == 0 else ada
            signature = await world.send(await world.signed(payer, memo(payer.pubkey(), str(number))), UNCHECKED)
            sent.append(signature)
            if payer is bob:
                of_bob.append(signature)
            if number % 7 == 0:
                await world.net.advance()
        await world.net.advance(33)
        told = defaultdict(list)
        for each in await heard(socket, len(sent) + len(of_bob)):
            told[each.subscription].append(each.result.value.signature)
        assert told == {everything.subscription_id: sent, his.subscription_id: of_bob}
        await nothing_more(socket)


async def test_slots_and_roots_come_without_a_gap(world: World) -> None:
    async with listening(world) as socket:
        slots = (await socket.slot_subscribe()).subscription_id
        await socket.root_subscribe()
        first = world.net.chain.blocks.head.slot
        await world.net.advance(50)
        told: dict[bool, list[Any]] = {True: [], False: []}
        for each in await heard(socket, 50 + 50 - 32 + 1):
            told[each.subscription == slots].append(each.result)
        assert [each.slot for each in told[True]] == list(range(first + 1, first + 51))
        assert all(each.parent == each.slot - 1 for each in told[True])
        assert told[False] == list(range(told[False][0], first + 50 - 31))


async def test_who_unsubscribes_hears_no_more(world: World) -> None:
    async with listening(world) as socket:
        gone = await socket.slot_subscribe()
        kept = await socket.slot_subscribe()
        await socket.unsubscribe(gone)
        await world.net.advance(3)
        assert {each.subscription for each in await heard(socket, 3)} == {kept.subscription_id}
        await nothing_more(socket)


async def test_what_a_dropped_fork_had_is_told_again_when_it_lands_again(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    async with listening(world) as socket:
        await socket.account_subscribe(pubkey=bob, encoding="base64", commitment=Confirmed)
        await socket.signature_subscribe(signature=payment.signatures[0], commitment=Finalized)
        await world.send(payment)
        await world.net.advance()
        await heard(socket, 1)
        await world.net.inflict(DropFork(2))
        await world.net.advance(40)
        await nothing_more(socket)
        await world.send(payment)
        await world.net.advance(33)
        account, signature = await heard(socket, 2)
        assert account.result.value.lamports == SOL // 2
        assert signature.result.value.err is None


async def test_a_stalled_socket_says_nothing_and_what_happened_meanwhile_is_never_told(world: World) -> None:
    async with listening(world) as socket:
        await socket.slot_subscribe()
        await world.net.inflict(StallPubSub())
        await world.net.advance(5)
        await nothing_more(socket)
        await world.net.inflict(Heal())
        await world.net.advance()
        (told,) = await heard(socket, 1)
        assert told.result.slot == world.net.chain.blocks.head.slot


async def test_sockets_are_cut_and_new_ones_are_welcome(world: World) -> None:
    async with listening(world) as socket:
        await socket.slot_subscribe()
        await world.net.inflict(CutPubSub())
        with pytest.raises(ConnectionClosed):
            await heard(socket, 1)
    async with listening(world) as socket:
        await socket.slot_subscribe()
        await world.net.advance()
        await heard(socket, 1)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nothingSubscribe", [], -32601),
        ("subscribe", [], -32601),
        ("getSlot", [], -32601),
        ("accountSubscribe", [], -32602),
        ("accountSubscribe", ["nonsense"], -32602),
        ("accountSubscribe", [str(Pubkey.default()), {"encoding": "no"}], -32602),
        ("logsSubscribe", ["some"], -32602),
        ("logsSubscribe", [{"mentions": [str(Pubkey.default())] * 2}], -32602),
        ("signatureSubscribe", [str(Pubkey.default())], -32602),
        ("slotSubscribe", [5], -32602),
        ("slotUnsubscribe", [77], -32602),
        ("slotUnsubscribe", [], -32602),
    ],
)
async def test_a_subscription_that_there_is_not_is_refused(
    world: World, method: str, params: list[Any], code: int
) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(world.net.ws_url) as socket:
        await socket.send_json({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        answer = await socket.receive_json(timeout=5)
        assert (answer["id"], answer["error"]["code"]) == (1, code)
        await socket.send_str("{")
        assert (await socket.receive_json(timeout=5))["error"]["code"] == -32700
        await socket.send_json([{"jsonrpc": "2.0", "id": n, "method": "slotSubscribe"} for n in (2, 3)])
        assert [(await socket.receive_json(timeout=5))["id"] for _ in range(2)] == [2, 3]


async def test_one_socket_has_so_many_subscriptions_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "MOST_SUBSCRIPTIONS", 3)
    async with listening(world) as socket:
        for _ in range(3):
            await socket.slot_subscribe()
        with pytest.raises(SolanaJsonRpcError, match="Too many subscriptions"):
            await socket.slot_subscribe()


async def test_so_many_sockets_and_no_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "MOST_SOCKETS", 1)
    async with listening(world):
        with pytest.raises(Exception, match="503"):
            async with listening(world):
                pass


async def test_who_does_not_keep_up_is_cut_and_disturbs_nobody(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pubsub, "MOST_WAITING", 50)
    async with aiohttp.ClientSession() as session, session.ws_connect(world.net.ws_url) as lazy:
        for number in range(30):
            await lazy.send_json({"jsonrpc": "2.0", "id": number, "method": "slotSubscribe"})
            await lazy.receive_json(timeout=5)
        await world.net.advance(20)
        with contextlib.suppress(TypeError):  # it is no text any more: the socket is gone
            for _ in range(700):
                await lazy.receive_str(timeout=5)
        assert lazy.closed or (await lazy.receive(timeout=5)).type in {
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.ERROR,
        }
    assert await world.client.is_connected()
