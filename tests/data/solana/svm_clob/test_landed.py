"""What is on the chain is known by what it shows, and nobody can make it show what is not so."""

import pytest
from msgspec.structs import replace
from solana.rpc.async_api import AsyncClient
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.signature import Signature

from data.solana.localnet.faults import DropFork, HoldFinality
from data.solana.svm_clob import addresses, landed
from data.solana.svm_clob import instructions as told
from data.solana.svm_clob.landed import Contradicted, Landed, Read
from engine.core.types import AssetCode
from engine.ports import ChainUnavailable
from engine.settlement.fills import Fill
from tests.data.solana.localnet.world import SOL, UNCHECKED
from tests.data.solana.svm_clob.forgetful import forgetful
from tests.data.solana.svm_clob.house import BOB, CYD, PROGRAM, SOLUSDT, House, fill_of

NOW_US = 1_790_000_000_000_000


async def ask(house: House, *fills: Fill) -> dict[int, Landed]:
    slot = house.world.net.chain.blocks.at("finalized").slot
    return dict(await landed.landed(house.world.client, house.place, fills, slot, Read()))


async def test_what_has_landed_is_found_first_confirmed_then_final(house: House) -> None:
    first, second, third = fill_of(1), fill_of(2, taker=BOB), fill_of(3, SOLUSDT)
    await house.world.net.inflict(HoldFinality())
    signature = str(await house.settle(first))
    assert await ask(house, first, second, third) == {1: Landed(signature, is_final=False)}
    house.world.net.chain.finality_held = False
    await house.world.net.advance(8)
    assert await ask(house, first, second, third) == {1: Landed(signature, is_final=True)}
    await house.table()
    last = str(await house.settle(second, third))
    await house.world.net.advance(8)
    assert {number: found.signature for number, found in (await ask(house, first, second, third)).items()} == {
        1: signature,
        2: last,
        3: last,
    }


async def test_what_a_fork_took_away_has_not_landed(house: House) -> None:
    fill = fill_of(1)
    await house.settle(fill)
    assert await ask(house, fill)
    await house.world.net.inflict(DropFork(3))
    await house.world.net.advance(3)
    assert await ask(house, fill) == {}


async def test_two_fills_of_the_same_orders_on_the_same_terms_are_not_taken_for_each_other(house: House) -> None:
    first, second = fill_of(1), fill_of(2)
    await house.settle(first)
    assert list(await ask(house, first, second)) == [1]
    again = fill_of(1, at=NOW_US)  # of books that began anew
    assert await ask(house, again) == {}


async def test_what_failed_has_not_landed(house: House) -> None:
    fill = fill_of(1)
    *made, last = house.instructions(fill)
    broken = Instruction(last.program_id, bytes(last.data)[:-1], last.accounts)
    signature = await house.world.send(await house.world.signed(house.vault, *made, broken), UNCHECKED)
    await house.world.net.advance(2)
    assert (await house.world.status(signature)).err is not None
    assert await ask(house, fill) == {}


async def test_a_trade_that_a_stranger_executes_on_an_order_book_of_his_own_is_not_ours(house: House) -> None:
    """It has the same event, byte by byte but for the time, in a transaction that names our order book."""
    fill, thief = fill_of(1), Keypair()
    await house.world.client.request_airdrop(thief.pubkey(), SOL)
    await house.world.net.advance(2)
    pair = house.mint("BTC"), house.mint("SOL")
    book = addresses.order_book(PROGRAM, *pair)
    await house.land(
        told.initialize_orderbook(PROGRAM, thief.pubkey(), *pair, tick_size=1, min_order_size=1), payer=thief
    )
    users = {fill.buyer: house.owner(fill.buyer), fill.seller: house.owner(fill.seller)}
    for user, atoms, mint in (
        (fill.buyer, fill.trade.notional, pair[1]),
        (fill.seller, fill.base_atoms, pair[0]),
    ):
        source = house.vault_account(CYD, AssetCode("SOL" if mint == pair[1] else "BTC"))  # as if it were the thief's
        await house.land(
            told.deposit(PROGRAM, book, users[user], mint, source=source, signer=house.vault.pubkey(), atoms=atoms)
        )
    forged = [told.execute_trade(PROGRAM, book, thief.pubkey(), trade) for trade in house.place.trades(fill)]
    named = AccountMeta(house.place.book(fill.trade.symbol), is_signer=False, is_writable=False)
    forged = [Instruction(each.program_id, bytes(each.data), [*each.accounts, named]) for each in forged]
    await house.land(*forged, payer=thief)
    assert await ask(house, fill) == {}
    signature = str(await house.settle(fill))
    assert (await ask(house, fill))[1].signature == signature


async def test_a_trade_of_ours_on_other_terms_stops_everything(house: House) -> None:
    fill = fill_of(1)
    other = replace(fill, trade=replace(fill.trade, notional=fill.trade.notional + 1))
    await house.settle(fill)
    with pytest.raises(Contradicted, match="has trade 1 on other terms than ours"):
        await ask(house, other)


async def test_half_a_fill_stops_everything(house: House) -> None:
    fill = fill_of(1)
    made = house.instructions(fill)
    first, _ = [each for each in made if bytes(each.data).startswith(told.EXECUTE_TRADE)]
    deposits = [each for each in made if bytes(each.data).startswith(told.DEPOSIT)]
    await house.land(*deposits, first)
    with pytest.raises(Contradicted, match="has trade 1 on other terms than ours"):
        await ask(house, fill)


async def test_a_fill_that_landed_twice_stops_everything(house: House) -> None:
    fill = fill_of(1)
    await house.settle(fill)
    await house.world.net.advance(1)  # another blockhash
    await house.settle(fill)
    with pytest.raises(Contradicted, match="has trade 1, as"):
        await ask(house, fill)


async def test_a_long_history_is_read_to_its_end_over_pages_that_overlap(house: House) -> None:
    fills = [fill_of(number) for number in range(1, 8)]
    for fill in fills:
        await house.settle(fill)
    client, slot = house.world.client, 0
    for page in (2, 3, 4, 7, 8, 100):
        found = await landed.landed(client, house.place, fills, slot, Read(), page=page)
        assert sorted(found) == [1, 2, 3, 4, 5, 6, 7], page


async def test_it_is_read_back_to_before_the_oldest_fill_and_no_further(house: House) -> None:
    old = fill_of(1)
    await house.settle(old)
    hours_later = fill_of(2, at=(house.world.net.chain.blocks.head.time + 7_200) * 1_000_000)
    async with forgetful(house.world.net.url) as (node, url), AsyncClient(url) as client:
        assert await landed.landed(client, house.place, [hours_later], 0, Read()) == {}
        assert node.asked["getTransaction"] == 0
        assert list(await landed.landed(client, house.place, [old, hours_later], 0, Read())) == [1]
        assert node.asked["getTransaction"] > 0
    recent = fill_of(3, at=house.world.net.chain.blocks.head.time * 1_000_000)
    await house.settle(recent)
    assert list(await ask(house, recent)) == [3]


async def test_what_is_final_is_read_once_and_what_is_not_is_read_again(house: House) -> None:
    first, second = fill_of(1), fill_of(2)
    await house.settle(first)
    await house.world.net.advance(8)
    await house.world.net.inflict(HoldFinality())
    await house.settle(second)
    read = Read()
    async with forgetful(house.world.net.url) as (node, url), AsyncClient(url) as client:
        for _ in range(3):
            assert sorted(await landed.landed(client, house.place, [first, second], 0, read)) == [1, 2]
        opening = 1  # of the order book
        assert node.asked["getTransaction"] == opening + 1 + 3
        await house.world.net.inflict(DropFork(3))
        await house.world.net.advance(3)
        assert sorted(await landed.landed(client, house.place, [first, second], 0, read)) == [1]


async def test_a_node_that_is_behind_does_not_answer(house: House) -> None:
    with pytest.raises(ChainUnavailable):
        await landed.landed(
            house.world.client, house.place, [fill_of(1)], house.world.net.chain.blocks.head.slot + 1, Read()
        )


async def test_who_only_names_the_order_book_is_passed_over(house: House) -> None:
    fill, noise = fill_of(1), Keypair()
    await house.world.client.request_airdrop(noise.pubkey(), SOL)
    signature: Signature = await house.settle(fill)
    named = AccountMeta(house.place.book(fill.trade.symbol), is_signer=False, is_writable=False)
    for number in range(3):
        nothing = Instruction(told.SYSTEM_PROGRAM, bytes([2, 0, 0, 0]) + number.to_bytes(8, "little"), [
            AccountMeta(noise.pubkey(), is_signer=True, is_writable=True),
            AccountMeta(noise.pubkey(), is_signer=False, is_writable=True),
            named,
        ])  # fmt: skip
        await house.land(nothing, payer=noise)
    assert (await ask(house, fill))[1].signature == str(signature)
