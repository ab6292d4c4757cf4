"""Slots go on, blocks come further, blockhashes grow old, and forks may be dropped."""

import asyncio
import time
from pathlib import Path

import pytest
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import TransactionExpiredBlockheightExceededError
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import (
    CreateLookupTableParams,
    ExtendLookupTableParams,
    create_lookup_table,
    extend_lookup_table,
)
from solders.transaction_status import TransactionConfirmationStatus, TransactionErrorFieldless

from data.solana.localnet.blocks import Lags
from data.solana.localnet.faults import DropFork, Heal, HoldFinality
from tests.data.solana.localnet.world import FEE, PROCESSED, SOL, UNCHECKED, World, moving, paying, world_on

EVERY = (Processed, Confirmed, Finalized)


async def balances(world: World, of: Pubkey) -> list[int]:
    return [await world.balance(of, commitment) for commitment in EVERY]


async def slots(world: World) -> list[int]:
    return [(await world.client.get_slot(commitment)).value for commitment in EVERY]


async def test_slots_follow_the_clock(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet", slot_s=0.05) as world:
        first, began = (await slots(world))[0], time.monotonic()
        await asyncio.sleep(0.5)
        passed = (await slots(world))[0] - first
        assert 2 <= passed <= (time.monotonic() - began) / 0.05 + 1


async def test_a_balance_is_told_as_of_the_commitment_asked_for(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    await world.send(await world.pay(ada, bob, SOL // 2))
    assert await balances(world, bob) == [SOL // 2, 0, 0]
    await world.net.advance()
    assert await balances(world, bob) == [SOL // 2, SOL // 2, 0]
    await world.net.advance(30)
    assert await balances(world, bob) == [SOL // 2, SOL // 2, 0]
    await world.net.advance()
    assert await balances(world, bob) == [SOL // 2] * 3
    newest, confirmed, final = await slots(world)
    assert (newest - confirmed, newest - final) == (1, 32)


async def test_each_of_many_changes_is_told_exactly_when_it_is_final(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    paid = []
    for number in range(40):
        await world.send(await world.pay(ada, bob, SOL // 100 + number))
        paid.append(await world.balance(bob))
        await world.net.advance()
        if number >= 32:
            assert await world.balance(bob, Finalized) == paid[number - 31]
    assert await world.balance(bob) == paid[-1]


async def test_tokens_accounts_and_programs_are_told_as_of_the_commitment_too(world: World) -> None:
    mint, ada = await world.usdt(), await world.person()
    account = await world.give(mint, ada.pubkey(), 5_000_000)
    bob = await world.give(mint, Keypair().pubkey(), 1)
    await world.net.advance(32)
    await world.send(await world.signed(ada, moving(account, mint, bob, ada.pubkey(), 2_000_000)))
    for commitment, left in ((Processed, "3000000"), (Confirmed, "5000000"), (Finalized, "5000000")):
        found = await world.client.get_token_account_balance(account, commitment)
        assert found.value.amount == left
        listed = await world.ask(
            "getTokenAccountsByOwner",
            str(ada.pubkey()),
            {"mint": str(mint)},
            {"encoding": "jsonParsed", "commitment": commitment.value},
        )
        (only,) = listed["result"]["value"]
        assert only["account"]["data"]["parsed"]["info"]["tokenAmount"]["amount"] == left


async def test_a_status_comes_further_block_by_block(world: World) -> None:
    ada = await world.person()
    signature = await world.send(await world.pay(ada, Keypair().pubkey(), SOL // 2))
    seen = []
    for _ in range(34):
        status = await world.status(signature)
        seen.append((status.confirmation_status, status.confirmations))
        await world.net.advance()
    of = TransactionConfirmationStatus
    assert seen[:2] == [(of.Processed, 0), (of.Confirmed, 1)]
    assert seen[31:] == [(of.Confirmed, 31), (of.Finalized, None), (of.Finalized, None)]


async def test_a_blockhash_is_valid_for_150_blocks_and_no_more(world: World) -> None:
    ada = await world.person()
    found = (await world.client.get_latest_blockhash(Processed)).value
    height = (await world.client.get_block_height(Processed)).value
    assert found.last_valid_block_height == height + 150
    in_time, too_late = [await world.pay(ada, Keypair().pubkey(), SOL // 4, found.blockhash) for _ in range(2)]
    await world.net.advance(150)
    assert (await world.client.get_block_height(Processed)).value == found.last_valid_block_height
    assert (await valid(world, found.blockhash)) == [True, True, True]
    await world.send(in_time, PROCESSED)
    await world.net.advance()
    assert (await valid(world, found.blockhash)) == [False, True, True]
    refusal = await world.refused(too_late, PROCESSED)
    assert refusal.message == "Transaction simulation failed: Blockhash not found"
    assert refusal.data.err == TransactionErrorFieldless.BlockhashNotFound
    await world.send(too_late, UNCHECKED)
    assert await world.status(too_late.signatures[0], search=True) is None
    await world.net.advance(32)
    assert (await valid(world, found.blockhash)) == [False, False, False]


async def valid(world: World, blockhash: Hash) -> list[bool]:
    return [
        (await world.ask("isBlockhashValid", str(blockhash), {"commitment": commitment.value}))["result"]["value"]
        for commitment in EVERY
    ]


async def test_a_blockhash_that_preflight_has_not_seen_is_refused_there(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 4, await world.blockhash(Processed))
    assert (await world.refused(payment)).data.err == TransactionErrorFieldless.BlockhashNotFound
    await world.send(payment, PROCESSED)


async def test_the_client_sees_a_transaction_expire(world: World) -> None:
    ada = await world.person()
    found = (await world.client.get_latest_blockhash(Confirmed)).value
    lost = (await world.pay(ada, Keypair().pubkey(), SOL // 4, found.blockhash)).signatures[0]
    waiting = asyncio.create_task(
        world.client.confirm_transaction(lost, Confirmed, 0.01, last_valid_block_height=found.last_valid_block_height)
    )
    await world.net.advance(153)
    with pytest.raises(TransactionExpiredBlockheightExceededError):
        await waiting


async def test_a_lookup_table_can_not_be_used_in_the_slot_that_extended_it(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    slot = (await world.client.get_slot(Confirmed)).value
    making, address = create_lookup_table(
        CreateLookupTableParams(authority_address=ada.pubkey(), payer_address=ada.pubkey(), recent_slot=slot)
    )
    await world.land(ada, making)
    longer = extend_lookup_table(
        ExtendLookupTableParams(
            lookup_table_address=address,
            authority_address=ada.pubkey(),
            payer_address=ada.pubkey(),
            new_addresses=[bob],
        )
    )
    await world.send(await world.signed(ada, longer), PROCESSED)
    table = AddressLookupTableAccount(address, [bob])
    blockhash = await world.blockhash()
    for lamports in (SOL // 4, SOL // 4 + 1):
        payment = await world.signed(ada, paying(ada, bob, lamports), blockhash=blockhash, tables=[table])
        if lamports == SOL // 4:
            refusal = await world.refused(payment, PROCESSED)
            assert refusal.data.err == TransactionErrorFieldless.InvalidAddressLookupTableIndex
            await world.net.advance()
    assert await world.send(payment, PROCESSED)
    await world.net.advance()
    found = (await world.client.get_transaction(payment.signatures[0], max_supported_transaction_version=0)).value
    assert found.transaction.meta.loaded_addresses.writable == [bob]
    assert await world.balance(bob) == SOL // 4 + 1


async def test_a_dropped_fork_takes_back_what_was_confirmed_and_the_same_bytes_may_land_again(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    payment = await world.pay(ada, bob, SOL // 2)
    signature = await world.send(payment)
    await world.net.advance(3)
    assert (await world.status(signature)).confirmation_status == TransactionConfirmationStatus.Confirmed
    height, count = (await world.client.get_block_height(Processed)).value, world.net.chain.transactions
    slot = await world.net.inflict(DropFork(4))
    assert await world.status(signature, search=True) is None
    assert await balances(world, bob) == [0, 0, 0]
    assert await balances(world, ada.pubkey()) == [SOL] * 3
    assert (await world.client.get_transaction(signature, max_supported_transaction_version=0)).value is None
    assert (await world.client.get_signatures_for_address(bob, commitment=Confirmed)).value == []
    assert (await world.client.get_block_height(Processed)).value == height - 3
    assert world.net.chain.transactions == count - 1
    left = "SELECT count(*) FROM mentions WHERE id NOT IN (SELECT id FROM transactions)"
    assert world.net.chain.history.execute(left).fetchone() == (0,)
    await world.net.advance()
    await world.send(payment)
    await world.net.advance(33)
    assert await balances(world, bob) == [SOL // 2] * 3
    assert await world.balance(ada.pubkey()) == SOL - SOL // 2 - FEE
    made = (await world.client.get_blocks(slot - 5)).value
    assert slot in made
    assert not {slot - 1, slot - 2, slot - 3, slot - 4} & set(made), "dropped slots have no block"
    answer = await world.ask("getBlock", slot - 1)
    assert answer["error"]["code"] == -32007


async def test_a_fork_that_leaves_out_a_blockhash_makes_it_unknown(world: World) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 2, await world.blockhash(Processed))
    await world.net.inflict(DropFork(1))
    assert (await world.refused(payment, PROCESSED)).data.err == TransactionErrorFieldless.BlockhashNotFound


async def test_what_is_final_can_not_be_dropped(world: World) -> None:
    await world.net.advance(40)
    with pytest.raises(ValueError, match="32 blocks are not final"):
        await world.net.inflict(DropFork(33))
    await world.net.inflict(DropFork(32))


async def test_finality_held_back_holds_everything_that_waits_for_it(world: World) -> None:
    ada, bob = await world.person(), Keypair().pubkey()
    await world.net.inflict(HoldFinality())
    signature = await world.send(await world.pay(ada, bob, SOL // 2))
    final = (await slots(world))[2]
    await world.net.advance(200)
    assert (await slots(world))[2] == final
    assert await balances(world, bob) == [SOL // 2, SOL // 2, 0]
    assert (await world.status(signature)).confirmations == 200
    await world.net.inflict(Heal())
    await world.net.advance()
    assert await balances(world, bob) == [SOL // 2] * 3


@pytest.mark.parametrize("lags", [(0, 32), (33, 32), (1, 151)])
def test_lags_that_no_chain_has_are_refused(lags: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="lags"):
        Lags(*lags)


async def test_lags_may_be_set(tmp_path: Path) -> None:
    async with world_on(tmp_path / "localnet", lags=Lags(confirmed=2, finalized=3)) as world:
        await world.net.advance(5)
        newest, confirmed, final = await slots(world)
        assert (newest - confirmed, newest - final) == (2, 3)


async def test_a_commitment_is_a_word_that_is_known(world: World) -> None:
    assert (await world.ask("getSlot", {"commitment": "rooted"}))["error"]["code"] == -32602
