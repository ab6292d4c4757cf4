"""A real exchange that settles on a real localnet, and what must hold when nothing is owed any more."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey
from solders.token.state import TokenAccount
from spl.token.constants import TOKEN_PROGRAM_ID
from spl.token.instructions import mint_to_checked
from spl.token.models import MintToCheckedParams

from data.solana.keys import DerivedKeys
from data.solana.localnet.blocks import Lags
from data.solana.program import Program
from data.solana.sending import RpcSender
from data.solana.token_program import TokenProgram
from data.solana.vault import RpcVault
from data.store.queries import Queries
from data.store.settlement import SqlSettlement
from data.store.sqlite import SqliteStore
from data.store.vault import SqlVault
from engine.core.commands import PlaceOrder
from engine.core.events import Traded
from engine.core.refusals import InsufficientFunds
from engine.core.types import FEES, AssetCode, Lots, Micros, OrderType, Side, Symbol, Ticks, UserId
from engine.settlement.fills import Purse
from engine.settlement.pace import Pace
from engine.settlement.settlement import Settlement
from engine.settlement.vault import Vault
from engine.trying import keep_trying
from tests.data.solana.deposits.bank import LAGS, MASTER, Bank, bank
from tests.data.store.books import BTCUSDT

USDT, BTC = AssetCode("USDT"), AssetCode("BTC")
QUICK: Final = Pace(
    collect_s=0.05,
    collect_fills=50,
    look_s=0.01,
    poll_s=0.02,
    resend_s=0.1,
    refused_wait_s=0.02,
    longest_wait_s=0.2,
)
PRICES: Final = (6_000_000, 6_000_001, 6_000_002)
KEYS: Final = DerivedKeys(MASTER)
FEE_CAP: Final = 100_000
_UNDONE: Final = """
    SELECT (SELECT count(*) FROM settlement_outbox LEFT JOIN settlement_batches USING (batch_id)
             WHERE failed IS NULL AND state IS NOT 'settled')
         + (SELECT count(*) FROM settlement_batches WHERE state <> 'settled' AND state <> 'failed')
"""


class Running:
    """Settlement while it runs."""

    def __init__(self, path: Path, settlement: Settlement, vault: Vault, task: "asyncio.Task[None]") -> None:
        self.path = path
        self.settlement = settlement
        self.vault = vault
        self.task = task

    async def nothing_owed(self, patience_s: float = 60.0) -> None:
        """Wait until all has settled, or waits for an operator."""
        reading = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            await self.until(lambda: not reading.execute(_UNDONE).fetchone()[0], patience_s)
        finally:
            reading.close()

    async def until(self, look: Callable[[], bool], patience_s: float = 20.0) -> None:
        async with asyncio.timeout(patience_s):
            while not look():
                if self.task.done():
                    self.task.result()
                await asyncio.sleep(0.005)


class Written:
    """A database, and what has to be known to settle what is in it."""

    def __init__(
        self,
        path: Path,
        store: SqliteStore,
        queries: Queries,
        mints: Mapping[AssetCode, tuple[str, int]],
        now: Callable[[], Micros],
    ) -> None:
        self.path = path
        self.store = store
        self.queries = queries
        self.mints = mints
        self.now = now

    def vault(self, client: AsyncClient) -> Vault:
        mints = {code: mint for code, (mint, _) in self.mints.items()}
        return Vault(RpcVault(client), KEYS, SqlVault(self.store, self.queries), mints, self.now)

    def program(self, client: AsyncClient, vault: Vault) -> Program:
        """Return what is settled by."""
        return TokenProgram(KEYS, self.mints, vault.tables)


@asynccontextmanager
async def settling(url: str, books: Written, pace: Pace = QUICK, *, tables: bool = False) -> AsyncIterator[Running]:
    """Settle what is in a database until left."""
    async with AsyncClient(url, timeout=5) as client:
        vault = books.vault(client)
        await vault.load()
        sender = RpcSender(client, books.program(client, vault), KEYS.vault, fee_cap=FEE_CAP)
        settlement = Settlement(sender, vault, SqlSettlement(books.store, books.queries), books.now, pace=pace)
        await settlement.load()
        task = asyncio.create_task(settlement.run())
        listing = asyncio.create_task(keep_trying("tables", vault.keep_tables)) if tables else None
        try:
            yield Running(books.path, settlement, vault, task)
        finally:
            for each in (task, listing):
                if each is not None:
                    each.cancel()
                    await asyncio.wait([each])
                    if not each.cancelled():
                        each.result()


class House:
    """The exchange, its people, and the chain."""

    def __init__(self, desk: Bank) -> None:
        self.desk = desk
        self.exchange = desk.exchange
        self.world = desk.world
        self.mints = {code: (each.mint, each.asset.decimals) for code, each in desk.assets.items()}

    @property
    def books(self) -> "Written":
        """What is written down, for whoever settles."""
        exchange = self.exchange
        return Written(exchange.path, exchange.store, exchange.queries, self.mints, exchange.now)

    @asynccontextmanager
    async def settling(self, pace: Pace = QUICK, *, tables: bool = False, url: str = "") -> AsyncIterator[Running]:
        """Settle until left, on what is written down."""
        async with settling(url or self.world.net.url, self.books, pace, tables=tables) as running:
            yield running

    def address(self, user: UserId, asset: AssetCode) -> str:
        """Return where somebody's settled money lies."""
        return self.books.vault(self.world.client).address(user, asset)

    async def people(self, number: int, **units: int) -> list[UserId]:
        """Register people; each has so many whole units, in the ledger and as much in the vault."""
        people = [await self.exchange.person(**units) for _ in range(number)]
        await self.deposit({(user, AssetCode(code)): amount for user in people for code, amount in units.items()})
        return people

    async def deposit(self, units: Mapping[Purse, int]) -> None:
        """Put whole units into vault accounts, as a sweep would; the ledger is not told."""
        async with AsyncClient(self.world.net.url, timeout=5) as client:
            vault = self.books.vault(client)
            await vault.load()
            await vault.ensure([*units, (FEES, USDT), (FEES, BTC)])
        amounts = {
            vault.address(*purse): (purse[1], amount * 10 ** self.mints[purse[1]][1]) for purse, amount in units.items()
        }
        todo = [self._minting(address, asset, atoms) for address, (asset, atoms) in amounts.items()]
        authority = self.world.net.authority
        await asyncio.gather(
            *(self.desk.confirmed(authority, *todo[first : first + 15]) for first in range(0, len(todo), 15))
        )

        def write(connection: sqlite3.Connection) -> None:
            done = [(atoms, address) for address, (_, atoms) in amounts.items()]
            connection.executemany("UPDATE vault_accounts SET settled = settled + ? WHERE token_account = ?", done)

        await self.exchange.store.write(write)
        await self.desk.finality(6)

    def _minting(self, address: str, asset: AssetCode, atoms: int) -> Any:
        mint, decimals = self.mints[asset]
        return mint_to_checked(
            MintToCheckedParams(
                program_id=TOKEN_PROGRAM_ID,
                mint=Pubkey.from_string(mint),
                dest=Pubkey.from_string(address),
                mint_authority=self.world.net.authority.pubkey(),
                amount=atoms,
                decimals=decimals,
            )
        )

    async def trades(
        self, people: Sequence[UserId], number: int, chance: random.Random, *, most: int = 50
    ) -> list[Traded]:
        """Let people trade at random, so many lots at most, until there are so many trades more."""
        before, made = len(self.exchange.batches), 0
        while made < number:
            orders = [self._order(chance.sample(people, 2), chance, most) for _ in range(min(100, number))]
            answers = await asyncio.gather(*(each for pair in orders for each in pair), return_exceptions=True)
            for answer in answers:
                if isinstance(answer, BaseException):
                    assert isinstance(answer, InsufficientFunds)
                else:
                    made += sum(isinstance(event, Traded) for event in answer)
        return [trade for batch in self.exchange.batches[before:] for trade in batch.trades]

    async def traded(self, buyer: UserId, seller: UserId, lots: int = 10) -> list[Traded]:
        """Let one buy from another."""
        before = len(self.exchange.batches)
        await self.exchange.place(seller, "sell", lots, PRICES[0])
        await self.exchange.place(buyer, "buy", lots, PRICES[0])
        return [trade for batch in self.exchange.batches[before:] for trade in batch.trades]

    def _order(self, pair: Sequence[UserId], chance: random.Random, most: int) -> tuple[Any, Any]:
        maker, taker = pair
        side = chance.choice((Side.BUY, Side.SELL))
        other = Side.SELL if side is Side.BUY else Side.BUY
        price, lots = Ticks(chance.choice(PRICES)), Lots(chance.randint(1, most))
        exchange = self.exchange

        def place(user: UserId, side: Side) -> Any:
            return exchange.sequencer.submit(
                PlaceOrder(exchange.now(), user, Symbol(BTCUSDT.symbol), side, OrderType.LIMIT, lots, price=price)
            )

        return place(maker, side), place(taker, other)

    # What must hold

    async def agree(self) -> None:
        """Compare ledger, record and chain of every account that ever had anything, to the atom."""
        connection = sqlite3.connect(f"file:{self.exchange.path}?mode=ro", uri=True)
        try:
            owed = connection.execute(
                "SELECT count(*) FROM settlement_outbox LEFT JOIN settlement_batches USING (batch_id)"
                " WHERE state IS NOT 'settled'"
            ).fetchone()[0]
            trades = connection.execute("SELECT count(*) FROM trades").fetchone()[0]
            settled = connection.execute("SELECT user_id, asset, token_account, settled FROM vault_accounts").fetchall()
            balances = connection.execute(
                "SELECT owner, asset, available + held FROM balances WHERE owner > 1"
            ).fetchall()
            landed = connection.execute(
                "SELECT batch_id, sum(outcome = 'settled') FROM settlement_batches LEFT JOIN settlement_attempts"
                " USING (batch_id) WHERE state = 'settled' GROUP BY 1"
            ).fetchall()
        finally:
            connection.close()
        assert owed == 0
        assert trades > 0
        assert all(times == 1 for _, times in landed)
        ledger = {(user, asset): atoms for user, asset, atoms in balances if atoms}
        record = {(user, asset): atoms for user, asset, _, atoms in settled if atoms}
        assert record == ledger
        assert await self.chain([address for _, _, address, _ in settled]) == [atoms for *_, atoms in settled]

    def outcomes(self) -> dict[str, int]:
        """Return how often what became of a signing."""
        connection = sqlite3.connect(f"file:{self.exchange.path}?mode=ro", uri=True)
        try:
            return dict(connection.execute("SELECT outcome, count(*) FROM settlement_attempts GROUP BY 1").fetchall())
        finally:
            connection.close()

    async def chain(self, addresses: Sequence[str]) -> list[int]:
        """Return what is in token accounts, as it is final."""
        await self.desk.finality(6)
        found: list[int] = []
        for first in range(0, len(addresses), 100):
            keys = [Pubkey.from_string(each) for each in addresses[first : first + 100]]
            answer = await self.world.client.get_multiple_accounts(keys)
            found += [TokenAccount.from_bytes(bytes(each.data)).amount if each else 0 for each in answer.value]
        return found


@asynccontextmanager
async def house_on(folder: Path, lags: Lags = LAGS) -> AsyncIterator[House]:
    async with bank(folder, lags) as desk:
        yield House(desk)
