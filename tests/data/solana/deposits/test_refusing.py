"""What is no deposit is never credited, counted every time and told once."""

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from structlog.testing import capture_logs

from data.solana.localnet.faults import DropFork, Heal, HoldFinality
from data.solana.localnet.mints import create_mints, mint_to
from tests.data.solana.deposits.bank import UNIT, Bank, account, sending
from tests.data.solana.localnet.world import SOL, moving, paying


@pytest.fixture(params=[{"poll_s": None}, {"pubsub": False}], ids=["pubsub", "polling"])
def way(request: pytest.FixtureRequest) -> dict[str, object]:
    return dict(request.param)


async def only(house: Bank, user: int, owner: str) -> None:
    """Send one USDT more, and see that this is all that somebody gets."""
    await house.send(owner, UNIT)
    await house.has(user, UNIT)  # type: ignore[arg-type]
    await house.finality()
    assert len(await house.exchange.queries.deposits(user)) == 1  # type: ignore[arg-type]


async def test_a_fake_mint_is_worth_nothing(house: Bank, way: dict[str, object]) -> None:
    ada = await house.exchange.person()
    async with house.open(**way) as desk:
        owner = await desk.owner(ada)
        forger = Keypair()
        await house.world.client.request_airdrop(forger.pubkey(), 10 * SOL)
        await house.finality()
        fake = (await create_mints(house.world.client, forger, {"USDT": 6}))["USDT"]
        await mint_to(house.world.client, forger, "USDT", forger.pubkey(), 1000 * UNIT, 6)
        await mint_to(house.world.client, forger, "USDT", Pubkey.from_string(owner), 500 * UNIT, 6)
        # In one transaction with something that names the true account.
        await house.confirmed(
            forger,
            *sending(forger, owner, fake, 400 * UNIT),
            paying(forger, account(Pubkey.from_string(owner), house.mint), 5_000),
        )
        await only(house, ada, owner)
        assert house.counted["foreign"] == 1


async def test_a_failed_transaction_is_worth_nothing(house: Bank, way: dict[str, object]) -> None:
    ada = await house.exchange.person()
    async with house.open(**way) as desk:
        owner = await desk.owner(ada)
        failing = moving(
            account(house.rich.pubkey(), house.mint),
            house.mint,
            account(Pubkey.from_string(owner), house.mint),
            house.rich.pubkey(),
            10**15,
        )
        await house.confirmed(house.rich, *sending(house.rich, owner, house.mint, 5 * UNIT), failing)
        await only(house, ada, owner)
        assert house.counted["failed"] >= 1


async def test_a_dropped_fork_credits_nothing(house: Bank, way: dict[str, object]) -> None:
    ada = await house.exchange.person()
    async with house.open(**way) as desk:
        owner = await desk.owner(ada)
        net = house.world.net
        await net.inflict(HoldFinality())
        await house.finality(1)
        await house.send(owner, 5 * UNIT)
        await house.finality(3)
        blocks = net.chain.blocks
        await net.inflict(DropFork(len(blocks.after(blocks.root)) - 1))
        await net.inflict(Heal())
        await house.finality()
        assert await house.balance(ada) == 0
        await only(house, ada, owner)


async def test_a_flood_of_dust_is_counted_told_once_and_holds_up_nobody(house: Bank, way: dict[str, object]) -> None:
    ada, bob = await house.exchange.person(), await house.exchange.person()
    with capture_logs() as logs:
        async with house.open(**way) as desk:
            to_ada, to_bob = await desk.owner(ada), await desk.owner(bob)
            for dust in range(150):
                await house.confirmed(house.rich, *sending(house.rich, to_ada, house.mint, 1 + dust))
            await house.send(to_bob, 2 * UNIT)
            await house.has(bob, 2 * UNIT)
            await only(house, ada, to_ada)
            await house.told("dust", 150)
    assert house.counted["dust"] == 150
    assert [log["event"] for log in logs].count("what has arrived is not credited") == 1


async def test_what_we_move_ourselves_is_no_deposit(house: Bank, way: dict[str, object]) -> None:
    ada, bob = await house.exchange.person(), await house.exchange.person()
    vault = house.keys.vault
    async with house.open(**way) as desk:
        to_ada, to_bob = await desk.owner(ada), await desk.owner(bob)
        own = (house.keys._derived("m/44'/501'/0'"), house.keys._derived(f"m/44'/501'/1'/{bob}'"))
        assert [str(key.pubkey()) for key in own] == [vault.address, to_bob]
        await house.world.client.request_airdrop(own[1].pubkey(), SOL)
        for ours in own:
            await mint_to(house.world.client, house.world.net.authority, "USDT", ours.pubkey(), 50 * UNIT, 6)
            await house.send(to_ada, 20 * UNIT, source=ours)
        await house.told("ours", 2)
        await only(house, ada, to_ada)


async def test_native_sol_is_told_once(house: Bank) -> None:
    ada = await house.exchange.person()
    with capture_logs() as logs:
        async with house.open(pubsub=False) as desk:
            owner = await desk.owner(ada)
            await house.confirmed(house.rich, paying(house.rich, Pubkey.from_string(owner), SOL))
            await house.told("native_sol")
            await only(house, ada, owner)
    assert house.counted["native_sol"] == 1
    [told] = [log for log in logs if log["event"] == "what has arrived is not credited"]
    assert (told["why"], told["account"]) == ("native_sol", ada)
    assert await house.balance(ada, "SOL") == 0


async def test_more_than_the_ledger_holds_is_told_and_stops_nothing(house: Bank, way: dict[str, object]) -> None:
    ada, bob = await house.exchange.person(), await house.exchange.person()
    async with house.open(**way) as desk:
        to_ada, to_bob = await desk.owner(ada), await desk.owner(bob)
        await mint_to(house.world.client, house.world.net.authority, "USDT", Pubkey.from_string(to_ada), 2**63 - 1, 6)
        await house.told("refused")
        await house.send(to_bob, UNIT)
        await house.has(bob, UNIT)
        assert await house.balance(ada) == 0
