"""A deposit is told of while it is not final: how much, by which transaction, with how many confirmations."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from data.solana.localnet.faults import Down, Heal, HoldFinality
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.arrivals import FRESH, MOST_ASKED, MOST_KNOWN, Arrivals, Unfinal, Unfinished
from engine.custody.refusals import DepositsUnavailable
from tests.data.solana.deposits.bank import UNIT, Bank
from tests.data.store.books import USDT


async def test_confirmations_are_counted_until_it_is_final_and_credited(house: Bank) -> None:
    ada, eve = await house.exchange.person(), await house.exchange.person()
    async with house.open() as desk:
        await desk.owner(eve)
        owner = await desk.owner(ada)
        assert await desk.arriving(ada) == []
        await house.world.net.inflict(HoldFinality())
        await house.send(owner, UNIT // 1000)  # less than the least that is credited
        signature = str(await house.send(owner, 5 * UNIT))
        counts: list[int] = []
        while len(set(counts)) < 3:
            for arrival in await desk.arriving(ada):
                assert (arrival.signature, arrival.atoms, arrival.needed) == (signature, 5 * UNIT, 3)
                counts.append(arrival.confirmations)
            await asyncio.sleep(0.02)
        assert counts == sorted(counts)
        assert await desk.arriving(eve) == []
        assert await house.balance(ada) == 0
        await house.world.net.inflict(Heal())
        await house.has(ada, 5 * UNIT)
        assert await desk.arriving(ada) == []


async def test_a_chain_that_does_not_answer_is_no_empty_list(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        await desk.owner(ada)
        await house.world.net.inflict(Down(60))
        with pytest.raises(DepositsUnavailable):
            await desk.arriving(ada)
        await house.world.net.inflict(Heal())


class Slow(Unfinished):
    """A chain that answers when it is let go on."""

    def __init__(self) -> None:
        self.asked = 0
        self.go_on = asyncio.Event()

    @override
    async def unfinal(self, address: str, *, until: str | None) -> Sequence[Unfinal]:
        self.asked += 1
        await self.go_on.wait()
        return []


async def test_the_chain_is_asked_seldom_and_by_few_at_once() -> None:
    chain, at = Slow(), Micros(FRESH)
    arrivals = Arrivals(chain, lambda key: False, lambda: at, needed=3)

    async def look(number: int) -> None:
        account = DepositAccount(f"account {number}", "owner", UserId(number), AssetCode("USDT"), "mint", Micros(1))
        await arrivals.of(account, Depositable(USDT, "mint", Atoms(1)))

    looking = [asyncio.create_task(look(number)) for number in range(MOST_ASKED)]
    await asyncio.sleep(0)
    with pytest.raises(DepositsUnavailable):
        await look(MOST_ASKED)
    chain.go_on.set()
    await asyncio.gather(*looking)
    for number in range(MOST_KNOWN + 10):
        await look(number)
    assert chain.asked == MOST_KNOWN + 10  # the first few were known
    await look(0)  # which was let go of
    assert chain.asked == MOST_KNOWN + 11
    at = Micros(at + FRESH)
    await look(MOST_KNOWN)
    assert chain.asked == MOST_KNOWN + 12
