"""The books are compared with a real localnet: what is wrong is found and named, and what is only under way is not."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import approve, close_account
from spl.token.models import ApproveParams, CloseAccountParams

from data.solana.localnet import faults as f
from engine.core.types import FEES
from engine.ports import ChainUnavailable
from tests.data.solana.deposits.bank import account
from tests.data.solana.localnet.world import SOL, moving
from tests.data.solana.reconciliation.checking import FLOOR, Checker, checker_on, look_through, shown
from tests.data.solana.settlement.settling import USDT
from tests.data.solana.settlement.trouble import trouble

UNIT = 10**6
SEEDS = (3, 11)
MOST_LOOKS = 8  # amid troubles


@pytest.fixture
async def checker(tmp_path: Path) -> AsyncIterator[Checker]:
    async with checker_on(tmp_path) as opened:
        yield opened


async def test_books_that_agree_raise_no_alarm_before_and_after_settling(checker: Checker) -> None:
    people = await checker.people(6, USDT=100_000, BTC=10)
    await checker.house.trades(people, 60, random.Random(1))
    async with checker.comparing() as reconciler:
        await look_through(reconciler, 2)  # all of it is owed
    async with checker.house.settling() as running, checker.beside(running) as reconciler:
        await running.nothing_owed()
        await checker.house.desk.finality(6)
        await look_through(reconciler, 2)
    assert not checker.stop.is_on
    assert checker.looked.looks == 4
    assert checker.looked.round_s is not None
    assert not checker.looked.surplus
    await checker.house.agree()


async def test_an_atom_taken_on_the_chain_stops_withdrawals_at_the_second_look_and_after_a_restart(
    checker: Checker,
) -> None:
    ada, bob = await checker.people(2, USDT=100)
    told: list[bool] = []
    checker.stop.listeners.append(lambda: told.append(checker.stop.is_on))
    async with checker.comparing() as reconciler:
        await reconciler.look()
        await checker.take(bob, 1)
        await reconciler.look()
        assert not checker.stop.is_on
        await reconciler.look()
        await reconciler.look()
        found = [(bob, USDT, "vault", 100 * UNIT, 100 * UNIT - 1)]
        assert shown(checker.stop) == found
        assert checker.stop.differences[0].slot is not None
        assert told == [True]
    checker.begin()
    assert not checker.stop.is_on
    await checker.stop.load()
    assert shown(checker.stop) == found
    assert await checker.stop.clear() == 1
    assert not checker.stop.is_on
    checker.begin()
    await checker.stop.load()
    assert not checker.stop.is_on
    async with checker.comparing() as reconciler:  # it was not mended, so it is found again
        await look_through(reconciler, 2)
    assert shown(checker.stop) == found
    assert ada not in [each.user for each in checker.stop.differences]


async def test_an_atom_more_in_the_ledger_is_found_though_the_chain_is_away(checker: Checker) -> None:
    ada, _ = await checker.people(2, USDT=100)
    await checker.house.world.net.inflict(f.Unavailable())
    async with checker.comparing() as reconciler:
        await look_through(reconciler, 2)
        assert not checker.stop.is_on
        await checker.forge("UPDATE balances SET available = available + 1 WHERE owner = ? AND asset = 'USDT'", ada)
        await look_through(reconciler, 2)
    assert shown(checker.stop) == [(ada, USDT, "books", 100 * UNIT, 100 * UNIT + 1)]
    assert checker.looked.at is None


async def test_a_difference_that_is_gone_at_the_second_look_is_none(checker: Checker) -> None:
    (ada,) = await checker.people(1, USDT=100)
    async with checker.comparing() as reconciler:
        for change in (1, -1, 1, -1):
            await checker.forge("UPDATE balances SET available = available + ? WHERE owner = ?", change, ada)
            await reconciler.look()
    assert not checker.stop.is_on


async def test_whoever_sends_to_a_vault_account_stops_nothing(checker: Checker) -> None:
    ada, _ = await checker.people(2, USDT=100)
    async with checker.comparing() as reconciler:
        address = checker.house.address(ada, USDT)
        minting = checker.house._minting(address, USDT, 5)
        await checker.house.desk.confirmed(checker.house.world.net.authority, minting)
        await checker.house.desk.finality(6)
        await look_through(reconciler, 3)
        assert [each.surplus for each in checker.looked.surplus.values()] == [5]
        assert list(checker.looked.surplus) == [address]
        await checker.take(ada, 5)
        await reconciler.look()
    assert not checker.looked.surplus
    assert not checker.stop.is_on


async def test_a_vault_account_of_which_somebody_else_may_take_is_not_ours(checker: Checker) -> None:
    ada, _ = await checker.people(2, USDT=100)
    authority, thief = checker.authority, checker.house.desk.rich.pubkey()
    source = Pubkey.from_string(checker.house.address(ada, USDT))
    allowing = approve(
        ApproveParams(program_id=TOKEN_PROGRAM_ID, source=source, delegate=thief, owner=authority.pubkey(), amount=1)
    )
    await checker.house.desk.confirmed(authority, allowing)
    await checker.house.desk.finality(6)
    async with checker.comparing() as reconciler:
        await look_through(reconciler, 2)
    assert shown(checker.stop) == [(ada, USDT, "vault", 100 * UNIT, 0)]
    assert checker.stop.differences[0].note == "not ours"


async def test_an_empty_account_that_is_gone_is_made_again_and_one_with_money_stops_withdrawals(
    checker: Checker,
) -> None:
    _, bob = await checker.people(2, USDT=100)
    async with checker.comparing() as reconciler:
        for purse in ((FEES, USDT), (bob, USDT)):
            if purse[0] == bob:
                await checker.take(bob, 100 * UNIT)
            address = Pubkey.from_string(checker.house.address(*purse))
            closing = CloseAccountParams(
                account=address,
                dest=checker.authority.pubkey(),
                owner=checker.authority.pubkey(),
                program_id=TOKEN_PROGRAM_ID,
            )
            await checker.house.desk.confirmed(checker.authority, close_account(closing))
        await checker.house.desk.finality(6)
        await look_through(reconciler, 2)
        await checker.house.desk.finality(6)
        addresses = [Pubkey.from_string(checker.house.address(user, USDT)) for user in (FEES, bob)]
        fees, bobs = (await checker.house.world.client.get_multiple_accounts(addresses)).value
    assert fees is not None
    assert bobs is None
    assert shown(checker.stop) == [(bob, USDT, "vault", 100 * UNIT, 0)]
    assert checker.stop.differences[0].note == "missing"


async def test_less_in_deposit_accounts_than_was_credited_and_not_swept(checker: Checker) -> None:
    await checker.people(2, USDT=100)
    desk = checker.house.desk
    async with desk.open() as open_desk:
        owner = await open_desk.owner(await checker.exchange.person())
        cleo = next(each.user for each in open_desk.watch.accounts() if each.owner == owner)
        await desk.send(owner, 7 * UNIT)
        await desk.has(cleo, 7 * UNIT)
    async with checker.comparing() as reconciler:
        await look_through(reconciler, 2)
        assert not checker.stop.is_on
        key = checker.house.desk.keys.deposits(cleo)._key
        mint = desk.mint
        source, thief = account(key.pubkey(), mint), account(desk.rich.pubkey(), mint)
        await desk.world.client.request_airdrop(key.pubkey(), SOL)
        await desk.finality(6)
        await desk.confirmed(key, moving(source, mint, thief, key.pubkey(), 1))
        await desk.finality(6)
        await look_through(reconciler, 2)
        assert not checker.stop.is_on  # a deposit of this minute may be newer than what a node knows
        checker.exchange.pass_by(61_000_000)
        await look_through(reconciler, 2)
    assert shown(checker.stop) == [(cleo, USDT, "deposits", 7 * UNIT, 7 * UNIT - 1)]


async def test_the_authority_runs_low_of_sol_and_is_filled_up(checker: Checker) -> None:
    await checker.people(1, USDT=100)
    told: list[bool] = []
    checker.fees.listeners.append(lambda: told.append(checker.fees.is_low))
    async with checker.comparing() as reconciler:
        await reconciler.look()
        assert told == []
        checker.fees.floor = (checker.fees.lamports or 0) + 1
        await look_through(reconciler, 2)
        assert told == [True]
        await checker.house.world.client.request_airdrop(checker.authority.pubkey(), FLOOR)
        await checker.house.desk.finality(6)
        await look_through(reconciler, 2)
    assert told == [True, False]


async def test_everybody_has_a_turn_however_few_a_look_takes(checker: Checker) -> None:
    people = await checker.people(7, USDT=100)
    await checker.take(people[-1], 1)
    async with checker.comparing(most=4) as reconciler:
        for _ in range(10):
            await reconciler.look()
    assert [each.user for each in checker.stop.differences] == [people[-1]]
    assert checker.looked.round_s is not None


@pytest.mark.parametrize("seed", SEEDS)
async def test_looks_amid_settling_and_troubles_raise_no_alarm(checker: Checker, seed: int) -> None:
    chance = random.Random(seed)
    people = await checker.people(12, USDT=20_000, BTC=1)
    is_over = asyncio.Event()

    async def look_on() -> None:
        async with checker.beside(running) as reconciler:
            while not is_over.is_set():
                await look_through(reconciler)
                await asyncio.sleep(0)

    async with checker.house.settling(tables=True) as running:
        looking = asyncio.create_task(look_on())
        troubles = asyncio.create_task(trouble(checker.house, chance))
        await checker.house.trades(people, 500, chance, most=1_500)
        await running.until(lambda: checker.looked.looks > MOST_LOOKS)
        troubles.cancel()
        await asyncio.wait([troubles])
        await running.nothing_owed()
        is_over.set()
        await looking
    assert shown(checker.stop) == []
    async with checker.comparing() as reconciler:
        await checker.house.desk.finality(6)
        await look_through(reconciler, 2)
    assert shown(checker.stop) == []
    await checker.house.agree()


async def test_a_chain_that_is_away_for_long_is_told_once_and_stops_nothing(
    checker: Checker, capsys: pytest.CaptureFixture[str]
) -> None:
    await checker.people(1, USDT=100)
    async with checker.comparing() as reconciler:
        await reconciler.look()
        await checker.house.world.net.inflict(f.Unavailable())
        await look_through(reconciler, 2)
        assert "for long" not in capsys.readouterr().out
        checker.exchange.pass_by(61_000_000)
        await look_through(reconciler, 3)
        assert capsys.readouterr().out.count("have not been compared with the chain for long") == 1
        await checker.house.world.net.inflict(f.Heal())
        await reconciler.look()
        await checker.house.world.net.inflict(f.Unavailable())
        await look_through(reconciler, 2)
    assert not checker.stop.is_on
    assert "for long" not in capsys.readouterr().out


async def test_a_look_asks_the_chain_little_however_many_accounts_there_are(checker: Checker) -> None:
    await checker.people(60, USDT=1)
    asked = 0

    async def count(*_: object) -> None:
        nonlocal asked
        asked += 1

    async with AsyncClient(checker.house.world.net.url, timeout=5) as client:
        client._provider.session.event_hooks["request"].append(count)
        vault = checker.house.books.vault(client)
        await vault.load()
        reconciler = checker.reconciler(client, vault, most=20)
        await reconciler.look()
        assert asked == 2  # lamports, and all accounts of 18 people and of the house in one question
        for _ in range(6):
            await reconciler.look()
    assert checker.looked.round_s is not None
    assert not checker.stop.is_on


async def test_a_node_that_is_far_behind_is_not_believed(checker: Checker) -> None:
    await checker.people(1, USDT=100)
    async with checker.comparing() as reconciler:
        checker.looked.slot = checker.house.world.net.chain.blocks.head.slot + 1_000
        with pytest.raises(ChainUnavailable, match="behind"):
            await reconciler.look()
    assert not checker.stop.is_on
