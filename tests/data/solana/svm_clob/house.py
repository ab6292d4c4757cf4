"""Our side of svm_clob on a localnet: its program, mints, order books, accounts of ours with money in the vault."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from solders.account import Account
from solders.compute_budget import set_compute_unit_limit, set_compute_unit_price
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import (
    CreateAccountWithSeedParams,
    CreateLookupTableParams,
    ExtendLookupTableParams,
    create_account_with_seed,
    create_lookup_table,
    extend_lookup_table,
)
from solders.token.state import TokenAccount
from spl.token.constants import ACCOUNT_LEN, TOKEN_PROGRAM_ID
from spl.token.instructions import initialize_account3, mint_to_checked
from spl.token.models import InitializeAccount3Params, MintToCheckedParams

from data.solana.keys import KeySigner
from data.solana.localnet.blocks import Lags
from data.solana.svm_clob import addresses, transactions
from data.solana.svm_clob import instructions as told
from data.solana.svm_clob.layouts import UserAccount, decode_user_account
from data.solana.svm_clob.place import Minted, Place
from data.solana.svm_clob.program import SvmClob
from data.solana.svm_clob.starting import missing_accounts
from data.solana.token_program import TokenProgram
from engine.core.events import Traded
from engine.core.fees import fee
from engine.core.market import Asset, Market
from engine.core.types import (
    FEES,
    FIRST_PERSON,
    MARKET_MAKER,
    AssetCode,
    Atoms,
    Lots,
    Micros,
    OrderId,
    Side,
    Symbol,
    Ticks,
    TradeId,
    UserId,
)
from engine.settlement.fills import Fill, Purse
from engine.settlement.types import BatchKind, BatchState, SettlementBatch
from engine.settlement.vault import LookupTable
from tests.data.solana.localnet.world import SOL, UNCHECKED, World, minted, world_on
from tests.data.store.books import BTC, BTCUSDT, USDT

SOL_ASSET = Asset(AssetCode("SOL"), 9)
SOLUSDT = Market.of("SOLUSDT", SOL_ASSET, USDT, tick_atoms=10**4, lot_atoms=10**6)
ASSETS = (USDT, BTC, SOL_ASSET)
MARKETS = {market.symbol: market for market in (BTCUSDT, SOLUSDT)}
ADA, BOB, CYD = (UserId(FIRST_PERSON + number) for number in range(3))
MUCH = 10**15  # atoms that each account of ours has of each asset
USERS = (FEES, MARKET_MAKER, ADA, BOB, CYD)
LIMIT, PRICE = set_compute_unit_limit(1_400_000), set_compute_unit_price(0)
PROGRAM = Pubkey.from_string(addresses.DEVNET)


class Keys:
    """`engine.ports.Signers` of a house."""

    def __init__(self, house: "House") -> None:
        self._house = house
        self.vault = KeySigner(house.vault)

    def deposits(self, user: UserId) -> KeySigner:
        return KeySigner(self._house.owner_key(user))


class House:
    """`program` is what is tested; `vault` is its authority, with lamports."""

    def __init__(self, world: World, mints: Mapping[str, Pubkey], **changed: Any) -> None:
        self.world = world
        self.vault = Keypair.from_seed(b"v" * 32)
        terms: dict[str, Any] = {
            "program": PROGRAM,
            "authority": self.vault.pubkey(),
            "markets": MARKETS,
            "assets": {asset.code: Minted(mints[asset.code], asset.decimals) for asset in ASSETS},
            "most": {asset.code: Atoms(MUCH) for asset in ASSETS},
            "owner": self.owner,
            "vault_account": self.vault_account,
        }
        self.place = Place(**(terms | changed))
        self.tables: list[LookupTable] = []
        self.program = self.program_on(self.place)

    def program_on(self, place: Place) -> SvmClob:
        mints = {code: (str(asset.mint), asset.decimals) for code, asset in place.assets.items()}
        signers = Keys(self)
        return SvmClob(self.world.client, place, signers, TokenProgram(signers, mints, lambda: self.tables))

    def fits(self, *fills: Fill) -> bool:
        return self.program.fits((), fills)

    def owner_key(self, user: UserId) -> Keypair:
        return Keypair.from_seed(user.to_bytes(32, "big"))

    def owner(self, user: UserId) -> Pubkey:
        return self.owner_key(user).pubkey()

    def vault_account(self, user: UserId, asset: AssetCode) -> Pubkey:
        return Pubkey.create_with_seed(self.vault.pubkey(), f"{user}:{asset}", TOKEN_PROGRAM_ID)

    def mint(self, asset: str) -> Pubkey:
        return self.place.assets[AssetCode(asset)].mint

    async def open(self, users: Sequence[UserId]) -> None:
        """Make order books, user accounts and vault accounts with money in them, as an operator and the vault would."""
        for market in MARKETS.values():
            await self.land(self.initialize(market))
        for user in users:
            for asset in ASSETS:
                await self.land(*self._opening(user, asset), payer=self.world.net.authority, others=[self.vault])
        for user, making in (await missing_accounts(self.world.client, self.place, users)).items():
            await self.land(*making, others=[self.owner_key(user)])
        await self.world.net.advance(8)
        assert not await missing_accounts(self.world.client, self.place, users)

    def initialize(self, market: Market, authority: Keypair | None = None) -> Instruction:
        pair = self.mint(market.base), self.mint(market.quote)
        key = (authority or self.vault).pubkey()
        return told.initialize_orderbook(PROGRAM, key, *pair, tick_size=1, min_order_size=market.lot_atoms)

    def _opening(self, user: UserId, asset: Asset) -> list[Instruction]:
        vault, minter, mint = self.vault.pubkey(), self.world.net.authority.pubkey(), self.mint(asset.code)
        account = self.vault_account(user, asset.code)
        made = CreateAccountWithSeedParams(
            from_pubkey=minter,
            to_pubkey=account,
            base=vault,
            seed=f"{user}:{asset.code}",
            lamports=10**7,
            space=ACCOUNT_LEN,
            owner=TOKEN_PROGRAM_ID,
        )
        opened = InitializeAccount3Params(program_id=TOKEN_PROGRAM_ID, account=account, mint=mint, owner=vault)
        given = MintToCheckedParams(
            program_id=TOKEN_PROGRAM_ID,
            mint=mint,
            dest=account,
            mint_authority=minter,
            amount=0 if user == FEES else MUCH,
            decimals=asset.decimals,
        )
        return [create_account_with_seed(made), initialize_account3(opened), mint_to_checked(given)]

    async def land(
        self, *instructions: Instruction, payer: Keypair | None = None, others: Sequence[Keypair] = ()
    ) -> Signature:
        """Send and confirm; it must not fail."""
        return await self.world.land(payer or self.vault, *instructions, others=others)

    async def error(self, *instructions: Instruction, payer: Keypair | None = None) -> Any:
        """Return why instructions are refused when they are tried out."""
        refused = await self.world.refused(await self.world.signed(payer or self.vault, *instructions))
        return getattr(refused.data.err, "err", refused.data.err)

    def instructions(self, *fills: Fill) -> list[Instruction]:
        batch = SettlementBatch(1, BatchKind.FILLS, BatchState.BATCHED, ())
        return [LIMIT, PRICE, *self.program.instructions(batch, fills)]

    async def settle(self, *fills: Fill) -> Signature:
        """Settle fills in one transaction, which is in a block when this returns."""
        assert self.fits(*fills)
        sent = await self.world.signed(self.vault, *self.instructions(*fills), tables=self.program.tables())
        signature = await self.world.send(sent, UNCHECKED)
        await self.world.net.advance(2)
        found = await self.world.client.get_transaction(signature, max_supported_transaction_version=0)
        assert found.value.transaction.meta.err is None, found.value.transaction.meta.log_messages
        return signature

    async def table(self) -> None:
        """Make a lookup table of what is named again and again, as `engine.settlement.vault` does."""
        vault, named = self.vault.pubkey(), transactions.named(self.place)
        named += [self.mint(asset.code) for asset in ASSETS]
        named += [self.vault_account(user, asset.code) for user in USERS for asset in ASSETS]
        slot = (await self.world.client.get_slot()).value
        made, where = create_lookup_table(
            CreateLookupTableParams(authority_address=vault, payer_address=vault, recent_slot=slot)
        )
        await self.land(made)
        for first in range(0, len(named), 20):
            some = ExtendLookupTableParams(
                lookup_table_address=where,
                authority_address=vault,
                payer_address=vault,
                new_addresses=named[first : first + 20],
            )
            await self.land(extend_lookup_table(some))
        await self.world.net.advance(2)
        self.tables.append(LookupTable(str(where), tuple(map(str, named)), slot))

    async def user_account(self, user: UserId) -> UserAccount:
        """Return what the program keeps for somebody, as of now."""
        account = self.world.net.chain.vm.account(addresses.user_account(PROGRAM, self.owner(user)))
        assert account is not None
        return decode_user_account(account.data)

    def rewrite(self, key: Pubkey, at: int, data: bytes) -> None:
        """Change an account behind everybody's back, at every commitment."""
        vm = self.world.net.chain.vm
        account = vm.account(key)
        assert account is not None
        changed = account.data[:at] + data + account.data[at + len(data) :]
        vm.put(key, Account(account.lamports, changed, account.owner))

    def atoms(self, token_account: Pubkey) -> int:
        """Return what a token account holds now."""
        account = self.world.net.chain.vm.account(token_account)
        return 0 if account is None else TokenAccount.from_bytes(account.data).amount

    def balances(self, users: Iterable[UserId]) -> dict[Purse, int]:
        """Return what lies in the vault."""
        return {
            (user, asset.code): self.atoms(self.vault_account(user, asset.code)) for user in users for asset in ASSETS
        }

    def inside(self) -> int:
        """Return what lies in the program, of all assets."""
        return sum(self.atoms(addresses.vault(PROGRAM, self.mint(asset.code))) for asset in ASSETS)


def fill_of(
    number: int,
    market: Market = BTCUSDT,
    *,
    maker: UserId = MARKET_MAKER,
    taker: UserId = ADA,
    side: Side = Side.BUY,
    price: int = 6_400_001,
    quantity: int = 1,
    orders: tuple[int, int] = (0, 7),
    at: int = 1_700_000_000_000_000,
) -> Fill:
    """Return a fill with the fees that the exchange takes. Prices and quantities are in ticks and lots."""
    notional, base = market.notional(Ticks(price), Lots(quantity)), Atoms(quantity * market.lot_atoms)
    received = {maker: notional if side is Side.BUY else base, taker: base if side is Side.BUY else notional}
    maker_fee = Atoms(0) if maker == MARKET_MAKER else fee(received[maker], market.maker_fee_ppm)
    taker_fee = Atoms(0) if taker == MARKET_MAKER else fee(received[taker], market.taker_fee_ppm)
    trade = Traded(
        TradeId(number),
        Symbol(market.symbol),
        Micros(at + number),
        Ticks(price),
        Lots(quantity),
        notional,
        side,
        OrderId(orders[0]),
        maker,
        maker_fee,
        OrderId(orders[1]),
        taker,
        taker_fee,
        0,
    )
    return Fill(trade, market.base, market.quote, base)


@contextlib.asynccontextmanager
async def house_on(directory: Path, elf: bytes, users: Sequence[UserId] = USERS) -> AsyncIterator[House]:
    """Open it, with all that settling needs made and final."""
    async with world_on(directory, lags=Lags(1, 3)) as world:
        mints = await minted(world, {str(asset.code): asset.decimals for asset in ASSETS})
        await world.net.add_program(PROGRAM, elf)
        house = House(world, mints)
        await world.client.request_airdrop(house.vault.pubkey(), 1_000 * SOL)
        await world.net.advance(8)
        await house.open(users)
        yield house
