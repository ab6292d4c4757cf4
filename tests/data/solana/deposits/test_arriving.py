"""Whatever arrives is credited once, when it is final, however it is heard of."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

import pytest
from solders.pubkey import Pubkey
from typing_extensions import override

from data.solana.chain import RpcChain
from data.solana.localnet.faults import CutPubSub, Down, Heal, HoldFinality, RateLimited, StallPubSub, Unavailable
from data.solana.localnet.mints import mint_to
from data.store.deposit_accounts import SqlDepositAccounts
from engine.custody import watch as watching
from engine.custody.accounts import DepositAccount
from engine.ports import ChainTransaction, Listed
from tests.data.solana.deposits.bank import UNIT, Bank, account, sending, until

PUBSUB_ALONE: dict[str, Any] = {"poll_s": None}
POLLING_ALONE: dict[str, Any] = {"pubsub": False}
WAYS = pytest.mark.parametrize("way", [{}, PUBSUB_ALONE, POLLING_ALONE], ids=["both", "pubsub", "polling"])


@WAYS
async def test_a_deposit_is_credited_once_when_it_is_final(house: Bank, way: dict[str, Any]) -> None:
    ada, eve = await house.exchange.person(), await house.exchange.person()
    async with house.open(**way) as desk:
        await desk.owner(eve)
        owner = await desk.owner(ada)
        await house.world.net.inflict(HoldFinality())
        signature = await house.send(owner, 5 * UNIT)
        await house.finality()
        assert await house.balance(ada) == 0  # it is confirmed, and that is not enough
        await house.world.net.inflict(Heal())
        await house.has(ada, 5 * UNIT)
        await house.send(owner, 7 * UNIT)
        await house.has(ada, 12 * UNIT)
        await house.finality(30)
        assert await house.balance(ada) == 12 * UNIT
        assert await house.balance(eve) == 0
        first = (await house.exchange.queries.deposits(ada))[-1]
        assert first.reference == f"solana:{signature}:{account(Pubkey.from_string(owner), house.mint)}"
        await house.told("credited", 2)
        assert house.counted == {"credited": 2, "nothing": house.counted["nothing"]}


@WAYS
async def test_a_deposit_while_the_exchange_was_down_is_credited_once(house: Bank, way: dict[str, Any]) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
        await house.send(owner, 2 * UNIT)
        await house.has(ada, 2 * UNIT)
    for _ in range(60):  # some pages
        await house.send(owner, UNIT)
    await house.finality()
    for _ in range(3):
        async with house.open(**way):
            await house.has(ada, 62 * UNIT)
            await house.told("credited", 61)  # what is stopped right after the credit is never counted
            await house.finality()
    assert house.counted["credited"] == 61
    assert len(await house.exchange.queries.deposits(ada)) == 61


async def test_a_look_that_was_broken_off_goes_on(house: Bank) -> None:
    """However often it stops, each time after a page more, everything is credited once."""
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
    for _ in range(60):
        await house.send(owner, UNIT)
    await house.finality()
    store = DiesAfterPages(house)
    while await house.balance(ada) < 60 * UNIT:
        store.dead, deaths = False, store.deaths
        async with house.open(store=store, **POLLING_ALONE):

            async def died(deaths: int = deaths) -> bool:
                return store.deaths > deaths

            await until(died)
    assert store.deaths >= 2
    assert len(house.exchange.exchange.state.deposits) == 60


class DiesAfterPages(SqlDepositAccounts):
    """A store that keeps one page and then nothing more, as a process that is killed."""

    def __init__(self, house: Bank) -> None:
        super().__init__(house.exchange.store, house.exchange.queries)
        self.dead, self.deaths = False, 0

    @override
    async def keep(self, account: DepositAccount, landed: Sequence[str]) -> None:
        if self.dead:
            self.deaths += 1
            raise OSError("killed")
        await super().keep(account, landed)
        self.dead = True


async def test_a_kill_between_credit_and_cursor_credits_nothing_twice(house: Bank) -> None:
    ada = await house.exchange.person()
    store = DiesAfterPages(house)
    async with house.open() as desk:
        owner = await desk.owner(ada)
    store.dead = True
    async with house.open(store=store):
        await house.send(owner, 5 * UNIT)
        await house.has(ada, 5 * UNIT)
        await house.finality()
    assert store.deaths
    async with house.open():
        await house.finality(30)
        assert await house.balance(ada) == 5 * UNIT
        assert len(await house.exchange.queries.deposits(ada)) == 1


async def test_pubsub_that_says_nothing_more_is_not_missed(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
        await house.world.net.inflict(StallPubSub())
        await house.send(owner, 5 * UNIT)
        await house.has(ada, 5 * UNIT)


async def test_pubsub_that_was_cut_comes_again_and_hears_of_what_it_missed(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open(**PUBSUB_ALONE) as desk:
        owner = await desk.owner(ada)
        for part in range(1, 4):
            await house.world.net.inflict(CutPubSub())
            await house.send(owner, UNIT)
            await house.has(ada, part * UNIT)


@pytest.mark.parametrize("fault", [Down(60.0), Unavailable(), RateLimited()], ids=lambda f: type(f).__name__)
async def test_an_rpc_that_is_down_or_busy_for_a_while_delays_and_loses_nothing(house: Bank, fault: Any) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
        await house.send(owner, 5 * UNIT)
        await house.world.net.inflict(fault)
        await house.exchange.fund(ada, BTC=1)  # the exchange goes on
        await asyncio.sleep(1)
        await house.world.net.inflict(Heal())
        await house.has(ada, 5 * UNIT)
        await house.told("credited")
        assert house.counted["credited"] == 1


async def test_one_transaction_pays_two_people_each_their_own(house: Bank) -> None:
    ada, bob = await house.exchange.person(), await house.exchange.person()
    async with house.open() as desk:
        to_ada, to_bob = await desk.owner(ada), await desk.owner(bob)
        await house.confirmed(
            house.rich,
            *sending(house.rich, to_ada, house.mint, 3 * UNIT),
            *sending(house.rich, to_bob, house.mint, 4 * UNIT),
            *sending(house.rich, to_ada, house.mint, 2 * UNIT),
        )
        await house.has(ada, 5 * UNIT)
        await house.has(bob, 4 * UNIT)
        assert len(await house.exchange.queries.deposits(ada)) == 1


async def test_another_asset_at_the_same_owner_is_seen_too(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = Pubkey.from_string(await desk.owner(ada))
        await mint_to(house.world.client, house.world.net.authority, "BTC", owner, 1234, 8)
        await house.has(ada, 1234, "BTC")


class OneOfMany(RpcChain):
    """A node behind the same address as others: at first the one that answers knows no history."""

    is_ignorant = True

    @override
    async def listed(self, address: str, *, before: str | None, until: str | None, limit: int) -> list[Listed]:
        if before is not None and self.is_ignorant:
            return []
        return await super().listed(address, before=before, until=until, limit=limit)

    @override
    async def transaction(self, signature: str) -> ChainTransaction | None:
        found = await super().transaction(signature)
        if self.is_ignorant and signature in self.reported:
            self.is_ignorant = False
            return None
        self.reported.add(signature)
        return found

    reported: ClassVar[set[str]] = set()


async def test_a_node_that_does_not_know_where_to_go_on_ends_no_look(
    house: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "PAGE", 2)
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
    for _ in range(5):
        await house.send(owner, UNIT)
    await house.finality()
    async with house.open(chain=OneOfMany, **PUBSUB_ALONE):
        await house.has(ada, 5 * UNIT)


class Counting(RpcChain):
    """Counts what is read of transactions, and lets something happen in the middle of a look."""

    read: ClassVar[list[str]] = []
    meanwhile: ClassVar[list[Callable[[], Awaitable[None]]]] = []

    @override
    async def listed(self, address: str, *, before: str | None, until: str | None, limit: int) -> list[Listed]:
        self.read.append(address)
        return await super().listed(address, before=before, until=until, limit=limit)

    @override
    async def transaction(self, signature: str) -> ChainTransaction | None:
        if self.meanwhile:
            await self.meanwhile.pop()()
        return await super().transaction(signature)


class Late(RpcChain):
    """Does not list what is new, so many times."""

    times: ClassVar[int] = 0

    @override
    async def listed(self, address: str, *, before: str | None, until: str | None, limit: int) -> list[Listed]:
        found = await super().listed(address, before=before, until=until, limit=limit)
        if found and Late.times:
            Late.times -= 1
            return []
        return found


async def test_what_comes_in_the_middle_of_a_look_is_looked_at_next(house: Bank) -> None:
    ada = await house.exchange.person()

    async def another() -> None:
        await house.send(owner, UNIT)
        await house.finality()

    async with house.open(chain=Counting, **PUBSUB_ALONE) as desk:
        owner = await desk.owner(ada)
        await house.finality()
        Counting.meanwhile.append(another)
        await house.send(owner, UNIT)
        await house.has(ada, 2 * UNIT)
    assert not Counting.meanwhile


async def test_what_was_looked_at_is_not_looked_at_again(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        owner = await desk.owner(ada)
        await house.send(owner, UNIT)
        await house.has(ada, UNIT)
        await house.finality(30)
    Counting.read.clear()
    async with house.open(chain=Counting):
        await house.finality(30)
        assert Counting.read == []
        await house.send(owner, UNIT)
        await house.has(ada, 2 * UNIT)
    assert Counting.read


async def test_a_node_that_lists_late_hides_no_deposit_from_polling(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open(**POLLING_ALONE, chain=Late) as desk:
        owner = await desk.owner(ada)
        await house.finality()
        Late.times = 3
        await house.send(owner, UNIT)
        await house.has(ada, UNIT)
        assert Late.times == 0


async def test_a_deposit_of_as_much_as_was_taken_away_is_seen(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open(**POLLING_ALONE) as desk:
        owner = await desk.owner(ada)
        await house.send(owner, 5 * UNIT)
        await house.has(ada, 5 * UNIT)
        await house.finality()
    key, vault = house.keys._derived(f"m/44'/501'/1'/{ada}'"), house.keys._derived("m/44'/501'/0'")
    taking = sending(key, str(house.rich.pubkey()), house.mint, 5 * UNIT)[1]
    taken = await house.world.send(await house.world.signed(vault, taking, others=[key]))
    await house.finality()
    await house.send(owner, 5 * UNIT)
    await house.finality()
    async with house.open(**POLLING_ALONE) as desk:
        await house.finality(30)
        assert await house.balance(ada) == 5 * UNIT  # it holds what it held
        address = str(account(Pubkey.from_string(owner), house.mint))
        desk.watch.look_again(address, str(taken))
        await house.has(ada, 10 * UNIT)

        async def is_at_rest() -> bool:
            return not desk.watch._awaited

        await until(is_at_rest)
        desk.watch.look_again(address, str(taken))  # it has come by
        assert await is_at_rest()
