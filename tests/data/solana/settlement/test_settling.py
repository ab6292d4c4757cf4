"""Fills that settle on a real localnet."""

import os
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from engine.settlement.fills import Fill
from engine.settlement.types import SettlementState
from tests.data.solana.settlement.settling import House, house_on
from tests.data.solana.settlement.trouble import settle_through_it

SENT, CONFIRMED, SETTLED = SettlementState.SENT, SettlementState.CONFIRMED, SettlementState.SETTLED
IS_SOAK = "CLOBSTER_TEST_SOAK_SETTLEMENT" in os.environ
TRADES, STARTS, KILLS = (10_000, 50, 6) if IS_SOAK else (1_000, 12, 2)
SEED = int(os.environ.get("CLOBSTER_TEST_SOAK_SETTLEMENT", "7"))


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with house_on(tmp_path) as opened:
        yield opened


async def test_fills_settle_to_the_atom(house: House) -> None:
    people = await house.people(10, USDT=100_000, BTC=10)
    trades = await house.trades(people, 200, random.Random(1))
    async with house.settling() as running:
        await running.nothing_owed()
        assert running.settlement.backlog.settled == len(trades)
    await house.agree()


async def test_whoever_listens_hears_how_far_each_fill_has_come(house: House) -> None:
    people = await house.people(4, USDT=100_000, BTC=10)
    trades = await house.trades(people, 20, random.Random(1))
    heard: defaultdict[int, list[tuple[SettlementState, str | None]]] = defaultdict(list)

    def listen(fills: Sequence[Fill], state: SettlementState, signature: str | None) -> None:
        for fill in fills:
            heard[fill.id].append((state, signature))
        raise ValueError("a listener's own trouble")

    async with house.settling() as running:
        running.settlement.fill_listeners.append(listen)
        await running.nothing_owed()
    for trade in trades:
        own = (await house.exchange.queries.own_trades(trade.taker, limit=1000)).items
        [signature] = [each.signature for each in own if each.trade.id == trade.id]
        states = [state for state, _ in heard[trade.id]]
        assert states in ([SENT, CONFIRMED, SETTLED], [SENT, SETTLED])
        assert {each for _, each in heard[trade.id]} == {signature}


async def test_every_fill_settles_once_whatever_the_chain_does_and_whenever_we_die(house: House) -> None:
    chance = random.Random(SEED)
    people = await house.people(50, USDT=20_000, BTC=1)
    await settle_through_it(house, people, TRADES, chance, starts=STARTS, kills=KILLS)
    await house.agree()
    outcomes = house.outcomes()
    assert set(outcomes) <= {"settled", "expired", "failed"}
    assert not IS_SOAK or outcomes["expired"] > STARTS, "too little went wrong"
