"""A real exchange and a real localnet whose slots take 20 ms, with people who deposit and others who try things."""

import asyncio
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.token.associated import get_associated_token_address
from spl.token.instructions import create_idempotent_associated_token_account

from data.solana.chain import RpcChain
from data.solana.keys import DerivedKeys
from data.solana.localnet.blocks import Lags
from data.solana.localnet.mints import create_mints, mint_to
from data.store.deposit_accounts import SqlDepositAccounts
from engine.core.market import Asset
from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.custody.accounts import Depositable
from engine.custody.addresses import DepositAddresses
from engine.custody.arrivals import FRESH, Arrival, Arrivals
from engine.custody.watch import DepositWatch
from tests.data.solana.localnet.world import SOL, UNCHECKED, World, memo, moving, world_on
from tests.data.store.books import BTC, USDT, Books, books

UNIT = 10**6  # atoms of a USDT
PATIENCE_S = 15.0
LAGS = Lags(1, 3)
MASTER = b64encode(b"m" * 32).decode()


class Bank:
    """The exchange's deposits. `rich` is somebody outside who has USDT and lamports."""

    def __init__(self, world: World, exchange: Books, assets: dict[AssetCode, Depositable], rich: Keypair) -> None:
        self.world = world
        self.exchange = exchange
        self.assets = assets
        self.rich = rich
        self.keys = DerivedKeys(MASTER)
        self.store = SqlDepositAccounts(exchange.store, exchange.queries)
        self.counted: Counter[str] = Counter()
        self._numbers = count()

    @property
    def mint(self) -> Pubkey:
        return Pubkey.from_string(self.assets[AssetCode("USDT")].mint)

    @asynccontextmanager
    async def open(self, **options: Any) -> AsyncIterator["Desk"]:
        """Watch, and give addresses out, until left; options are those of the watch."""
        chain = options.pop("chain", RpcChain)(self.world.net.url, self.world.net.ws_url)
        store = options.pop("store", self.store)
        sequencer, now, vault = self.exchange.sequencer, self.exchange.now, self.keys.vault.address
        most, newcomers = options.pop("most_a_day", 1_000), options.pop("newcomers", None)
        options = {"poll_s": 0.1} | options
        watch = DepositWatch(chain, store, sequencer, self.assets, now, self.counted, vault=vault, **options)
        await watch.load()
        addresses = DepositAddresses(
            chain, self.keys, store, watch, self.assets, now, most_a_day=most, newcomers=newcomers
        )
        await addresses.load()
        never_twice = count(FRESH, FRESH).__next__  # a clock by which no answer is fresh
        arrivals = Arrivals(
            chain, lambda key: key == vault or watch.knows(key), lambda: Micros(never_twice()), needed=LAGS.finalized
        )
        desk = Desk(watch, addresses, arrivals)
        task = asyncio.create_task(watch.run())
        try:
            yield desk
        finally:
            task.cancel()
            await asyncio.wait([task])
            await chain.close()

    async def send(self, to: str, atoms: int, mint: Pubkey | None = None, source: Keypair | None = None) -> Signature:
        """Send tokens to an owner's token account from somebody's."""
        source, mint = source or self.rich, mint or self.mint
        return await self.confirmed(source, *sending(source, to, mint, atoms))

    async def confirmed(self, payer: Keypair, *instructions: Instruction) -> Signature:
        """Send a transaction; return when it is in a block, whether it has failed or not."""
        note = memo(payer.pubkey(), f"{next(self._numbers)}")  # two alike would be one
        signature = await self.world.send(await self.world.signed(payer, *instructions, note), UNCHECKED)
        await until(lambda: self.world.status(signature))
        return signature

    async def balance(self, user: UserId, asset: str = "USDT") -> int:
        return sum(each.available for each in await self.exchange.queries.balances(user) if each.asset == asset)

    async def has(self, user: UserId, atoms: int, asset: str = "USDT") -> None:
        """Wait until somebody has so much."""

        async def look() -> bool:
            return await self.balance(user, asset) == atoms

        await until(look)

    async def finality(self, slots: int = 12) -> None:
        """Wait until whatever was sent is final, and some time more."""
        slot = self.world.net.chain.blocks.head.slot

        async def look() -> bool:
            return self.world.net.chain.blocks.head.slot >= slot + slots

        await until(look)

    async def told(self, outcome: str, times: int = 1) -> None:
        """Wait until something was counted so often."""

        async def look() -> bool:
            return self.counted[outcome] >= times

        await until(look)


class Desk:
    """What is open."""

    def __init__(self, watch: DepositWatch, addresses: DepositAddresses, arrivals: Arrivals) -> None:
        self.watch = watch
        self.addresses = addresses
        self.arrivals = arrivals

    async def owner(self, user: UserId) -> str:
        """Return where somebody deposits."""
        return (await self.addresses.of(user, AssetCode("USDT")))[0].owner

    async def arriving(self, user: UserId) -> list[Arrival]:
        """Return what is on its way to somebody."""
        return await self.arrivals.of(*await self.addresses.of(user, AssetCode("USDT")))


def sending(source: Keypair, to: str, mint: Pubkey, atoms: int) -> list[Instruction]:
    """Return what sends tokens of six decimals as wallets do: the receiver's account is made where there is none."""
    owner = Pubkey.from_string(to)
    return [
        create_idempotent_associated_token_account(source.pubkey(), owner, mint),
        moving(account(source.pubkey(), mint), mint, account(owner, mint), source.pubkey(), atoms),
    ]


def account(owner: Pubkey, mint: Pubkey) -> Pubkey:
    return get_associated_token_address(owner, mint)


async def until(look: Callable[[], Any]) -> None:
    """Wait until something is true."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            if await look():
                return
            await asyncio.sleep(0.01)


@asynccontextmanager
async def bank(folder: Path, lags: Lags = LAGS) -> AsyncIterator[Bank]:
    """Open it: mints of USDT and BTC, a vault authority with lamports, and somebody rich, all of it final."""
    async with (
        world_on(folder / "localnet", lags=lags, slot_s=0.02) as world,
        books(folder / "books.sqlite") as exchange,
    ):
        authority, listed = world.net.authority, {str(asset.code): asset for asset in (USDT, BTC)}
        decimals = {code: asset.decimals for code, asset in listed.items()}
        mints = await create_mints(world.client, authority, decimals)
        opened = Bank(world, exchange, {}, Keypair())
        for code, asset in listed.items():
            opened.assets[AssetCode(code)] = Depositable(asset, str(mints[code]), least(asset))
        for key in (opened.rich.pubkey(), Pubkey.from_string(opened.keys.vault.address)):
            await world.client.request_airdrop(key, 100 * SOL)
        await mint_to(world.client, authority, "USDT", opened.rich.pubkey(), 10**6 * UNIT, 6)
        await opened.finality()
        yield opened


def least(asset: Asset) -> Atoms:
    return Atoms(UNIT if asset.code == "USDT" else 1)
