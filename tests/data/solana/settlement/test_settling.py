"""Fills that settle on a real localnet."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.data.solana.settlement.settling import House, house_on
from tests.data.solana.settlement.trouble import settle_through_it


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


async def test_every_fill_settles_once_whatever_the_chain_does_and_whenever_we_stop(house: House) -> None:
    chance = random.Random(7)
    people = await house.people(50, USDT=100_000, BTC=10)
    await settle_through_it(house, people, 1_000, 12, chance)
    await house.agree()
