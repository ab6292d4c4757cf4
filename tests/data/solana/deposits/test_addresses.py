"""Everybody has one owner's address, with a token account for every asset; making them is bounded."""

import asyncio
from base64 import b64encode

import pytest
from solders.pubkey import Pubkey

from data.solana.keys import DerivedKeys
from data.solana.localnet.faults import Down, DropSends, Heal, LoseReplies, Unavailable
from data.store.wallets import SqlWallets
from engine.accounts.wallet_types import in_chat
from engine.core.refusals import UnknownAsset
from engine.core.types import AssetCode, UserId
from engine.custody.newcomers import Newcomers
from engine.custody.refusals import DepositsUnavailable, TooManyDepositAddresses
from tests.data.solana.deposits.bank import UNIT, Bank, Desk
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


async def test_many_free_accounts_take_nobody_elses_address(house: Bank) -> None:
    exchange = house.exchange
    wallets = SqlWallets(exchange.store, exchange.queries)

    async def by_wallet(number: int) -> UserId:
        return (await wallets.person_by_wallet(f"wallet {number}", exchange.now())).id

    free = [await by_wallet(number) for number in range(6)]
    telegram, depositor, mover, heir = [await exchange.person() for _ in range(4)]
    honest = await by_wallet(7)
    await exchange.fund(depositor, USDT=5)
    for number, person in enumerate((depositor, mover), 10):
        chat = in_chat(person, (await exchange.accounts.account(person)).telegram_id)  # type: ignore[union-attr, arg-type]
        await wallets.link_wallet(chat, f"wallet {number}", exchange.now())
        await wallets.unlink_telegram(chat, exchange.now(), frozenset())
    # What Telegram person spoke for the mover speaks for another account within the day.
    await exchange.store.write(
        lambda db: db.execute(
            "UPDATE users SET telegram_id = (SELECT CAST(detail AS INTEGER) FROM activity WHERE user_id = ?"
            " AND kind = 'telegram_unlinked') WHERE id = ?",
            (mover, heir),
        )
    )

    async def asks(desk: Desk, user: UserId, place: str) -> bool:
        try:
            await desk.addresses.of(user, USDT, place)
        except TooManyDepositAddresses:
            return False
        return True

    async with house.open(newcomers=Newcomers(4, 2)) as desk:
        assert [await asks(desk, user, "his") for user in free[:4]] == [True, True, False, False]
        assert await asks(desk, free[0], "his")  # it is made
        assert await asks(desk, honest, "hers")
        assert not await asks(desk, mover, "his")
        assert not await asks(desk, heir, "his")
        assert [await asks(desk, user, "his") for user in (telegram, depositor)] == [True, True]
        assert [await asks(desk, user, "elsewhere") for user in free[2:4]] == [True, False]
        late = await exchange.person()
        assert await asks(desk, late, "his")
    async with house.open(newcomers=Newcomers(4, 2)) as desk:  # after a restart
        assert not await asks(desk, free[3], "anywhere")
        await exchange.fund(honest, USDT=5)
    async with house.open(newcomers=Newcomers(4, 2)) as desk:
        assert await asks(desk, free[3], "anywhere")  # in the place of one who is none any more
        assert not await asks(desk, free[4], "anywhere")
        exchange.pass_by(86_400_000_000 + 1_000_000)
        assert [await asks(desk, user, "his") for user in (free[4], heir)] == [True, True]


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
