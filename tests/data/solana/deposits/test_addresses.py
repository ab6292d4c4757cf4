"""Everybody has one owner's address, with a token account for every asset; making them is bounded."""

import asyncio
from base64 import b64encode

import pytest
from solders.pubkey import Pubkey

from data.solana.keys import DerivedKeys
from data.solana.localnet.faults import Down, DropSends, Heal, LoseReplies, Unavailable
from engine.core.refusals import UnknownAsset
from engine.core.types import AssetCode
from engine.custody.refusals import DepositsUnavailable, TooManyDepositAddresses
from tests.data.solana.deposits.bank import UNIT, Bank
from tests.data.solana.localnet.world import SOL

USDT, BTC = AssetCode("USDT"), AssetCode("BTC")


async def test_an_address_is_the_accounts_own_and_stays(house: Bank) -> None:
    ada, bob = await house.exchange.person(), await house.exchange.person()
    async with house.open() as desk:
        usdt, rules = await desk.addresses.of(ada, USDT)
        btc, _ = await desk.addresses.of(ada, BTC)
        assert (usdt.owner, usdt.mint, rules.minimum) == (house.keys.deposits(ada).address, str(house.mint), 10**6)
        assert (btc.owner, btc.token_account != usdt.token_account) == (usdt.owner, True)
        assert (await desk.addresses.of(bob, USDT))[0].owner != usdt.owner
        made = await house.world.client.get_multiple_accounts(
            [Pubkey.from_string(each.token_account) for each in (usdt, btc)]
        )
        assert None not in made.value
        with pytest.raises(UnknownAsset):
            await desk.addresses.of(ada, AssetCode("ETH"))
    async with house.open() as desk:
        assert (await desk.addresses.of(ada, USDT))[0].token_account == usdt.token_account


async def test_many_asks_at_once_make_it_once(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        found = await asyncio.gather(*(desk.addresses.of(ada, USDT) for _ in range(50)))
        assert len({account.token_account for account, _ in found}) == 1
        assert len(await house.store.all()) == 2
        signatures = await house.world.client.get_signatures_for_address(Pubkey.from_string(house.keys.vault.address))
        assert len(signatures.value) == 2  # the airdrop, and this


async def test_so_many_a_day_and_no_more(house: Bank) -> None:
    people = [await house.exchange.person() for _ in range(3)]
    async with house.open(most_a_day=2) as desk:
        for each in people[:2]:
            await desk.addresses.of(each, USDT)
        with pytest.raises(TooManyDepositAddresses):
            await desk.addresses.of(people[2], USDT)
        house.exchange.pass_by(86_400_000_000 + 1_000_000)
        await desk.addresses.of(people[2], USDT)


@pytest.mark.parametrize("fault", [Unavailable(), Down(600.0)], ids=["unavailable", "down"])
async def test_without_a_chain_they_are_refused_until_it_is_back(house: Bank, fault: Unavailable | Down) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        await house.world.net.inflict(fault)
        with pytest.raises(DepositsUnavailable):
            await desk.addresses.of(ada, USDT)
        assert await house.store.all() == []
        await house.world.net.inflict(Heal())
        await desk.addresses.of(ada, USDT)


@pytest.mark.parametrize("fault", [DropSends(), LoseReplies()], ids=["dropped", "reply lost"])
async def test_a_send_that_goes_wrong_makes_them_all_the_same(house: Bank, fault: DropSends | LoseReplies) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        await house.world.net.inflict(fault)
        try:
            account, _ = await desk.addresses.of(ada, USDT)
        except DepositsUnavailable:
            account, _ = await desk.addresses.of(ada, USDT)
        made = await house.world.client.get_account_info(Pubkey.from_string(account.token_account))
        assert made.value is not None


async def test_after_a_change_of_the_master_key_old_addresses_are_still_credited(house: Bank) -> None:
    ada = await house.exchange.person()
    async with house.open() as desk:
        old = await desk.owner(ada)
    house.keys = DerivedKeys(b64encode(b"n" * 32).decode())
    await house.world.client.request_airdrop(Pubkey.from_string(house.keys.vault.address), SOL)
    await house.finality()
    async with house.open() as desk:
        new = await desk.owner(ada)
        assert new != old
        await house.send(old, 2 * UNIT)
        await house.send(new, 3 * UNIT)
        await house.has(ada, 5 * UNIT)
