"""Solana from start to stop: which chain, what is deposited there, who watches it and settles. Trading never waits."""

import asyncio
import importlib
from collections import Counter
from collections.abc import Hashable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

import structlog
from msgspec import Struct
from solders.pubkey import Pubkey

from clobster import data_dir
from clobster.config import Settings
from clobster.liquidity import amounts_of
from clobster.markets import Listing
from clobster.metrics import DepositMetrics
from clobster.on_solana import master_key, mints_of
from clobster.reconciling import ReconcilingOnSolana
from clobster.settling import SettlementOnSolana
from clobster.solvency import SolvencyOnSolana
from clobster.sweeping import Sweeping
from clobster.withdrawing import PayingOut
from data.solana.keys import DerivedKeys
from data.store.deposit_accounts import SqlDepositAccounts
from data.store.queries import Queries
from engine.core.decimals import show
from engine.core.market import Asset
from engine.core.refusals import InvalidAmount
from engine.core.types import AssetCode, Atoms, UserId
from engine.custody.accounts import Depositable, DepositAccount, reference_of
from engine.custody.addresses import DepositAddresses
from engine.custody.arrivals import Arrival, Arrivals
from engine.custody.newcomers import MOST, Newcomers
from engine.custody.refusals import DepositsUnavailable
from engine.custody.watch import DepositWatch
from engine.ports import ChainUnavailable, Clock
from engine.sequencer.sequencer import Sequencer
from engine.trying import keep_trying

if TYPE_CHECKING:  # solana-py is imported beside trading
    from solana.rpc.async_api import AsyncClient

    from data.solana.localnet.localnet import Localnet

log = structlog.get_logger()

SLOT_S: Final = 0.2  # of the localnet of development: what is sent is final, and credited, in a second
CONFIRMED, FINALIZED = 1, 3  # slots
FINAL: Final = 32  # slots on a cluster
FEES_SOL: Final = 1_000  # what a localnet's vault authority is given
LAMPORTS: Final = 10**9
PATIENCE_S: Final = 30.0
LOOK_S: Final = 0.05


class Place(Struct, frozen=True):
    """Where a chain is, and our mints there."""

    url: str
    ws_url: str
    mints: dict[AssetCode, str]
    requests_s: int  # 0 is without a limit


class Custody:
    """Built with the exchange, run beside it. Until the chain has answered once, there are no deposits."""

    def __init__(
        self,
        settings: Settings,
        listing: Listing,
        sequencer: Sequencer,
        store: SqlDepositAccounts,
        queries: Queries,
        settling: SettlementOnSolana,
        paying_out: PayingOut,
        reconciling: ReconcilingOnSolana,
        solvency: SolvencyOnSolana,
        clock: Clock,
    ) -> None:
        """Derive the keys. Raises ConfigError where an asset or an amount is none."""
        self.counted: Counter[str] = Counter()
        self.metrics = DepositMetrics(self.counted)
        self._settings = settings
        self._assets = {asset.code: asset for asset in listing.assets}
        self._minimums = amounts_of("deposit_minimums", settings.deposit_minimums, listing)
        self._sweeping = Sweeping(settings, listing, queries)
        self._mints = mints_of(settings, self._assets)
        self._signers = DerivedKeys(master_key(settings))
        self._sequencer = sequencer
        self._store = store
        self._queries = queries
        self._settling = settling
        self._paying_out = paying_out
        self._reconciling = reconciling
        self._solvency = solvency
        self._clock = clock
        self._localnet: Localnet | None = None
        self._minting: AsyncClient | None = None
        self._addresses: DepositAddresses | None = None
        self._arrivals: Arrivals | None = None
        self._up = asyncio.Event()

    @property
    def localnet_url(self) -> str | None:
        """Where the localnet's RPC is, None while there is none."""
        return None if self._localnet is None else self._localnet.url

    async def address(
        self, user: UserId, code: AssetCode, place: Hashable = None
    ) -> tuple[DepositAccount, Depositable]:
        """Return where somebody deposits an asset, and what is credited. place is the neighbourhood they ask from.

        Raises UnknownAsset, DepositsUnavailable or TooManyDepositAddresses.
        """
        if self._addresses is None:
            raise DepositsUnavailable
        return await self._addresses.of(user, code, place)

    async def arriving(self, user: UserId, code: AssetCode, place: Hashable) -> list[Arrival]:
        """Return what is on its way to somebody's account, newest first. Raises as `address` does."""
        account, rules = await self.address(user, code, place)
        if self._arrivals is None:
            raise DepositsUnavailable
        return await self._arrivals.of(account, rules)

    async def fund(self, user: UserId, asset: Asset, atoms: Atoms) -> str:
        """Mint play money to somebody's deposit address; return the deposit's reference when it is credited.

        On a localnet only. Raises InvalidAmount or DepositsUnavailable.
        """
        from solana.exceptions import SolanaRpcException
        from solana.rpc.core import RPCException

        from data.solana.localnet.mints import NotDone, mint_to

        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._up.wait()
                account, rules = await self.address(user, asset.code)
                if not rules.minimum <= atoms < 2**63:
                    least = show(rules.minimum, asset.decimals)
                    raise InvalidAmount(f"At least {least} {asset.code} must come at once to be credited.")
                assert self._localnet is not None
                assert self._minting is not None
                owner, minter = Pubkey.from_string(account.owner), self._localnet.authority
                signature = await mint_to(self._minting, minter, asset.code, owner, atoms, asset.decimals)
                reference = reference_of(str(signature), account.token_account)
                while True:
                    if reference in [each.reference for each in await self._queries.deposits(user)]:
                        return reference
                    await asyncio.sleep(LOOK_S)
        except (TimeoutError, NotDone, SolanaRpcException, RPCException):
            raise DepositsUnavailable from None

    async def run(self) -> None:
        """Watch the chain until cancelled. What fails is tried again."""
        await keep_trying("solana", self._serve)

    async def _serve(self) -> None:
        for module in ("data.solana.chain", "data.solana.localnet.localnet"):
            await asyncio.to_thread(importlib.import_module, module)  # a fifth of a second that nobody waits for
        from data.solana.chain import RpcChain

        async with AsyncExitStack() as stack:
            place = await self._open(stack)
            chain = RpcChain(place.url, place.ws_url, requests_s=place.requests_s)
            stack.push_async_callback(chain.close)
            assets = {
                code: Depositable(self._assets[code], mint, self._minimums.get(code, Atoms(1)))
                for code, mint in place.mints.items()
            }
            found = await chain.decimals([asset.mint for asset in assets.values()])
            for asset, decimals in zip(list(assets.values()), found, strict=True):
                code = asset.asset.code
                if decimals is None:
                    raise ChainUnavailable(f"{asset.mint}, the mint of {code}, is not there")
                if decimals != asset.asset.decimals:
                    del assets[code]
                    log.error("no deposits of an asset: its mint has other decimals", asset=code, decimals=decimals)
            vault = self._signers.vault.address
            watch = DepositWatch(chain, self._store, self._sequencer, assets, self._clock, self.counted, vault=vault)
            await watch.load()
            opening = self._settling.open(chain.client, self._signers, assets)
            accounts, settlement = await stack.enter_async_context(opening)
            mints = {code: asset.mint for code, asset in assets.items()}
            stack.enter_context(self._paying_out.open(chain, accounts, settlement, mints, watch.knows))
            # On a localnet they cost nothing, and everybody asks from one place.
            newcomers = Newcomers() if self._localnet is None else Newcomers(most_a_place=MOST)
            addresses = DepositAddresses(
                chain, self._signers, self._store, watch, assets, self._clock, newcomers=newcomers
            )
            await addresses.load()
            sweeping = self._sweeping.open(
                chain.client, self._localnet, self._signers, assets, watch, addresses, accounts, settlement
            )
            await stack.enter_async_context(sweeping)
            await stack.enter_async_context(self._reconciling.open(chain.client, accounts, settlement))
            proving = self._solvency.open(place.url, chain.client, vault, assets, self._sweeping.backed)
            await stack.enter_async_context(proving)
            self._addresses = addresses
            needed = FINAL if self._localnet is None else FINALIZED
            self._arrivals = Arrivals(chain, lambda key: key == vault or watch.knows(key), self._clock, needed=needed)
            self._up.set()
            log.info("deposits are taken", localnet=self._localnet and place.url, vault=vault, assets=sorted(assets))
            try:
                await watch.run()
            finally:
                self._addresses = self._arrivals = self._localnet = self._minting = None
                self._up.clear()

    async def _open(self, stack: AsyncExitStack) -> Place:
        """Return where the chain is; a localnet is opened, and the stack closes it."""
        settings = self._settings
        if settings.solana == "rpc":
            assert settings.solana_rpc_url is not None
            assert settings.solana_pubsub_url is not None
            return Place(settings.solana_rpc_url, settings.solana_pubsub_url, self._mints, settings.solana_requests_s)
        from solana.rpc.async_api import AsyncClient
        from solana.rpc.commitment import Finalized

        from clobster.localnet import directory
        from data.solana.localnet.blocks import Lags
        from data.solana.localnet.history import InUse, TooOld
        from data.solana.localnet.localnet import Localnet
        from data.solana.localnet.mints import create_mints

        lags = Lags(CONFIRMED, FINALIZED)
        opening = Localnet.open(directory(settings.data_dir), slot_s=SLOT_S, lags=lags)
        try:
            localnet = await stack.enter_async_context(opening)
        except (InUse, TooOld) as wrong:
            raise ChainUnavailable(str(wrong)) from None
        # Kept open: another one reads all certificates of this machine, 20 ms in which nobody trades.
        client = await stack.enter_async_context(AsyncClient(localnet.url))
        decimals = {str(code): asset.decimals for code, asset in self._assets.items()}
        mints = await create_mints(client, localnet.authority, decimals)
        vault = Pubkey.from_string(self._signers.vault.address)
        if not (await client.get_balance(vault)).value:
            await client.request_airdrop(vault, FEES_SOL * LAMPORTS)
        async with asyncio.timeout(PATIENCE_S):
            while True:  # until all that is final, too: deposits are watched there
                found = await client.get_multiple_accounts([vault, *mints.values()], Finalized)
                if None not in found.value:
                    break
                await asyncio.sleep(LOOK_S)
        self._localnet, self._minting = localnet, client
        stack.enter_context(data_dir.announced(settings.data_dir, localnet.url, data_dir.LOCALNET))
        return Place(
            localnet.url, localnet.ws_url, {AssetCode(code): str(mint) for code, mint in mints.items()}, requests_s=0
        )
