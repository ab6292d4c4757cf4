"""What is credited comes into the vault once, whatever happens meanwhile."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from data.solana.localnet.faults import DropFork, DropSends, Heal, HoldFinality, LoseReplies
from data.solana.localnet.play_money import mint_play_money
from data.store.sweeps import SqlSweeps
from engine.core.commands import Deposit, RequestWithdrawal
from engine.core.market import Asset
from engine.core.types import FEES, MARKET_MAKER, Atoms, UserId
from tests.data.solana.deposits.bank import UNIT
from tests.data.solana.settlement.settling import BTC, KEYS, USDT, Running
from tests.data.solana.settlement.test_failing import close
from tests.data.solana.settlement.trouble import trouble
from tests.data.solana.sweeps.sweeping import Till, till_on

POLLING_ALONE: Final[dict[str, Any]] = {"pubsub": False, "poll_s": 0.05}


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    async with till_on(tmp_path) as opened:
        yield opened


async def test_a_deposit_comes_into_the_vault_and_dust_stays_where_it_is(till: Till) -> None:
    ada = await till.exchange.person()
    async with till.sweeping() as (desk, running):
        account, _ = await desk.addresses.of(ada, USDT)
        await till.desk.send(account.owner, UNIT // 2)
        await till.desk.send(account.owner, 70 * UNIT)
        await till.has_settled(ada, 70 * UNIT)
        await till.desk.send(account.owner, 5 * UNIT)
        await till.has_settled(ada, 75 * UNIT)
        assert await till.lies(account.token_account) == UNIT // 2
        assert running.settlement.withdrawable(ada, USDT) == 75 * UNIT
    assert till.desk.counted["credited"] == 2
    assert sum(till.sweeps()) == 75 * UNIT


async def test_vault_accounts_are_there_before_anything_needs_them(till: Till) -> None:
    ada = await till.exchange.person()
    async with till.sweeping() as (desk, running):
        await desk.addresses.of(ada, USDT)
        wanted = {(user, asset) for user in (ada, FEES, MARKET_MAKER) for asset in (USDT, BTC)}
        await running.until(lambda: all(running.vault.find(*purse) for purse in wanted))


async def test_a_fill_settles_when_what_pays_it_is_swept(till: Till) -> None:
    (bob,) = await till.people(1, BTC=1)
    ada = await till.exchange.person()
    async with till.sweeping() as (desk, running):
        await till.desk.send(await desk.owner(ada), 100_000 * UNIT)
        await till.desk.has(ada, 100_000 * UNIT)
        await till.traded(ada, bob)
        await running.nothing_owed()
        await till.has_settled(ada, await till.desk.balance(ada))
    await till.agree()


async def credited(till: Till, user: UserId, atoms: int) -> str:
    """Let somebody deposit; return their owner's address when it is credited, and nothing is swept."""
    async with till.desk.open() as desk:
        owner = await desk.owner(user)
        before = await till.desk.balance(user)
        await till.desk.send(owner, atoms)
        await till.desk.has(user, before + atoms)
    return owner


async def swept_and_not_final(till: Till, running: Running) -> None:
    await running.until(lambda: bool(till.rows("SELECT 1 FROM settlement_batches WHERE state = 'confirmed'")))


async def test_the_same_amount_that_comes_while_a_sweep_leaves_is_seen(till: Till) -> None:
    """The account then holds what it held before: no round sees that anything has happened."""
    ada = await till.exchange.person()
    owner = await credited(till, ada, 7 * UNIT)
    await till.world.net.inflict(HoldFinality())
    async with till.sweeping(**POLLING_ALONE) as (_, running):
        await swept_and_not_final(till, running)
        await till.desk.send(owner, 7 * UNIT)
        await till.desk.finality()  # both become final in the same moment
        await till.world.net.inflict(Heal())
        await till.has_settled(ada, 14 * UNIT)


async def test_a_sweep_that_settled_while_nobody_watched_is_looked_for_at_the_next_start(till: Till) -> None:
    ada = await till.exchange.person()
    owner = await credited(till, ada, 7 * UNIT)
    await till.world.net.inflict(HoldFinality())
    async with till.sweeping(**POLLING_ALONE) as (_, running):
        await swept_and_not_final(till, running)
    await till.desk.send(owner, 7 * UNIT)
    await till.desk.finality()
    await till.world.net.inflict(Heal())
    async with till.settling() as running:
        await running.nothing_owed()
    async with till.sweeping(**POLLING_ALONE):
        await till.has_settled(ada, 14 * UNIT)
    assert till.rows("SELECT count(*) FROM sweeps WHERE passed = 1") == [(2,)]


async def test_too_little_waits_until_a_withdrawal_or_a_fill_needs_it(till: Till) -> None:
    ada, bob, cleo = [await till.exchange.person() for _ in range(3)]
    (dan,) = await till.people(1, BTC=1)
    async with till.sweeping({USDT: Atoms(20_000 * UNIT)}) as (desk, running):
        for user in (ada, bob, cleo):
            await till.desk.send(await desk.owner(user), 15_000 * UNIT)
            await till.desk.has(user, 15_000 * UNIT)
        await till.desk.send(await desk.owner(cleo), 5_000 * UNIT)
        await till.has_settled(cleo, 20_000 * UNIT)
        assert till.sweeps() == [20_000 * UNIT]
        now = till.exchange.now()
        await till.exchange.do(RequestWithdrawal(now, ada, USDT, Atoms(UNIT), owner_of(till, ada)))
        await till.has_settled(ada, 15_000 * UNIT)
        await till.traded(bob, dan)
        await running.nothing_owed()
        await till.has_settled(bob, await till.desk.balance(bob))
    assert sorted(till.sweeps()) == [15_000 * UNIT, 15_000 * UNIT, 20_000 * UNIT]


def owner_of(till: Till, user: UserId) -> str:
    return till.desk.keys.deposits(user).address


async def test_a_sweep_that_can_not_be_is_tried_again_alone_and_holds_up_nobody(till: Till) -> None:
    ada, bob = [await till.exchange.person() for _ in range(2)]
    await till.deposit({(ada, USDT): 0, (bob, USDT): 0})
    await close(till, ada, USDT)
    for user in (ada, bob):
        await credited(till, user, 9 * UNIT)
    async with till.sweeping() as (_, running):
        await till.has_settled(bob, 9 * UNIT)
        failed = "SELECT moves FROM settlement_batches WHERE state = 'failed' ORDER BY batch_id"
        await running.until(lambda: len(till.rows(failed)) >= 3)
        assert [moves.count("atoms") for (moves,) in till.rows(failed)][:3] == [2, 1, 1]
        assert till.settled(ada) == 0
        account = running.vault.find(ada, USDT)
        assert account is not None
        await running.vault.remake([account])
        await till.has_settled(ada, 9 * UNIT)
        assert await till.lies(account.token_account) == 9 * UNIT


# The chain goes away in the midst of connections: one that it has just accepted is closed by the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_everything_is_swept_once_whatever_the_chain_does_and_whenever_we_stop(till: Till) -> None:
    chance = random.Random(5)
    people = [await till.exchange.person() for _ in range(5)]
    async with till.desk.open() as desk:
        owners = {user: await desk.owner(user) for user in people}
    sent = Counter[UserId]()
    for number in range(8):
        for user in chance.sample(people, 3):
            atoms = chance.choice((3, 3, 40)) * UNIT
            sent[user] += atoms
            await till.desk.send(owners[user], atoms)
        await till.desk.finality(6)  # or a fork would take it back
        troubles = asyncio.create_task(trouble(till, chance))
        try:
            async with till.sweeping(pubsub=chance.random() < 0.5):
                await asyncio.sleep(chance.uniform(0.0, 1.0))
        finally:
            troubles.cancel()
            await asyncio.wait([troubles])
        if number in (3, 7):  # however little was done in each of those moments
            async with till.sweeping():
                for user in people:
                    await till.has_settled(user, sent[user])
    for user in people:
        assert await till.desk.balance(user) == sent[user]
        assert await till.lies(till.address(user, USDT)) == sent[user]
    assert sum(till.sweeps()) == sum(sent.values())
    assert len(till.sweeps()) > len(people)


async def test_play_money_is_minted_once_and_not_credited_again(till: Till) -> None:
    ada = await till.exchange.person(USDT=500)
    await till.exchange.do(Deposit(till.exchange.now(), MARKET_MAKER, USDT, Atoms(900 * UNIT), "dev:market-maker:USDT"))
    net, store = till.world.net, SqlSweeps(till.exchange.queries, has_play_money=True)
    async with till.sweeping(has_play_money=True) as (desk, _):

        async def account_of(deposit: Deposit) -> tuple[str, Asset]:
            account, rules = await desk.addresses.of(deposit.user, deposit.asset)
            return account.token_account, rules.asset

        async def mint() -> None:
            deposits = await store.play_money()
            await mint_play_money(till.world.client, net.authority, KEYS.vault, deposits, account_of)

        for fault in (LoseReplies(6), DropSends(1), DropFork(1), Heal()):
            await net.inflict(fault)
            minting = [asyncio.create_task(mint()) for _ in range(2)]
            await asyncio.wait(minting)
        await mint()
        await till.has_settled(ada, 500 * UNIT)
        await till.has_settled(MARKET_MAKER, 900 * UNIT)
        await till.desk.send(await desk.owner(ada), 2 * UNIT)
        await till.has_settled(ada, 502 * UNIT)
    assert till.desk.counted["credited"] == 1
    assert await till.desk.balance(ada) == 502 * UNIT
    supply = (await till.world.client.get_token_supply(till.desk.mint)).value
    assert int(supply.amount) == (10**6 + 500 + 900) * UNIT  # with what somebody outside has
