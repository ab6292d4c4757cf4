"""What can't settle: it is found out, told, and holds up nobody else."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import close_account
from spl.token.models import CloseAccountParams

from data.solana.localnet import faults as f
from data.solana.localnet.blocks import Lags
from data.solana.sending import RpcSender
from data.store.settlement import SqlSettlement
from engine.core.types import Atoms, UserId
from engine.settlement.ports import Change
from engine.settlement.settlement import NotSpendable, Settlement
from engine.settlement.types import BatchKind, BatchState, Move, SettlementBatch, SettlementState
from tests.data.solana.localnet.world import UNCHECKED, moving
from tests.data.solana.settlement.settling import BTC, FEE_CAP, KEYS, QUICK, USDT, House, Running, house_on
from tests.data.solana.svm_clob.forgetful import forgetful

NEVER = replace(QUICK, collect_s=10**6, collect_fills=10**6)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_on(tmp_path) as opened:
        yield opened


async def close(house: House, user: UserId, asset: str) -> None:
    """Close somebody's empty vault account on the chain: whatever is sent there then fails."""
    authority = house.desk.keys._derived("m/44'/501'/0'")
    address = Pubkey.create_with_seed(authority.pubkey(), f"{user}:{asset}", TOKEN_PROGRAM_ID)
    closing = CloseAccountParams(
        account=address, dest=authority.pubkey(), owner=authority.pubkey(), program_id=TOKEN_PROGRAM_ID
    )
    await house.desk.confirmed(authority, close_account(closing))
    await house.desk.finality(6)
    assert (await house.world.client.get_account_info(address)).value is None


async def test_a_fill_that_can_never_settle_is_found_among_others_and_waits_for_an_operator(house: House) -> None:
    people = await house.people(8, USDT=100_000, BTC=10)
    (poor,) = await house.people(1, USDT=100_000)
    await house.deposit({(poor, BTC): 0})
    await close(house, poor, "BTC")
    fine = await house.trades(people, 30, random.Random(1))
    (bad,) = await house.traded(poor, people[0])
    fine += await house.trades(people, 30, random.Random(2))
    heard: list[tuple[SettlementState, str | None]] = []
    async with house.settling() as running:
        settlement = running.settlement
        settlement.fill_listeners.append(
            lambda fills, state, signature: (
                heard.append((state, signature)) if bad in [f.trade for f in fills] else None
            )
        )
        await running.until(lambda: settlement.backlog.settled == len(fine) and settlement.backlog.failed == 1)
        assert settlement.withdrawable(poor, USDT) == 100_000 * 10**6 - bad.notional  # it still owes that
        (failed,) = await settlement.failed(10)
        assert (failed.fill.trade, failed.fill.buyer) == (bad, poor)
        assert "InvalidAccountData" in failed.reason
        assert heard[0] == (SettlementState.OWED, None)  # the batch that it shared with others has failed
        assert heard[-1] == (SettlementState.FAILED, None)
    async with house.settling(replace(QUICK, most_fills=4)) as running:  # so that one is a page
        assert running.settlement.backlog.failed == 1
        await running.nothing_owed()
        await running.vault.remake([found] if (found := running.vault.find(poor, BTC)) else [])
        assert await running.settlement.retry([bad.id]) == 1
        assert await running.settlement.retry() == 0
        await running.nothing_owed()
        assert running.settlement.backlog.failed == 0
    await house.agree()


async def test_money_comes_and_goes_in_batches_too(house: House) -> None:
    ada, bob = await house.people(2, USDT=100, BTC=10)
    owner = Pubkey.from_string(house.desk.keys.deposits(ada).address)
    source = get_associated_token_address(owner, house.desk.mint)
    await house.desk.send(str(owner), 50 * 10**6)
    await house.exchange.fund(ada, USDT=50)
    told: list[SettlementBatch] = []
    async with house.settling() as running:
        settlement = running.settlement
        settlement.listeners += [_fails, told.append]
        place = running.vault.address(ada, USDT)
        sweep = await settlement.add(BatchKind.SWEEP, [Move(USDT, Atoms(50 * 10**6), str(source), place, signer=ada)])
        await running.until(lambda: settlement.settled(ada, USDT) == 150 * 10**6)
        outside = house.desk.rich.pubkey()
        target = str(get_associated_token_address(outside, house.desk.mint))
        leaving = Move(USDT, Atoms(120 * 10**6), place, target, opens_for=str(outside))
        with pytest.raises(NotSpendable):
            await settlement.add(BatchKind.FILLS, [replace(leaving, atoms=Atoms(150 * 10**6 + 1))])
        swept = [(each.id, each.state) for each in told if each.kind is BatchKind.SWEEP]
        assert [
            each for each in swept if each != (sweep, BatchState.CONFIRMED)
        ] == [  # which may pass between two looks
            (sweep, BatchState.BATCHED),
            (sweep, BatchState.SENT),
            (sweep, BatchState.SETTLED),
        ]
        assert told[-1].signature is not None
        adding = [settlement.add(BatchKind.SWEEP, [leaving]) for _ in range(5)]
        outcomes = await asyncio.gather(*adding, return_exceptions=True)
        assert sorted(type(each).__name__ for each in outcomes) == ["NotSpendable"] * 4 + ["int"]
        await running.nothing_owed()
        assert settlement.withdrawable(ada, USDT) == 30 * 10**6
        assert await house.chain([place]) == [30 * 10**6]
        assert bob


async def test_what_fills_need_that_came_before_does_not_leave(house: House) -> None:
    ada, bob = await house.people(2, USDT=1_000, BTC=10)
    (trade,) = await house.traded(ada, bob)
    async with house.settling(NEVER) as running:
        settlement = running.settlement
        place, target = running.vault.address(ada, USDT), running.vault.address(bob, USDT)
        rest = 1_000 * 10**6 - trade.notional
        with pytest.raises(NotSpendable):
            await settlement.add(BatchKind.SWEEP, [Move(USDT, Atoms(rest + 1), place, target)])
        assert settlement.withdrawable(ada, USDT) == rest
        await settlement.add(BatchKind.SWEEP, [Move(USDT, Atoms(rest), place, target)])
        assert settlement.withdrawable(ada, USDT) == 0


async def test_a_batch_is_taken_back_before_it_is_signed_and_never_after(house: House) -> None:
    ada, bob = await house.people(2, USDT=1_000, BTC=10)
    async with house.settling() as running:
        settlement = running.settlement
        place, target = running.vault.address(ada, USDT), running.vault.address(bob, USDT)
        move = Move(USDT, Atoms(10**6), place, target)
        await house.world.net.inflict(f.Unavailable())
        first = await settlement.add(BatchKind.SWEEP, [move])
        assert await settlement.take_back(first)
        assert not await settlement.take_back(first)
        assert settlement.withdrawable(ada, USDT) == 1_000 * 10**6
        second = await settlement.add(BatchKind.SWEEP, [move])
        await house.world.net.inflict(f.Heal())
        await _state(running, second, BatchState.SENT)
        assert not await settlement.take_back(second)
        await running.nothing_owed()
        assert await house.chain([place]) == [999 * 10**6]
        # Both at once: it is taken back or carried out, and never both.
        for _ in range(10):
            before = settlement.settled(ada, USDT)
            number = await settlement.add(BatchKind.SWEEP, [move])
            await asyncio.sleep(random.uniform(0, 0.02))
            taken = await settlement.take_back(number)
            await running.nothing_owed()
            after = before - (0 if taken else 10**6)
            await running.until(lambda after=after: settlement.settled(ada, USDT) == after)  # type: ignore[misc]
        assert await house.chain([place]) == [settlement.settled(ada, USDT)]


async def test_a_payout_opens_the_account_that_it_needs(house: House) -> None:
    (ada,) = await house.people(1, USDT=1_000)
    stranger = house.desk.keys.deposits(UserId(77)).address
    target = str(get_associated_token_address(Pubkey.from_string(stranger), house.desk.mint))
    async with house.settling() as running:
        place = running.vault.address(ada, USDT)
        await running.settlement.add(BatchKind.SWEEP, [Move(USDT, Atoms(10**6), place, target, opens_for=stranger)])
        await running.nothing_owed()
        assert await house.chain([target]) == [10**6]


async def test_a_batch_that_fails_before_all_is_read_hides_no_older_fill(house: House) -> None:
    ada, bob = await house.people(2, USDT=100_000, BTC=10)
    eve = await house.exchange.person(USDT=100_000)  # whose deposit is not swept yet: her fill waits
    await house.deposit({(eve, USDT): 0})
    (older,) = await house.traded(eve, ada)
    newer = [*await house.traded(ada, bob), *await house.traded(ada, bob)]
    async with house.settling(replace(NEVER, collect_fills=3)) as running:
        await house.world.net.inflict(f.Unavailable())  # nothing is signed
        await running.until(lambda: running.settlement.backlog.batches == 1)
    await house.world.net.inflict(f.Heal())
    async with AsyncClient(house.world.net.url) as client:
        vault, kept = house.books.vault(client), SqlSettlement(house.exchange.store, house.exchange.queries)
        await vault.load()
        sender = RpcSender(client, house.books.program(client, vault), KEYS.vault, fee_cap=FEE_CAP)
        settlement = Settlement(sender, vault, kept, house.exchange.now, pace=NEVER)
        await settlement.load()
        (under,) = settlement._carrier.under_way.values()
        assert [fill.trade for fill in under.fills] == newer
        failing = Change(replace(under.batch, state=BatchState.FAILED, reason="a table is not there"))
        await settlement._carrier._write([(under, failing)])
        async with settlement._collector.turn:
            await settlement._collector.read_all()
        assert [fill.trade for fill in settlement._collector.owed] == [older, *newer]
        assert settlement._collector.debits((eve, USDT)) == older.notional
        assert settlement._collector.debits((ada, USDT)) == sum(trade.notional for trade in newer)


async def test_a_node_that_was_begun_from_a_snapshot_does_not_have_a_batch_paid_twice(house: House) -> None:
    ada, bob = await house.people(2, USDT=100_000, BTC=10)
    await house.traded(ada, bob)
    async with forgetful(house.world.net.url) as (node, url), house.settling(url=url) as running:
        node.forgets = True
        await running.until(lambda: bool(node.sends))
        await house.desk.finality(6)
        node.begins = (await house.world.client.get_slot()).value
        await house.world.net.advance(160)  # the first signing can't land any more; it has landed before
        asked = node.asked["getFirstAvailableBlock"]
        await running.until(lambda: node.asked["getFirstAvailableBlock"] > asked + 3 or len(set(node.sends)) > 1)
        assert len(set(node.sends)) == 1
        node.forgets = False
        await running.nothing_owed()
    assert len(set(node.sends)) == 1
    await house.agree()


async def test_a_fork_takes_a_confirmed_batch_back_and_it_is_sent_again(house: House) -> None:
    ada, bob = await house.people(2, USDT=1_000, BTC=10)
    await house.traded(ada, bob)
    told: list[BatchState] = []
    async with house.settling() as running:
        running.settlement.listeners.append(lambda batch: told.append(batch.state))
        await house.world.net.inflict(f.HoldFinality())
        await running.until(lambda: BatchState.CONFIRMED in told)
        await house.world.net.inflict(f.DropSends(2))
        blocks = house.world.net.chain.blocks
        await house.world.net.inflict(f.DropFork(len(blocks.after(blocks.root))))
        await running.until(lambda: told[-1] is BatchState.SENT)
        assert running.settlement.settled(bob, USDT) == 1_000 * 10**6
        await house.world.net.inflict(f.Heal())
        await house.world.net.inflict(f.Advance(160))  # its blockhash was dropped too: it is signed anew
        await running.nothing_owed()
    assert told.count(BatchState.SETTLED) == 1
    await house.agree()


async def test_what_lands_and_fails_has_not_settled(tmp_path: Path) -> None:
    """What is tried out is what is confirmed: so what has happened since is found out by landing."""
    async with house_on(tmp_path, Lags(15, 16)) as house:
        ada, bob, cleo = await house.people(3, USDT=1_000, BTC=10)
        (poor,) = await house.people(1, USDT=1_000)
        await house.deposit({(poor, BTC): 0})
        (refused,) = await house.traded(poor, ada)
        (unpaid,) = await house.traded(bob, ada)
        (fine,) = await house.traded(cleo, ada)
        await house.desk.finality(20)
        authority = house.desk.keys._derived("m/44'/501'/0'")
        closing = CloseAccountParams(
            account=Pubkey.from_string(house.address(poor, BTC)),
            dest=authority.pubkey(),
            owner=authority.pubkey(),
            program_id=TOKEN_PROGRAM_ID,
        )
        mint = house.desk.mint
        theirs, ours = (Pubkey.from_string(house.address(user, USDT)) for user in (ada, bob))
        taking = moving(ours, mint, theirs, authority.pubkey(), 1_000 * 10**6)
        await house.world.send(await house.world.signed(authority, close_account(closing), taking), UNCHECKED)
        async with house.settling() as running:
            settlement = running.settlement
            await running.until(lambda: settlement.backlog.failed == 2)
            assert {each.fill.id for each in await settlement.failed(9)} == {refused.id, unpaid.id}
            await running.until(lambda: settlement.backlog.settled == 1)
        outcomes = house.outcomes()
        assert outcomes["settled"] == 1
        assert outcomes["failed"] >= 1
        assert fine


async def _state(running: Running, batch: int, state: BatchState) -> None:
    seen: list[SettlementBatch] = []
    running.settlement.listeners.append(seen.append)
    await running.until(lambda: any((each.id, each.state) == (batch, state) for each in seen))


def _fails(_: SettlementBatch) -> None:
    raise ValueError("a listener's own trouble")
