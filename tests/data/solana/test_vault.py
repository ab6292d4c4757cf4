"""Vault accounts and lookup tables on a real localnet, whatever was there before and whenever we die."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Finalized
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import CreateAccountWithSeedParams, create_account_with_seed
from solders.token.state import TokenAccount
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import initialize_account3
from spl.token.models import InitializeAccount3Params
from typing_extensions import override

from data.solana import keys
from data.solana.vault import RpcVault
from data.store.vault import SqlVault
from engine.core.types import FEES, MARKET_MAKER, AssetCode, UserId
from engine.ports import ChainUnavailable, Signer
from engine.settlement import vault as vaults
from engine.settlement.vault import LookupTable, NotOurs, Vault
from tests.data.solana.deposits.bank import Bank, bank, until
from tests.data.solana.localnet.world import paying

USDT, BTC = AssetCode("USDT"), AssetCode("BTC")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Bank]:
    async with bank(tmp_path) as opened:
        yield opened


def vault_of(house: Bank, chain: RpcVault | None = None) -> Vault:
    mints = {code: each.mint for code, each in house.assets.items()}
    store = SqlVault(house.exchange.store, house.exchange.queries)
    return Vault(chain or RpcVault(house.world.client), house.keys, store, mints, house.exchange.now)


@asynccontextmanager
async def keeping_tables(vault: Vault) -> AsyncIterator[None]:
    task = asyncio.create_task(vault.keep_tables())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, ChainUnavailable):
            await task


async def people(house: Bank, number: int) -> list[UserId]:
    return [await house.exchange.person() for _ in range(number)]


async def test_accounts_are_where_anybody_can_derive_them_and_are_made_once(house: Bank) -> None:
    vault = vault_of(house)
    purses = [(user, asset) for user in (FEES, MARKET_MAKER, *await people(house, 12)) for asset in (USDT, BTC)]
    await asyncio.gather(vault.ensure(purses), vault.ensure(reversed(purses)))
    await vault.ensure(purses)
    authority = Pubkey.from_string(house.keys.vault.address)
    again = vault_of(house)
    await again.load()
    for user, asset in purses:
        address = Pubkey.create_with_seed(authority, f"{user}:{asset}", TOKEN_PROGRAM_ID)
        found = (await house.world.client.get_account_info(address)).value
        assert found is not None
        token = TokenAccount.from_bytes(bytes(found.data))
        assert (str(token.mint), token.owner) == (house.assets[asset].mint, authority)
        kept = again.find(user, asset)
        assert kept is not None
        assert (kept.token_account, kept.settled) == (str(address), 0)
        assert again.of_address(str(address)) == kept == vault.find(user, asset)
    assert again.find(UserId(99), USDT) is None
    await vault.ensure([(FEES, AssetCode("ETH"))])  # which has no mint here
    assert vault.find(FEES, AssetCode("ETH")) is None


async def test_lamports_that_somebody_sent_there_before_are_in_nobodys_way(house: Bank) -> None:
    ada, eve = await people(house, 2)
    vault = vault_of(house)
    for user, lamports in ((ada, 1_000_000), (eve, 10**9)):
        place = Pubkey.from_string(vault.address(user, USDT))
        await house.confirmed(house.rich, paying(house.rich, place, lamports))
    await house.finality()
    await vault.ensure([(ada, USDT), (eve, USDT)])
    assert vault.find(ada, USDT) is not None
    assert vault.find(eve, USDT) is not None


async def test_something_else_at_the_address_is_refused_and_the_others_are_made(house: Bank) -> None:
    ada, eve = await people(house, 2)
    vault = vault_of(house)
    authority = house.keys._derived("m/44'/501'/0'")
    place, stranger = Pubkey.from_string(vault.address(eve, USDT)), Keypair().pubkey()
    made = create_account_with_seed(
        CreateAccountWithSeedParams(
            from_pubkey=authority.pubkey(),
            to_pubkey=place,
            base=authority.pubkey(),
            seed=f"{eve}:USDT",
            lamports=10**8,
            space=165,
            owner=TOKEN_PROGRAM_ID,
        )
    )
    kind = initialize_account3(
        InitializeAccount3Params(program_id=TOKEN_PROGRAM_ID, account=place, mint=house.mint, owner=stranger)
    )
    await house.confirmed(authority, made, kind)
    await house.finality()
    await vault.ensure([(ada, USDT)])
    with pytest.raises(NotOurs, match="something else"):
        await vault.ensure([(eve, USDT)])
    assert vault.find(eve, USDT) is None
    await vault.ensure([(ada, BTC)])


class Dying(RpcVault):
    """Dies right after the step that it is told to."""

    dies_after = ""

    @override
    async def open_vault_accounts(self, authority: Signer, places: Sequence[tuple[str, str]]) -> None:
        await super().open_vault_accounts(authority, places)
        self._die("open")

    @override
    async def make_table(self, authority: Signer, slot: int, addresses: Sequence[str]) -> None:
        self._die("begin")
        await super().make_table(authority, slot, addresses)
        self._die("make")

    @override
    async def extend_table(self, authority: Signer, table: str, addresses: Sequence[str]) -> None:
        await super().extend_table(authority, table, addresses)
        self._die("extend")

    def _die(self, step: str) -> None:
        if step == self.dies_after:
            raise ChainUnavailable(f"died after {step}")


@pytest.mark.parametrize("step", ["open", "begin", "make", "extend"])
async def test_a_kill_in_between_is_recovered_from_the_chain(
    house: Bank, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vaults, "MOST_EXTENDED", 5)
    purses = [(user, USDT) for user in await people(house, 8)]
    chain = Dying(house.world.client)
    chain.dies_after = step
    killed = vault_of(house, chain)

    async def go_on() -> None:
        await killed.ensure(purses)
        await killed.keep_tables()

    with pytest.raises(ChainUnavailable, match="died"):
        await go_on()
    await house.finality()
    vault = vault_of(house)
    await vault.load()
    await vault.ensure(purses)
    wanted = {vault.address(*purse) for purse in purses} | {each.mint for each in house.assets.values()}

    async def all_listed() -> bool:
        return wanted == {address for table in vault.tables() for address in table.addresses}

    async with keeping_tables(vault):
        await until(all_listed)
    (table,) = vault.tables()
    assert len(table.addresses) == len(wanted)  # nothing twice
    assert [each.address for each in await on_chain(house, vault)] == [table.address]


async def test_a_full_table_is_followed_by_another(house: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vaults, "MOST_IN_A_TABLE", 6)
    monkeypatch.setattr(vaults, "MOST_EXTENDED", 4)
    vault = vault_of(house)
    await vault.ensure([(user, USDT) for user in await people(house, 9)])

    async def listed() -> bool:
        return sum(len(table.addresses) for table in vault.tables()) == 11

    async with keeping_tables(vault):
        await until(listed)
    assert [len(table.addresses) for table in vault.tables()] == [6, 5]
    assert await on_chain(house, vault) == vault.tables()


async def test_accounts_of_other_keys_are_left_alone(house: Bank) -> None:
    (ada,) = await people(house, 1)
    await vault_of(house).ensure([(ada, USDT)])
    house.keys = keys.DerivedKeys("MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    other = vault_of(house)
    await other.load()
    assert other.find(ada, USDT) is None


async def on_chain(house: Bank, vault: Vault) -> list[LookupTable]:
    async with AsyncClient(house.world.net.url, commitment=Finalized) as client:
        store = SqlVault(house.exchange.store, house.exchange.queries)
        found = await RpcVault(client).tables(list(await store.tables()))
    return [table for table in found if table is not None]
