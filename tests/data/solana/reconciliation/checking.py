"""An exchange whose settled money came by sweeps, as it does, and whoever compares its books with its localnet."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from solana.rpc.async_api import AsyncClient
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.signature import Signature

from data.solana.balances import RpcBalances
from data.store.reconciliation import SqlBooks, SqlStops
from engine.core.types import UserId
from engine.ports import ChainUnavailable
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.ports import Books
from engine.reconciliation.reconciler import Looked, Reconciler
from engine.reconciliation.stop import Stop
from engine.settlement.vault import Vault
from tests.data.solana.deposits.bank import account
from tests.data.solana.localnet.world import moving
from tests.data.solana.settlement.settling import KEYS, USDT, House, Running, house_on

FLOOR = 10**9


class Checker:
    """The house, and what a process has in memory of comparing it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.exchange = house.exchange
        self.begin()

    def begin(self) -> None:
        """Forget all that is in memory, as a start does."""
        exchange = self.exchange
        self.stop = Stop(SqlStops(exchange.store, exchange.queries), exchange.now)
        self.fees = FeePayer(FLOOR)
        self.looked = Looked()

    def reconciler(self, client: AsyncClient, vault: Vault, most: int = 100, books: Books | None = None) -> Reconciler:
        return Reconciler(
            books or SqlBooks(self.exchange.queries),
            RpcBalances(client),
            vault,
            self.stop,
            self.fees,
            self.looked,
            self.exchange.now,
            every_s=0.01,
            most=most,
        )

    @asynccontextmanager
    async def comparing(self, most: int = 100) -> AsyncIterator[Reconciler]:
        """Compare what is there, while nothing settles."""
        async with AsyncClient(self.house.world.net.url, timeout=5) as client:
            vault = self.house.books.vault(client)
            await vault.load()
            yield self.reconciler(client, vault, most)

    @asynccontextmanager
    async def beside(self, running: Running) -> AsyncIterator[Reconciler]:
        """Compare while settlement runs."""
        async with AsyncClient(self.house.world.net.url, timeout=5) as client:
            reconciler = self.reconciler(client, running.vault)
            running.settlement.listeners.append(reconciler.on_batch)
            yield reconciler

    async def people(self, number: int, **units: int) -> list[UserId]:
        """Register people; what each has was deposited and swept."""
        people = await self.house.people(number, **units)
        await self.sweep()
        return people

    async def sweep(self) -> None:
        """Write down sweeps of all that lies in vault accounts and did not come by one."""

        def write(connection: sqlite3.Connection) -> None:
            found = connection.execute(
                "SELECT user_id, asset, mint, settled FROM vault_accounts WHERE settled > 0 AND NOT EXISTS"
                " (SELECT 1 FROM deposit_accounts AS d WHERE d.user_id = vault_accounts.user_id AND d.mint ="
                " vault_accounts.mint)"
            ).fetchall()
            for user, asset, mint, atoms in found:
                owner = KEYS.deposits(user).address
                place = str(account(Pubkey.from_string(owner), Pubkey.from_string(mint)))
                connection.execute(
                    "INSERT INTO deposit_accounts (token_account, owner, user_id, asset, mint, created_at, seen)"
                    " VALUES (?, ?, ?, ?, ?, 1, 0)",
                    (place, owner, user, asset, mint),
                )
                [batch] = connection.execute(
                    "INSERT INTO settlement_batches (kind, state, moves, signature, created_at, updated_at)"
                    " VALUES ('sweep', 'settled', '[]', ?, 1, 1) RETURNING batch_id",
                    (signature := str(Signature.new_unique()),),
                ).fetchone()
                connection.execute(
                    "INSERT INTO settlement_attempts VALUES (?, ?, NULL, 1, 1, 'settled')", (signature, batch)
                )
                connection.execute("INSERT INTO sweeps VALUES (?, ?, ?, 1)", (batch, place, atoms))

        await self.exchange.store.write(write)

    async def take(self, user: UserId, atoms: int) -> None:
        """Take USDT out of a vault account, signed by the authority behind the exchange's back."""
        authority = self.authority
        mint = Pubkey.from_string(self.house.mints[USDT][0])
        source = Pubkey.from_string(self.house.address(user, USDT))
        thief = account(self.house.desk.rich.pubkey(), mint)
        await self.house.desk.confirmed(authority, moving(source, mint, thief, authority.pubkey(), atoms))
        await self.house.desk.finality(6)

    @property
    def authority(self) -> Keypair:
        return KEYS._derived("m/44'/501'/0'")

    async def forge(self, statement: str, *values: object) -> None:
        """Change a row of the database behind everybody's back."""
        await self.exchange.store.write(lambda connection: connection.execute(statement, values))


async def look_through(reconciler: Reconciler, times: int = 1) -> None:
    """Look so often; a chain that is away is asked again."""
    for _ in range(times):
        with suppress(ChainUnavailable):
            await reconciler.look()


def shown(stop: Stop) -> list[tuple[Any, ...]]:
    return [(each.user, each.asset, each.identity.value, each.expected, each.found) for each in stop.differences]


@asynccontextmanager
async def checker_on(folder: Path) -> AsyncIterator[Checker]:
    async with house_on(folder) as house:
        yield Checker(house)
