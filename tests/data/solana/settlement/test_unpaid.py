"""Fills whose money is not there yet: they wait, however many, and hold up nobody else."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from engine.core.types import Atoms
from engine.settlement.settlement import NotSpendable
from engine.settlement.types import BatchKind, Move
from tests.data.solana.settlement.settling import BTC, QUICK, USDT, House, Running, house_on


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_on(tmp_path) as opened:
        yield opened


async def test_money_that_is_not_there_yet_is_waited_for_and_others_go_on(house: House) -> None:
    ada, bob, cleo, dan = await house.people(4, USDT=100_000, BTC=10)
    eve = await house.exchange.person(USDT=100_000)  # whose deposit is not swept yet
    await house.traded(eve, ada)
    await house.traded(bob, cleo)
    await house.traded(dan, eve, 9)  # with what Eve bought, less its fee
    async with house.settling() as running:
        await running.until(lambda: running.settlement.backlog.settled == 1)
        await asyncio.sleep(0.1)
        backlog = running.settlement.backlog
        assert (backlog.settled, backlog.owed, backlog.batches) == (1, 2, 0)
        await house.deposit({(eve, USDT): 100_000})
    async with house.settling() as running:
        await running.nothing_owed()
    await house.agree()


async def test_however_many_fills_cannot_be_paid_the_others_settle_and_they_do_in_their_order(house: House) -> None:
    ada, bob, cleo = await house.people(3, USDT=100_000, BTC=10)
    eve, donor = await house.exchange.person(USDT=100_000), await house.exchange.person()  # nothing of Eve's is swept
    await house.deposit({(donor, USDT): 100_000, (eve, USDT): 0})
    few = replace(QUICK, most_fills=8, again_s=0.05)
    stuck = [trade for _ in range(30) for trade in await house.traded(eve, ada, 1)]
    fine = [trade for _ in range(20) for trade in await house.traded(bob, cleo, 1)]
    (resold,) = await house.traded(ada, eve, 10)  # with what Eve bought: it waits for all of that
    fine += await house.traded(cleo, bob, 5)
    needed = sum(trade.notional for trade in stuck)

    async def until(running: Running, *, settled: int, owed: int) -> None:
        def look() -> bool:
            collector, backlog = running.settlement._collector, running.settlement.backlog
            assert len(collector.owed) + len(collector._carried) <= few.most_fills
            return (backlog.settled, backlog.owed) == (settled, owed)

        await running.until(look)

    async def sweep(running: Running, atoms: int) -> None:
        place, target = (running.vault.address(user, USDT) for user in (donor, eve))
        async with asyncio.timeout(20):
            while True:
                try:
                    await running.settlement.add(BatchKind.SWEEP, [Move(USDT, Atoms(atoms), place, target)])
                except NotSpendable:  # not all is read just now
                    await asyncio.sleep(0.01)
                else:
                    return

    async with house.settling(few) as running:
        await until(running, settled=len(fine), owed=31)
        assert running.settlement.backlog.oldest_owed_s > 0
    async with house.settling(few) as running:  # after a restart it is the same, and half of the money comes
        await until(running, settled=0, owed=31)
        assert running.settlement._collector.debits((eve, USDT)) == needed
        await sweep(running, needed // 2)
        await until(running, settled=15, owed=16)
        assert running.settlement.withdrawable(eve, USDT) == 0
    async with house.settling(few) as running:
        await sweep(running, 100_000 * 10**6 - needed // 2)
        await until(running, settled=16, owed=0)
        await running.nothing_owed()
        left = 100_000 * 10**6 - needed + resold.notional - resold.maker_fee
        await running.until(lambda: running.settlement.withdrawable(eve, USDT) == left)
    await house.agree()
    hold_the_order(house)


def hold_the_order(house: House) -> None:
    """Whoever pays in an asset pays in the order of their trades."""
    connection = sqlite3.connect(f"file:{house.exchange.path}?mode=ro", uri=True)
    try:
        found = connection.execute(
            "SELECT batch_id, taker_side = 'buy', maker, taker FROM settlement_outbox JOIN trades ON id = trade_id"
            " ORDER BY id"
        ).fetchall()
    finally:
        connection.close()
    newest: dict[tuple[str, int], int] = {}
    for batch, is_bought, maker, taker in found:
        buyer, seller = (taker, maker) if is_bought else (maker, taker)
        for payer in (("USDT", buyer), ("BTC", seller)):
            assert newest.get(payer, 0) <= batch
            newest[payer] = batch


def _read(running: Running) -> int:
    backlog = running.settlement.backlog
    return backlog.settled + backlog.under_way + backlog.owed


async def test_with_few_fills_in_memory_all_settle_in_their_order_and_once(house: House) -> None:
    people = await house.people(4, USDT=1_000, BTC=1)
    late = [await house.exchange.person(USDT=1_000, BTC=1) for _ in range(2)]
    trades = await house.trades([*people, *late], 60, random.Random(5), most=10)
    few = replace(QUICK, most_fills=12, again_s=0.01)
    async with house.settling(few) as running:
        await running.until(lambda: _read(running) == len(trades))
        assert running.settlement.backlog.owed > few.most_fills
    await house.deposit({(user, asset): units for user in late for asset, units in ((USDT, 1_000), (BTC, 1))})
    async with house.settling(few) as running:
        await running.nothing_owed()
    await house.agree()
    hold_the_order(house)
