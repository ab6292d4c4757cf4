"""Everything that may go wrong between here and a cluster goes wrong on command, and heals."""

import asyncio
import contextlib
import time

import httpx2
import pytest
from solana.exceptions import SolanaRpcException
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed, Processed
from solana.rpc.core import RPCException
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.rpc.errors import NodeUnhealthyMessage
from solders.transaction_status import TransactionErrorFieldless

from data.solana.localnet.faults import (
    Down,
    DropSends,
    ExpireBlockhash,
    FailPreflight,
    Heal,
    LoseReplies,
    RateLimited,
    Slow,
    Unavailable,
    Unhealthy,
)
from tests.data.solana.localnet.world import PROCESSED, SOL, UNCHECKED, World


async def test_a_dropped_send_is_answered_and_never_lands_and_the_same_bytes_land_later(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    await world.net.inflict(DropSends(2))
    for _ in range(2):
        assert await world.send(payment) == payment.signatures[0]
        assert await world.status(payment.signatures[0], search=True) is None
    await world.send(payment)
    assert await world.balance(bob) == SOL // 2


async def test_a_lost_reply_shows_to_the_client_that_tries_again_as_already_processed(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    await world.net.inflict(LoseReplies(1))
    refusal = await world.refused(payment, PROCESSED)  # solana-py has sent it twice
    assert refusal.data.err == TransactionErrorFieldless.AlreadyProcessed
    assert (await world.status(payment.signatures[0])).err is None
    assert await world.balance(bob) == SOL // 2


async def test_a_reply_that_is_lost_for_good_is_an_error_and_yet_it_landed(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    await world.net.inflict(LoseReplies(2))
    with pytest.raises(SolanaRpcException):
        await world.send(payment, PROCESSED)
    assert await world.balance(bob) == SOL // 2


async def test_preflight_fails_as_told(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 2)
    await world.net.inflict(FailPreflight(1, "AccountInUse"))
    refusal = await world.refused(payment)
    assert refusal.message == "Transaction simulation failed: Account in use"
    assert refusal.data.err == TransactionErrorFieldless.AccountInUse
    assert await world.status(payment.signatures[0], search=True) is None
    await world.send(payment)


async def test_a_blockhash_expires_at_once_and_the_next_one_is_good(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 4)
    blockhash = payment.message.recent_blockhash
    await world.net.inflict(ExpireBlockhash(str(blockhash)))
    assert (await world.refused(payment)).data.err == TransactionErrorFieldless.BlockhashNotFound
    for commitment in (Processed, Confirmed):
        assert await world.blockhash(commitment) != blockhash
    await world.net.advance()
    await world.send(await world.pay(ada, Keypair().pubkey(), SOL // 4))


async def test_a_node_that_is_behind_says_so_and_takes_nothing_in(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 4)
    await world.net.inflict(Unhealthy(2, slots_behind=42))
    with pytest.raises(RPCException, match="behind by 42") as refused:
        await world.client.is_connected()
    assert isinstance(refused.value.args[0], NodeUnhealthyMessage)
    assert (await world.refused(payment)).data.num_slots_behind == 42
    await world.send(payment)


async def test_a_node_that_is_not_available(world: World) -> None:
    await world.net.inflict(Unavailable(2))
    with pytest.raises(SolanaRpcException) as error:
        await world.client.get_slot()
    assert isinstance(error.value.__cause__, httpx2.HTTPStatusError)
    assert error.value.__cause__.response.status_code == 503
    with pytest.raises(SolanaRpcException):
        await world.client.get_slot()
    assert (await world.client.get_slot()).value


async def test_a_node_that_was_asked_too_often_says_when_to_come_again(world: World) -> None:
    await world.net.inflict(RateLimited(2, retry_after_s=7))
    with pytest.raises(SolanaRpcException):
        await world.client.get_slot()
    answer = await world.post({"jsonrpc": "2.0", "id": 1, "method": "getSlot"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["error"]["code"] == 429
    assert (await world.client.get_slot()).value


async def test_a_node_that_is_slow(world: World) -> None:
    await world.net.inflict(Slow(0.3, times=1))
    began = time.monotonic()
    await world.client.get_slot()
    assert time.monotonic() - began >= 0.3
    async with AsyncClient(world.net.url, timeout=0.1) as hasty:
        await world.net.inflict(Slow(0.5, times=2))
        with pytest.raises(SolanaRpcException):
            await hasty.get_slot()


async def test_a_node_that_is_down_refuses_connections_and_comes_back_at_the_same_place(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    await world.net.inflict(Down(0.4))
    with pytest.raises(SolanaRpcException) as error:
        await world.client.get_slot()
    assert isinstance(error.value.__cause__, httpx2.ConnectError | httpx2.ReadError | httpx2.RemoteProtocolError)
    await world.net.advance()
    await asyncio.sleep(0.6)
    await world.send(await world.pay(ada, bob, SOL // 2))
    assert await world.balance(bob) == SOL // 2


@pytest.mark.parametrize("steps", range(6))
async def test_whoever_goes_away_while_a_node_comes_back_leaves_it_whole(world: World, steps: int) -> None:
    await world.net.inflict(Down(600))
    healing = asyncio.create_task(world.net.inflict(Heal()))
    for _ in range(steps):
        await asyncio.sleep(0)
    healing.cancel()
    await asyncio.wait([healing])
    await world.net.inflict(Heal())
    assert await world.client.is_connected()


async def test_heal_ends_what_is_left(world: World) -> None:
    for fault in (Down(600), Unavailable(), RateLimited(), Slow(5), Unhealthy(), DropSends(9), LoseReplies(9)):
        await world.net.inflict(fault)
    await world.net.inflict(Heal())
    began = time.monotonic()
    assert await world.client.is_connected()
    ada = await world.person()
    signature = await world.send(await world.pay(ada, Keypair().pubkey(), SOL // 2))
    assert await world.status(signature) is not None
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "dropSends", "times": 1},
        {"fault": "loseReplies"},
        {"fault": "failPreflight", "err": "AccountInUse"},
        {"fault": "unavailable", "times": 3},
        {"fault": "rateLimited", "retryAfterS": 2},
        {"fault": "unhealthy", "slotsBehind": 7},
        {"fault": "slow", "seconds": 0.1},
        {"fault": "holdFinality"},
        {"fault": "stallPubSub"},
        {"fault": "cutPubSub"},
        {"fault": "dropFork", "blocks": 1},
        {"fault": "down", "seconds": 0.1},
    ],
)
async def test_another_process_asks_for_a_fault_and_heals_it(world: World, fault: dict[str, object]) -> None:
    with contextlib.suppress(httpx2.RemoteProtocolError):  # who goes down does not answer
        assert (await world.post(fault, "/control")).json()["slot"] == world.net.chain.blocks.head.slot
    await asyncio.sleep(0.2)
    assert (await world.post({"fault": "heal"}, "/control")).status_code == 200
    assert await world.client.is_connected()


async def test_another_process_moves_the_clock(world: World) -> None:
    before = (await world.client.get_slot(Processed)).value
    assert (await world.post({"fault": "advance", "slots": 40}, "/control")).json() == {"slot": before + 40}
    assert (await world.client.get_slot(Processed)).value == before + 40


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"fault": "nothing"},
        {"fault": "dropSends", "times": 0},
        {"fault": "dropSends", "times": 10**9},
        {"fault": "slow", "seconds": 10_000},
        {"fault": "advance", "slots": 10**6},
        {"fault": "dropFork", "blocks": 5_000},
        {"fault": "expireBlockhash", "blockhash": "nonsense"},
        {"fault": "expireBlockhash", "blockhash": str(Pubkey.new_unique())},
    ],
)
async def test_a_fault_that_there_is_not_is_refused(world: World, fault: dict[str, object]) -> None:
    answer = await world.post(fault, "/control")
    assert answer.status_code == 400
    assert answer.json()["error"]
    await world.send(await world.pay(await world.person(), Keypair().pubkey(), SOL // 2), UNCHECKED)
