"""`clobster audit --chain`: every account's ledger, our record and the chain side by side, to the atom."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from msgspec import Struct
from solana.rpc.async_api import AsyncClient

from clobster import data_dir
from clobster.audit import Report
from clobster.config import ConfigError, Settings
from clobster.custody import CONFIRMED, FINALIZED
from clobster.localnet import directory
from clobster.on_solana import master_key
from data.solana.balances import RpcBalances
from data.solana.keys import DerivedKeys
from data.solana.localnet.blocks import Lags
from data.solana.localnet.history import InUse, TooOld
from data.solana.localnet.localnet import Localnet
from data.solana.vault import RpcVault
from data.store.queries import Queries
from data.store.reconciliation import SqlBooks
from engine.core.types import VAULT, AssetCode, Micros, UserId
from engine.ports import ChainUnavailable
from engine.reconciliation import comparing
from engine.reconciliation.reconciler import LATELY_US
from engine.reconciliation.seeing import landed, see
from engine.reconciliation.types import Difference, Line, OnChain

PAGE: Final = 200  # accounts at a time
AGAIN_S: Final = 2.0  # what differs is looked at a second time
HEADINGS: Final = ("account", "asset", "ledger", "settled", "unswept", "in flight", "differs", "chain", "differs")


class Row(Struct, frozen=True):
    """An account in one asset: what is written down, and what is on the chain."""

    line: Line
    chain: int
    chain_expected: int

    @property
    def amounts(self) -> tuple[int, ...]:
        """Return the figures, in the order of the headings."""
        line = self.line
        by_books, by_chain = line.ledger - line.expected, self.chain - self.chain_expected
        return line.ledger, line.settled, line.unswept, line.in_flight, by_books, self.chain, by_chain


class Looker:
    """Looks at all accounts, or at some again."""

    def __init__(self, books: SqlBooks, client: AsyncClient, authority: str) -> None:
        self.slots: set[int] = set()
        self._books = books
        self._chain = RpcBalances(client)
        self._vault = RpcVault(client)
        self._authority = authority

    async def everybody(self) -> AsyncIterator[list[UserId]]:
        """Yield all accounts, a page at a time."""
        after = VAULT
        while users := await self._books.accounts(after, PAGE):
            yield users
            after = users[-1]

    async def look(self, users: Sequence[UserId]) -> tuple[list[Row], list[Difference]]:
        """Return what there is of accounts, and what is not as it must be. Raises ChainUnavailable."""
        seen = await see(self._chain, await self._books.places(users))
        written = await self._books.read(users, Micros(time.time_ns() // 1000 - LATELY_US))
        where = await landed(self._chain, written.batches, seen)
        found = comparing.vault_on_chain(written, seen, where, self._authority, self._address)
        differences = comparing.of_books(written.lines) + comparing.of_vault(found)
        differences += comparing.of_deposits(written, seen)
        self.slots |= {slot for slot, _ in seen.values()}
        return _rows(written.lines, found), differences

    def _address(self, user: UserId, asset: AssetCode) -> str:
        return self._vault.vault_account(self._authority, f"{user}:{asset}")


def audit_chain(settings: Settings) -> Report:
    """Compare the books with the chain; a server may be running. Raises ConfigError where that can't be done."""
    if settings.solana == "off":
        raise ConfigError("CLOBSTER_SOLANA is off: there is no chain to compare the books with")
    if isinstance(settings.database, Path) and not settings.database.is_file():
        raise ConfigError(f"there are no books at {settings.database}")
    try:
        return asyncio.run(_audit(settings))
    except* ChainUnavailable as unavailable:
        raise ConfigError(f"the chain can't be read: {unavailable.exceptions[0]}") from None
    except* (InUse, TooOld) as wrong:
        raise ConfigError(f"the localnet can't be opened: {wrong.exceptions[0]}") from None


async def _audit(settings: Settings) -> Report:
    authority = DerivedKeys(master_key(settings)).vault.address
    queries = await Queries.open(settings.database, 1)
    try:
        async with _rpc(settings) as url, AsyncClient(url, rate_limit=_rate(settings)) as client:
            looker = Looker(SqlBooks(queries), client, authority)
            rows: list[Row] = []
            differences: list[Difference] = []
            async for users in looker.everybody():
                found, wrong = await looker.look(users)
                if wrong:  # what two questions may catch between them is gone at the second time
                    await asyncio.sleep(AGAIN_S)
                    found, again = await looker.look(users)
                    known = {each.key for each in wrong}
                    differences += [each for each in again if each.key in known]
                rows += found
    finally:
        await queries.close()
    return Report(not differences, list(_lines(rows, differences, looker.slots)))


@asynccontextmanager
async def _rpc(settings: Settings) -> AsyncIterator[str]:
    """Give the RPC's URL. A localnet that nobody runs is opened meanwhile, and makes no blocks."""
    url = settings.solana_rpc_url if settings.solana == "rpc" else None
    with suppress(ConfigError):
        url = data_dir.running(settings.data_dir, data_dir.LOCALNET).url
    if url is not None:
        yield url
        return
    lags = Lags(CONFIRMED, FINALIZED)
    async with Localnet.open(directory(settings.data_dir), slot_s=None, lags=lags) as localnet:
        yield localnet.url


def _rate(settings: Settings) -> int:
    return settings.solana_requests_s if settings.solana == "rpc" else 0


def _rows(lines: Iterable[Line], found: Iterable[OnChain]) -> list[Row]:
    chain, expected = Counter[tuple[UserId, AssetCode]](), Counter[tuple[UserId, AssetCode]]()
    for each in found:
        purse = each.account.user, each.account.asset
        chain[purse] += each.found
        expected[purse] += each.expected
    return [Row(line, chain[line.user, line.asset], expected[line.user, line.asset]) for line in lines]


def _lines(rows: Sequence[Row], differences: Sequence[Difference], slots: set[int]) -> Iterable[str]:
    shown = [row for row in rows if any(row.amounts)]
    table = [HEADINGS, *((str(row.line.user), row.line.asset, *map(str, row.amounts)) for row in shown)]
    for asset in sorted({row.line.asset for row in shown}):
        of_asset = [row.amounts for row in shown if row.line.asset == asset]
        table.append(("all", asset, *(str(sum(amounts)) for amounts in zip(*of_asset, strict=True))))
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    for row in table:
        yield "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
    slot = f"slot {min(slots)}" if len(slots) == 1 else f"slots {min(slots)} to {max(slots)}" if slots else "no slot"
    for each in differences:
        note = f" ({each.note})" if each.note else ""
        yield (
            f"account {each.user} {each.asset}, {each.identity.value}: expected {each.expected} atoms,"
            f" found {each.found}{note}"
        )
    said = f"{len(shown)} accounts and assets, at {slot}"
    yield f"NOT EQUAL: {len(differences)} differences ({said})" if differences else f"books and chain agree: {said}"
