"""Sees what arrives in deposit accounts, and credits it once it is final.

Two ways say that an account has changed: PubSub at once, and a round that compares what every account holds with what
it held. Either is enough. What has changed is then looked at: the account's transactions, newest first, a page at a
time, so that a flood in one account holds up no other. How far that came is kept after what it brought was credited;
and nothing is credited twice, since the exchange knows a deposit by its signature and account.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from typing import Final

import structlog
from msgspec.structs import replace

from engine.core.commands import Deposit
from engine.core.refusals import AlreadyCredited, Refused
from engine.core.types import AssetCode, UserId
from engine.custody.accounts import Depositable, DepositAccount, reference_of
from engine.custody.judging import NATIVE, REFUSED, Verdict, judge
from engine.custody.ports import DepositStore
from engine.ports import Chain, ChainUnavailable, Clock, Following
from engine.sequencer.sequencer import Busy, Sequencer
from engine.trying import keep_trying

log = structlog.get_logger()

POLL_S: Final = 15.0
PAGE: Final = 25  # transactions of an account before it is another's turn
MOST_FOLLOWED: Final = 1_000  # accounts, the newest; the round sees the others
MOST_PASSED: Final = 10_000  # transactions that are remembered
MOST_ASKED: Final = 100  # accounts in one question
NOT_KNOWN: Final = "a node does not know a transaction that was listed"


class DepositWatch:
    """All deposit accounts. `counted` says how often something came of a transaction.

    Each of `listeners` hears of accounts that are new, or of which more was looked at, once that is kept.
    """

    def __init__(
        self,
        chain: Chain,
        store: DepositStore,
        sequencer: Sequencer,
        assets: Mapping[AssetCode, Depositable],
        clock: Clock,
        counted: Counter[str],
        *,
        vault: str,
        poll_s: float | None = POLL_S,
        pubsub: bool = True,
    ) -> None:
        """Take what it works with. poll_s is the time between two rounds; None and pubsub=False switch a way off."""
        self.counted = counted
        self.listeners: list[Callable[[DepositAccount], None]] = []
        self._chain = chain
        self._store = store
        self._sequencer = sequencer
        self._assets = assets
        self._clock = clock
        self._vault = vault
        self._poll_s = poll_s
        self._pubsub = pubsub
        self._accounts: dict[str, DepositAccount] = {}
        self._owners: dict[str, UserId] = {}
        self._waiting: dict[str, None] = {}  # accounts that have changed; first come, first served
        self._something = asyncio.Event()
        self._awaited: dict[str, set[str]] = {}  # transactions of ours that must come by in an account before it rests
        self._passed: dict[str, None] = {}  # the last that came by
        self._new: asyncio.Queue[str] = asyncio.Queue()  # accounts to follow; no more than there are accounts
        self._followed = 0
        self._told: set[tuple[str, str]] = set()  # what was logged of whom: a flood is counted, and logged once

    async def load(self) -> None:
        """Take up the accounts that are kept."""
        self.add(await self._store.all())

    def find(self, token_account: str) -> DepositAccount | None:
        """Return an account."""
        return self._accounts.get(token_account)

    def accounts(self) -> list[DepositAccount]:
        """Return all that are watched."""
        return list(self._accounts.values())

    def knows(self, address: str) -> bool:
        """Say whether an address is a deposit account or the owner of some."""
        return address in self._accounts or address in self._owners

    def people_since(self, at: int) -> int:
        """Return how many people got their accounts since then."""
        newest_first = reversed(self._accounts.values())
        return len({account.user for account in takewhile(lambda each: each.created_at >= at, newest_first)})

    def add(self, accounts: Iterable[DepositAccount]) -> None:
        """Watch accounts from now on. Those of a mint that is no asset of ours any more are left alone."""
        for account in accounts:
            self._owners[account.owner] = account.user
            asset = self._assets.get(account.asset)
            if asset is None or asset.mint != account.mint or account.token_account in self._accounts:
                continue
            self._accounts[account.token_account] = account
            if self._pubsub:
                self._new.put_nowait(account.token_account)
            if account.newest is not None:
                self._changed(account.token_account)
            self._tell(account)

    def look_again(self, token_account: str, signature: str) -> None:
        """Look at an account until a final transaction of ours that took from it has come by.

        What it took may have come again meanwhile; then the account holds as much as before, and no round would look.
        """
        if token_account in self._accounts and signature not in self._passed:
            self._awaited.setdefault(token_account, set()).add(signature)
            self._changed(token_account)

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(keep_trying("deposits: looking", self._look_on))
            if self._poll_s is not None:
                tasks.create_task(keep_trying("deposits: rounds", self._go_round))
            if self._pubsub:
                tasks.create_task(keep_trying("deposits: pubsub", self._follow))

    # What has changed

    def _changed(self, token_account: str) -> None:
        self._waiting[token_account] = None
        self._something.set()

    async def _go_round(self) -> None:
        assert self._poll_s is not None
        while True:
            await self._compare()
            await asyncio.sleep(random.uniform(self._poll_s * 0.9, self._poll_s))  # noqa: S311

    async def _compare(self) -> None:
        """Ask what every account holds, and let those be looked at that hold something else than is known of."""
        for address in self._awaited:
            self._changed(address)
        for some in _chunks(list(self._accounts), MOST_ASKED):
            for address, held in zip(some, await self._chain.held(some), strict=True):
                if held is not None and (held.atoms or 0) != self._accounts[address].seen:
                    self._changed(address)
        for some in _chunks([each for each in self._owners if (each, NATIVE) not in self._told], MOST_ASKED):
            for owner, held in zip(some, await self._chain.held(some), strict=True):
                if held is not None and held.lamports:
                    self.counted[NATIVE] += 1
                    self._tell_once(owner, NATIVE, account=self._owners[owner])

    async def _follow(self) -> None:
        async with self._chain.following() as following:
            while not self._new.empty():
                self._new.get_nowait()
            newest = list(self._accounts)[-MOST_FOLLOWED:]
            self._followed = len(newest)
            await following.add(newest)
            await self._compare()  # what has changed before is not told
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._add_new(following))
                tasks.create_task(self._listen(following))

    async def _add_new(self, following: Following) -> None:
        while True:
            address = await self._new.get()
            if self._followed < MOST_FOLLOWED:
                self._followed += 1
                await following.add([address])
                self._changed(address)  # it may have changed before it was followed

    async def _listen(self, following: Following) -> None:
        while True:
            address = await following.next()
            if address in self._accounts:
                self._changed(address)

    # What has happened there

    async def _look_on(self) -> None:
        while True:
            while not self._waiting:
                self._something.clear()
                await self._something.wait()
            address = next(iter(self._waiting))
            del self._waiting[address]
            try:
                is_done = await self._look(self._accounts[address])
            except BaseException:
                self._waiting.setdefault(address)  # after the others
                raise
            if not is_done:
                self._waiting.setdefault(address)

    async def _look(self, account: DepositAccount) -> bool:
        """Look at the next page of an account's transactions; return whether there is nothing new."""
        page = await self._chain.listed(account.token_account, before=account.reached, until=account.done, limit=PAGE)
        changed = 0
        for listed in page:
            if listed.failed:
                self.counted[Verdict.FAILED.value] += 1
            else:
                changed += await self._take(account, listed.signature)
        if page:
            newest = account.newest or page[0].signature
            looked = replace(account, newest=newest, reached=page[-1].signature, seen=account.seen + changed)
        elif account.reached is not None:
            # The end, if this node knows where to begin. What has come meanwhile is looked at next.
            if await self._chain.transaction(account.reached) is None:
                raise ChainUnavailable(NOT_KNOWN)
            looked = replace(account, done=account.newest, newest=None, reached=None)
        else:
            looked = account
        if looked != account:
            landed = [listed.signature for listed in page if not listed.failed]
            await self._store.keep(looked, landed)
            self._accounts[account.token_account] = looked
            self._tell(looked)
        self._came_by(account.token_account, [listed.signature for listed in page])
        return account.reached is None and not page

    def _came_by(self, token_account: str, signatures: list[str]) -> None:
        self._passed.update(dict.fromkeys(signatures))
        while len(self._passed) > MOST_PASSED:
            del self._passed[next(iter(self._passed))]
        if (awaited := self._awaited.get(token_account)) is not None:
            awaited.difference_update(signatures)
            if not awaited:
                del self._awaited[token_account]

    async def _take(self, account: DepositAccount, signature: str) -> int:
        """Credit what a transaction brought; return by how much it changed the account."""
        transaction = await self._chain.transaction(signature)
        if transaction is None:
            raise ChainUnavailable(NOT_KNOWN)
        asset = self._assets[account.asset]
        verdict, atoms = judge(transaction, account, asset.minimum, self._is_ours)
        about = {"account": account.user, "asset": account.asset, "atoms": atoms, "transaction": signature}
        if verdict is Verdict.CREDITED:
            reference = reference_of(signature, account.token_account)
            try:
                await self._sequencer.submit(Deposit(self._clock(), account.user, account.asset, atoms, reference))
                log.info("deposit credited", **about)
            except AlreadyCredited:
                return atoms
            except Busy:
                raise
            except Refused as refused:  # more than the ledger can hold
                self.counted[REFUSED] += 1
                log.error("a deposit can't be credited", why=refused.code, **about)
                return atoms
        elif verdict is not Verdict.NOTHING:
            self._tell_once(account.token_account, verdict.value, **about)
        self.counted[verdict.value] += 1
        own = (each for each in transaction.changes if each.account == account.token_account)
        return sum(each.atoms for each in own if each.mint == account.mint)

    def _tell(self, account: DepositAccount) -> None:
        for listener in self.listeners:
            listener(account)

    def _tell_once(self, address: str, why: str, **about: object) -> None:
        if (address, why) not in self._told:
            self._told.add((address, why))
            say = log.info if why == Verdict.OURS.value else log.warning  # we move money on purpose
            say("what has arrived is not credited", why=why, address=address, **about)

    def _is_ours(self, key: str) -> bool:
        return key == self._vault or key in self._owners


def _chunks(addresses: list[str], size: int) -> Iterator[list[str]]:
    for first in range(0, len(addresses), size):
        yield addresses[first : first + size]
