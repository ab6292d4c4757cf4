"""A real exchange that takes deposits on a real localnet, sweeps them and settles, begun and ended at will."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from solders.pubkey import Pubkey
from solders.token.state import TokenAccount

from data.store.sweeps import SqlSweeps
from engine.core.types import AssetCode, Atoms, UserId
from engine.custody.sweeper import Sweeper
from tests.data.solana.deposits.bank import Desk
from tests.data.solana.settlement.settling import KEYS, House, Running, house_on

PATIENCE_S = 60.0
NOTHING: Mapping[AssetCode, Atoms] = {}
_STANDING = "SELECT atoms FROM sweeps JOIN settlement_batches USING (batch_id) WHERE state <> 'failed'"


class Till(House):
    """The exchange, its people, and what lies where."""

    @asynccontextmanager
    async def sweeping(
        self, minimums: Mapping[AssetCode, Atoms] = NOTHING, *, has_play_money: bool = False, **watch: Any
    ) -> AsyncIterator[tuple[Desk, Running]]:
        """Watch, settle and sweep until left; whatever is in memory is gone then."""
        async with AsyncExitStack() as stack:
            desk = await stack.enter_async_context(self.desk.open(**watch))
            running = await stack.enter_async_context(self.settling())
            store = SqlSweeps(self.exchange.queries, has_play_money=has_play_money)
            sweeper = Sweeper(
                store,
                desk.watch,
                running.vault,
                running.settlement,
                KEYS,
                self.mints,
                minimums,
                round_s=0.02,
                first_wait_s=0.05,
            )
            task = asyncio.create_task(sweeper.run())
            try:
                yield desk, running
            finally:
                task.cancel()
                await asyncio.wait([task])

    def rows(self, statement: str, *values: object) -> list[Any]:
        connection = sqlite3.connect(f"file:{self.exchange.path}?mode=ro", uri=True)
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def settled(self, user: UserId, asset: str = "USDT") -> int:
        """Return what of somebody's money lies in the vault, as it is written down."""
        found = self.rows("SELECT settled FROM vault_accounts WHERE user_id = ? AND asset = ?", user, asset)
        return sum(atoms for (atoms,) in found)

    async def has_settled(self, user: UserId, atoms: int, asset: str = "USDT") -> None:
        """Wait until that is so much, and all sweeps have been seen to go by."""
        async with asyncio.timeout(PATIENCE_S):
            while self.settled(user, asset) != atoms or self.rows(f"{_STANDING} AND passed = 0"):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    def sweeps(self) -> list[int]:
        """Return how much each sweep took, oldest first; those that have failed did not take it."""
        return [atoms for (atoms,) in self.rows(f"{_STANDING} ORDER BY batch_id")]

    async def lies(self, token_account: str) -> int:
        """Return what is in a token account, as it is confirmed."""
        [found] = (await self.world.client.get_multiple_accounts([Pubkey.from_string(token_account)])).value
        return 0 if found is None else TokenAccount.from_bytes(bytes(found.data)).amount


@asynccontextmanager
async def till_on(folder: Path) -> AsyncIterator[Till]:
    async with house_on(folder) as house:
        yield Till(house.desk)
