"""What has happened can be asked for by signature, by account and by block."""

import asyncio

import pytest
from solana.rpc.commitment import Confirmed, Finalized, Processed
from solana.rpc.core import RPCException
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction
from solders.transaction_status import EncodedTransactionWithStatusMeta, TransactionDetails

from tests.data.solana.localnet.world import FEE, PROCESSED, SOL, UNCHECKED, World, memo, moving, paying


async def in_full(world: World, signature: Signature, encoding: str = "json") -> EncodedTransactionWithStatusMeta:
    found = await world.client.get_transaction(signature, encoding, max_supported_transaction_version=0)
    assert found.value is not None
    return found.value.transaction


async def test_a_transaction_is_told_with_all_that_it_changed(world: World) -> None:
    mint, ada = await world.usdt(), await world.person()
    mine = await world.give(mint, ada.pubkey(), 5_000_000)
    theirs = await world.give(mint, Keypair().pubkey(), 1)
    signature = await world.land(ada, moving(mine, mint, theirs, ada.pubkey(), 2_000_000), memo(ada.pubkey(), "rent"))
    found = await in_full(world, signature)
    meta, keys = found.meta, found.transaction.message.account_keys
    before = {keys[each.account_index]: each.ui_token_amount.amount for each in meta.pre_token_balances}
    after = {keys[each.account_index]: each.ui_token_amount.amount for each in meta.post_token_balances}
    assert before == {mine: "5000000", theirs: "1"}
    assert after == {mine: "3000000", theirs: "2000001"}
    assert {each.mint for each in meta.post_token_balances} == {mint}
    assert (meta.err, meta.fee) == (None, FEE)
    assert meta.pre_balances[0] - meta.post_balances[0] == FEE
    assert meta.compute_units_consumed > 0
    assert "Program log: rent" in meta.log_messages


async def test_what_a_program_called_is_told(world: World) -> None:
    mint = await world.usdt()
    await world.give(mint, Keypair().pubkey(), 1)
    newest = (await world.client.get_signatures_for_address(mint, limit=1, commitment=Confirmed)).value[0]
    meta = (await in_full(world, newest.signature)).meta
    (made,) = meta.inner_instructions
    assert made.index == 0
    assert len(made.instructions) == 4  # making a token account takes four calls


@pytest.mark.parametrize("encoding", ["base64", "base58"])
async def test_the_bytes_that_were_sent_can_be_had_back(world: World, encoding: str) -> None:
    ada = await world.person()
    payment = await world.pay(ada, Keypair().pubkey(), SOL // 2)
    await world.send(payment)
    await world.net.advance()
    found = await in_full(world, payment.signatures[0], encoding)
    assert isinstance(found.transaction, VersionedTransaction)
    assert bytes(found.transaction) == bytes(payment)


async def test_a_version_that_was_not_asked_for_is_refused(world: World) -> None:
    ada = await world.person()
    signature = await world.land(ada, memo(ada.pubkey(), "v0"))
    with pytest.raises(RPCException, match="maxSupportedTransactionVersion"):
        await world.client.get_transaction(signature)
    answer = await world.ask("getTransaction", str(signature), {"commitment": "confirmed"})
    assert answer["error"]["code"] == -32015
    block = (await world.client.get_slot(Confirmed)).value
    answer = await world.ask("getBlock", block, {"commitment": "confirmed"})
    assert answer["error"]["code"] == -32015, "one such transaction fails the whole block"


async def test_history_begins_at_confirmed(world: World) -> None:
    ada = await world.person()
    signature = await world.send(await world.signed(ada, memo(ada.pubkey(), "young")), PROCESSED)
    asked = world.client.get_transaction
    assert (await asked(signature, commitment=Confirmed, max_supported_transaction_version=0)).value is None
    await world.net.advance()
    assert (await asked(signature, commitment=Confirmed, max_supported_transaction_version=0)).value is not None
    assert (await asked(signature, commitment=Finalized, max_supported_transaction_version=0)).value is None
    for method, first in (("getTransaction", str(signature)), ("getSignaturesForAddress", str(ada.pubkey()))):
        answer = await world.ask(method, first, {"commitment": "processed"})
        assert answer["error"] == {"code": -32602, "message": "Method does not support commitment below `confirmed`"}


async def test_an_accounts_signatures_come_in_pages_newest_first(world: World) -> None:
    ada = await world.person()
    sent = []
    for number in range(25):
        sent.append(await world.send(await world.signed(ada, memo(ada.pubkey(), str(number))), PROCESSED))
        if number % 4 == 0:
            await world.net.advance()
    await world.net.advance()
    sent.reverse()

    async def page(**which: object) -> list[Signature]:
        found = await world.client.get_signatures_for_address(ada.pubkey(), commitment=Confirmed, **which)  # type: ignore[arg-type]
        return [each.signature for each in found.value]

    whole = await page()
    assert whole[:25] == sent
    assert len(whole) == 26, "and the airdrop"
    assert await page(limit=10) == sent[:10]
    assert await page(limit=10, before=sent[9]) == sent[10:20]
    assert await page(until=sent[5]) == sent[:5]
    assert await page(before=sent[2], until=sent[5]) == sent[3:5]
    assert await page(before=Signature.new_unique()) == []
    newest = (await world.client.get_signatures_for_address(ada.pubkey(), limit=1, commitment=Confirmed)).value[0]
    assert (newest.memo, newest.err) == ("[2] 24", None)
    assert newest.block_time is not None


async def test_failed_transactions_are_listed_with_their_error(world: World) -> None:
    ada = await world.person()
    await world.send(await world.pay(ada, Keypair().pubkey(), 5 * SOL), UNCHECKED)
    await world.net.advance()
    newest = (await world.client.get_signatures_for_address(ada.pubkey(), limit=1, commitment=Confirmed)).value[0]
    assert newest.err is not None


async def test_a_block_has_its_transactions_in_order(world: World) -> None:
    ada = await world.person()
    sent = [await world.send(await world.signed(ada, memo(ada.pubkey(), str(n))), PROCESSED) for n in range(5)]
    await world.net.advance()
    slot = (await world.client.get_slot(Confirmed)).value
    block = (
        await world.client.get_block(slot, max_supported_transaction_version=0, rewards=False, commitment=Confirmed)
    ).value
    assert [each.transaction.signatures[0] for each in block.transactions] == sent
    parent = (
        await world.client.get_block(block.parent_slot, max_supported_transaction_version=0, commitment=Confirmed)
    ).value
    assert block.previous_blockhash == parent.blockhash
    assert block.block_height == parent.block_height + 1
    assert (await world.client.get_block_time(slot)).value == block.block_time
    short = await world.client.get_block(
        slot, transaction_details=TransactionDetails.Signatures, rewards=False, commitment=Confirmed
    )
    assert short.value.signatures == sent
    bare = await world.client.get_block(
        slot, transaction_details=TransactionDetails.None_, rewards=False, commitment=Confirmed
    )
    assert bare.value.transactions is None


async def test_a_block_that_is_not_there_yet_is_not_available(world: World) -> None:
    await world.net.advance(5)
    newest = (await world.client.get_slot(Processed)).value
    for slot, commitment in ((newest, "confirmed"), (newest - 1, "finalized"), (newest + 1_000, "confirmed")):
        answer = await world.ask("getBlock", slot, {"commitment": commitment})
        assert answer["error"] == {"code": -32004, "message": f"Block not available for slot {slot}"}
        assert (await world.ask("getBlockTime", newest + 1))["error"]["code"] == -32004


async def test_blocks_of_a_range(world: World) -> None:
    await world.net.advance(50)
    newest, _, final = [(await world.client.get_slot(each)).value for each in (Processed, Confirmed, Finalized)]
    assert (await world.client.get_blocks(final - 4)).value == list(range(final - 4, final + 1))
    assert (await world.client.get_blocks(final - 4, final - 2)).value == [final - 4, final - 3, final - 2]
    confirmed = await world.ask("getBlocks", newest - 2, None, {"commitment": "confirmed"})
    assert confirmed["result"] == [newest - 2, newest - 1]
    assert (await world.ask("getBlocks", newest - 2, {"commitment": "confirmed"}))["result"] == [newest - 2, newest - 1]
    assert (await world.ask("getBlocks", 0))["error"]["message"] == "Slot range too large; max 500000"
    assert (await world.client.get_first_available_block()).value < final


async def test_the_node_says_who_and_where_it_is(world: World) -> None:
    assert await world.client.is_connected()
    assert (await world.client.get_version()).value.solana_core == "3.1.0"
    assert (await world.client.get_identity()).value.identity == world.net.authority.pubkey()
    assert (await world.client.get_genesis_hash()).value == world.net.chain.genesis_hash
    epoch = (await world.client.get_epoch_info(Processed)).value
    assert epoch.absolute_slot == epoch.epoch * epoch.slots_in_epoch + epoch.slot_index
    assert epoch.block_height == (await world.client.get_block_height(Processed)).value


async def test_statuses_without_a_search_are_of_recent_transactions_only(world: World) -> None:
    ada = await world.person()
    signature = await world.land(ada, memo(ada.pubkey(), "old"))
    await world.net.advance(300)
    assert await world.status(signature) is None
    assert (await world.status(signature, search=True)).err is None


async def test_many_ask_while_others_send(world: World) -> None:
    ada = await world.person(100 * SOL)
    blockhash = await world.blockhash()
    payments = [
        await world.signed(ada, paying(ada, Pubkey.new_unique(), SOL // 100), blockhash=blockhash) for _ in range(50)
    ]
    turning = asyncio.create_task(world.net.advance(60))
    answers = await asyncio.gather(
        *(world.send(payment, UNCHECKED) for payment in payments),
        *(world.client.get_signatures_for_address(ada.pubkey(), commitment=Confirmed) for _ in range(50)),
    )
    await turning
    assert len(answers) == 100
    await world.net.advance()
    listed = (await world.client.get_signatures_for_address(ada.pubkey(), commitment=Confirmed)).value
    assert {each.signature for each in listed} >= {payment.signatures[0] for payment in payments}
