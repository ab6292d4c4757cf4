"""The token accounts where settled money lies, one for each account and asset, and lookup tables that name them.

Each is at an address that follows from the vault's authority and a seed, "<user>:<asset>": anybody can derive it and
look. They are made beforehand, and kept once the chain has confirmed them. Making one twice makes it once, so a kill at
any point costs nothing: what is there already, and is ours, is kept the next time.

A lookup table makes transactions short. What is in one is read from the chain as final, so neither a kill nor a fork
makes us believe in an entry that isn't there.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Protocol

import structlog
from msgspec import Struct

from engine.core.types import AssetCode, Atoms, Micros, UserId
from engine.ports import ChainUnavailable, Clock, Signer, Signers
from engine.settlement.fills import Purse
from engine.settlement.types import VaultAccount

log = structlog.get_logger()

MOST_AT_ONCE: Final = 32  # accounts that are asked for, made and kept together
MOST_EXTENDED: Final = 20  # addresses that one transaction adds to a table
MOST_IN_A_TABLE: Final = 256
TABLE_POLL_S: Final = 0.4
TABLE_WAIT_S: Final = 60.0  # until what was added is final
FORGOTTEN_US: Final = 600_000_000  # a table that is not there so long after it was begun never will be


class NotOurs(ChainUnavailable):
    """At the address of a vault account lies something else. Somebody has to look; what needs it waits."""


class Standing(Struct, frozen=True):
    """A token account as the chain has it; mint and owner are None where it is something else."""

    mint: str | None
    owner: str | None


class LookupTable(Struct, frozen=True):
    """A lookup table on the chain, with its addresses in their order. All of them may be used."""

    address: str
    addresses: tuple[str, ...]
    extended_slot: int


class VaultChain(Protocol):
    """Solana, as far as the vault asks. Whatever asks ends within minutes and raises nothing but ChainUnavailable."""

    def vault_account(self, authority: str, seed: str) -> str:
        """Return the address of an authority's token account by this seed."""

    async def standing(self, addresses: Sequence[str]) -> list[Standing | None]:
        """Return what is confirmed at addresses, None where no account is made; 100 at most."""

    async def open_vault_accounts(self, authority: Signer, places: Sequence[tuple[str, str]]) -> None:
        """Make token accounts by (seed, mint), none of which is there; return when they are confirmed."""

    async def tables(self, addresses: Sequence[str]) -> list[LookupTable | None]:
        """Return lookup tables as they are final, None where there is none; 100 at most."""

    async def next_table(self, authority: str) -> tuple[str, int]:
        """Return the address of a table that may be made now, and the slot that makes it so."""

    async def make_table(self, authority: Signer, slot: int, addresses: Sequence[str]) -> None:
        """Make a table by its slot, with these first addresses."""

    async def extend_table(self, authority: Signer, table: str, addresses: Sequence[str]) -> None:
        """Add addresses to a table."""


class VaultStore(Protocol):
    """Where vault accounts and tables are kept. Each call is durable; any may raise Busy."""

    async def accounts(self) -> list[VaultAccount]:
        """Return all accounts, oldest first."""

    async def add(self, accounts: Sequence[VaultAccount]) -> None:
        """Keep new accounts; those that are there already stay as they are."""

    async def tables(self) -> dict[str, Micros]:
        """Return the tables' addresses, oldest first, and when they were begun."""

    async def begin_table(self, address: str, at: Micros) -> None:
        """Keep that a table is about to be made."""

    async def keep_table(self, table: LookupTable) -> None:
        """Keep what is in a table."""

    async def forget_table(self, address: str) -> None:
        """Forget a table that was never made."""


class Vault:
    """All vault accounts of one authority on one chain."""

    def __init__(
        self,
        chain: VaultChain,
        signers: Signers,
        store: VaultStore,
        mints: Mapping[AssetCode, str],
        clock: Clock,
        *,
        named: Iterable[str] = (),
    ) -> None:
        """Take mints by their assets. named are more addresses that lookup tables should have."""
        self._chain = chain
        self._authority = signers.vault
        self._store = store
        self._mints = mints
        self._clock = clock
        self._accounts: dict[Purse, VaultAccount] = {}
        self._by_address: dict[str, VaultAccount] = {}
        self._turn = asyncio.Lock()
        self._tables: dict[str, LookupTable] = {}
        self._listed: set[str] = set()  # addresses that are in a table
        self._unlisted: dict[str, None] = dict.fromkeys((*mints.values(), *named))  # that are in none, oldest first
        self._more = asyncio.Event()

    async def load(self) -> None:
        """Take up what is kept. Those of another authority or mint are none of this vault."""
        self._add(await self._store.accounts())

    @property
    def authority(self) -> str:
        """Who owns the accounts, in base58."""
        return self._authority.address

    def address(self, user: UserId, asset: AssetCode) -> str:
        """Return where an account's money lies, whether or not that is made yet."""
        return self._chain.vault_account(self.authority, f"{user}:{asset}")

    def find(self, user: UserId, asset: AssetCode) -> VaultAccount | None:
        """Return an account, None where there is none yet. What is settled there is as it was when it was taken up."""
        return self._accounts.get((user, asset))

    def of_address(self, token_account: str) -> VaultAccount | None:
        """Return an account by its address."""
        return self._by_address.get(token_account)

    def tables(self) -> Sequence[LookupTable]:
        """Return the tables that may be used now."""
        return list(self._tables.values())

    async def ensure(self, purses: Iterable[Purse]) -> None:
        """Make the accounts that are not there yet, and return when they are kept. Assets without a mint are left out.

        Raises ChainUnavailable; NotOurs where something else lies at one of the addresses. Those before it are kept.
        """
        wanted = [purse for purse in dict.fromkeys(purses) if purse[1] in self._mints]
        while missing := [purse for purse in wanted if purse not in self._accounts][:MOST_AT_ONCE]:
            async with self._turn:
                await self._make([purse for purse in missing if purse not in self._accounts])

    async def remake(self, accounts: Sequence[VaultAccount]) -> None:
        """Make accounts again that a fork has undone. Raises ChainUnavailable, NotOurs."""
        async with self._turn:
            for first in range(0, len(accounts), MOST_AT_ONCE):
                await self._open([(each.user, each.asset) for each in accounts[first : first + MOST_AT_ONCE]])

    async def _make(self, purses: Sequence[Purse]) -> None:
        if not purses:
            return
        await self._open(purses)
        now = self._clock()
        accounts = [
            VaultAccount(self.address(user, asset), user, asset, self._mints[asset], Atoms(0), now)
            for user, asset in purses
        ]
        await self._store.add(accounts)
        self._add(accounts)

    async def _open(self, purses: Sequence[Purse]) -> None:
        found = await self._chain.standing([self.address(*purse) for purse in purses])
        missing = []
        for (user, asset), standing in zip(purses, found, strict=True):
            if standing is None:
                missing.append((f"{user}:{asset}", self._mints[asset]))
            elif standing != Standing(self._mints[asset], self.authority):
                address = self.address(user, asset)
                log.error("no vault account: something else is there", address=address, account=user, asset=asset)
                raise NotOurs(f"{address}, the vault account of {user} in {asset}, is something else")
        if missing:
            await self._chain.open_vault_accounts(self._authority, missing)

    def _add(self, accounts: Iterable[VaultAccount]) -> None:
        for account in accounts:
            is_of_this_vault = account.token_account == self.address(account.user, account.asset)
            if not is_of_this_vault or account.mint != self._mints.get(account.asset):
                log.error("a vault account of other keys or of another mint is left alone", **_shown(account))
                continue
            self._accounts[account.user, account.asset] = account
            self._by_address[account.token_account] = account
            if account.token_account not in self._listed:
                self._unlisted[account.token_account] = None
        if self._unlisted:
            self._more.set()

    # Lookup tables

    async def keep_tables(self) -> None:
        """Add to tables what is in none, until cancelled. Raises ChainUnavailable; then begin again."""
        await self._read_tables()
        while True:
            while self._unlisted:
                await self._list(list(self._unlisted)[:MOST_EXTENDED])
            self._more.clear()
            await self._more.wait()

    async def _read_tables(self) -> None:
        begun = await self._store.tables()
        addresses = list(begun)
        for first in range(0, len(addresses), 100):
            some = addresses[first : first + 100]
            for address, table in zip(some, await self._chain.tables(some), strict=True):
                if table is not None:
                    self._take(table)
                elif self._clock() - begun[address] > FORGOTTEN_US:
                    await self._store.forget_table(address)

    async def _list(self, addresses: list[str]) -> None:
        table = next((each for each in self._tables.values() if len(each.addresses) < MOST_IN_A_TABLE), None)
        if table is None:
            address, slot = await self._chain.next_table(self.authority)
            await self._store.begin_table(address, self._clock())  # before it costs anything
            await self._chain.make_table(self._authority, slot, addresses)
        else:
            address, addresses = table.address, addresses[: MOST_IN_A_TABLE - len(table.addresses)]
            await self._chain.extend_table(self._authority, address, addresses)
        async with asyncio.timeout(TABLE_WAIT_S):
            while True:
                (found,) = await self._chain.tables([address])
                if found is not None and addresses[0] in found.addresses:
                    break
                await asyncio.sleep(TABLE_POLL_S)
        self._take(found)
        await self._store.keep_table(found)

    def _take(self, table: LookupTable) -> None:
        self._tables[table.address] = table
        self._listed.update(table.addresses)
        for address in table.addresses:
            self._unlisted.pop(address, None)


def _shown(account: VaultAccount) -> dict[str, object]:
    return {"account": account.user, "asset": account.asset, "address": account.token_account}
