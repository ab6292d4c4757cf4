"""Compares the books with the chain for as long as the chain is there, some accounts a look.

The chain is read before the books: see `comparing`. A difference counts when two looks in a row have seen it, so that
whatever two questions may catch between them raises no alarm.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

import structlog
from msgspec import Struct

from engine.core.types import Micros, UserId
from engine.ports import ChainUnavailable, Clock
from engine.reconciliation import comparing
from engine.reconciliation.comparing import Seen
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.ports import Books, ChainBalances, Vault
from engine.reconciliation.seeing import landed, newest, see
from engine.reconciliation.stop import Stop
from engine.reconciliation.turns import Turns
from engine.reconciliation.types import Difference, Identity, OnChain, Written
from engine.settlement.types import BatchState, SettlementBatch, VaultAccount
from engine.trying import keep_trying

log = structlog.get_logger()

LATELY_US: Final = 60_000_000  # a node may be so far behind
MOST_BEHIND: Final = 100  # slots
LONG_S: Final = 60.0  # without the chain
MOST_SHOWN: Final = 100


class Looked(Struct):
    """How the comparing goes. Times are None until there was one."""

    at: Micros | None = None  # when the chain and the books were compared last
    slot: int = 0
    looks: int = 0
    round_s: float | None = None  # how long it took lately until everybody had a turn
    surplus: dict[str, OnChain] = {}  # vault accounts to which somebody has sent, by address
    frozen: dict[str, OnChain] = {}


class Reconciler:
    """Built when the chain is there. `on_batch` is to be a listener of settlement while `run` runs."""

    def __init__(
        self,
        books: Books,
        chain: ChainBalances,
        vault: Vault,
        stop: Stop,
        fees: FeePayer,
        looked: Looked,
        clock: Clock,
        *,
        every_s: float,
        most: int,
    ) -> None:
        """Look every so many seconds, at so many accounts at most."""
        self._books = books
        self._chain = chain
        self._vault = vault
        self._stop = stop
        self._fees = fees
        self._looked = looked
        self._clock = clock
        self._every_s = every_s
        self._turns = Turns(most)
        self._suspects: dict[object, Difference] = {}
        self._round_from: Micros | None = None
        self._unread_since: Micros | None = None
        self._is_told = False

    def on_batch(self, batch: SettlementBatch) -> None:
        """Look soon at whoever a batch has moved something for."""
        if batch.state is BatchState.SETTLED:
            addresses = (address for move in batch.moves for address in (move.source, move.target))
            accounts = map(self._vault.of_address, addresses)
            self._turns.change(account.user for account in accounts if account is not None)

    async def run(self) -> None:
        """Look until cancelled. What fails is tried again."""
        self._stop.listeners.append(self._on_stop)
        try:
            await keep_trying("reconciliation", self._look_on)
        finally:
            self._stop.listeners.remove(self._on_stop)

    def _on_stop(self) -> None:
        if not self._stop.is_on:  # cleared: what a look has read before that must not count
            self._suspects = {}

    async def _look_on(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Compare some accounts. Raises ChainUnavailable once the ledger was compared without it, and Busy."""
        first = self._turns.first(dict.fromkeys(each.user for each in self._suspects.values()))
        wanted = self._turns.most - len(first)
        in_turn = await self._books.accounts(self._turns.after, wanted)
        users = list(dict.fromkeys((*first, *in_turn)))
        self._round_from = self._round_from or self._clock()
        unavailable: ChainUnavailable | None = None
        seen: Seen = {}
        try:
            self._fees.has(await self._chain.lamports(self._vault.authority))
            places = await self._books.places(users)
            seen = await see(self._chain, places, self._looked.slot - MOST_BEHIND)
            self._looked.slot = max(self._looked.slot, newest(seen))
        except ChainUnavailable as error:
            unavailable = error
        written = await self._books.read(users, Micros(self._clock() - LATELY_US))
        await self._judge(users, comparing.of_books(written.lines), [Identity.BOOKS])
        if unavailable is None:
            try:
                await self._compare(users, written, seen)
            except ChainUnavailable as error:
                unavailable = error
        if unavailable is not None:
            self._turns.change(first)
            self._warn(unavailable)
            raise unavailable
        self._unread_since, self._is_told = None, False
        self._looked.at = self._clock()
        self._looked.looks += 1
        if self._turns.passed(in_turn, wanted):
            self._looked.round_s = (self._clock() - self._round_from) / 1e6
            self._round_from = None

    async def _compare(self, users: Sequence[UserId], written: Written, seen: Seen) -> None:
        where = await landed(self._chain, written.batches, seen)
        vault = self._vault
        found = comparing.vault_on_chain(written, seen, where, vault.authority, vault.address)
        uncertain = {(each.account.user, each.account.asset) for each in found if not each.is_certain}
        differences = comparing.of_vault(found) + comparing.of_deposits(written, seen)
        await self._judge(users, differences, [Identity.VAULT, Identity.DEPOSITS], uncertain)
        self._note(found)
        await self._remake([each.account for each in found if not each.is_there and not each.expected])

    async def _remake(self, gone: Sequence[VaultAccount]) -> None:
        """Make empty accounts again that a fork has undone. Of those that are there, and not final yet, none is."""
        ours = [each for each in gone if not each.settled and self._vault.of_address(each.token_account) is not None]
        if not ours:
            return
        try:
            await self._vault.remake(ours)
        except ChainUnavailable as error:  # that must not keep others from being compared
            log.warning("vault accounts are missing and can't be made", accounts=len(ours), why=str(error))

    async def _judge(
        self,
        users: Sequence[UserId],
        differences: Sequence[Difference],
        identities: Sequence[Identity],
        uncertain: Iterable[object] = (),
    ) -> None:
        """Stop withdrawals for what was seen the last time, too; remember the rest until the next time."""
        looked_at, unclear = set(users), set(uncertain)
        again = [each for each in differences if each.key in self._suspects]
        self._suspects = {
            key: each
            for key, each in self._suspects.items()
            if each.user not in looked_at or each.identity not in identities or (each.user, each.asset) in unclear
        }
        self._suspects |= {each.key: each for each in differences}
        for each in differences:
            if each not in again:
                log.warning("books and chain seem to differ", **_shown(each))
        await self._stop.add(again)

    def _note(self, found: Sequence[OnChain]) -> None:
        for each in found:
            account, address = each.account, each.account.token_account
            for known, is_so, said in (
                (self._looked.surplus, each.is_certain and each.surplus > 0, "somebody has sent to a vault account"),
                (self._looked.frozen, each.is_frozen, "a vault account is frozen: nothing leaves it"),
            ):
                if not is_so:
                    known.pop(address, None)
                elif address in known or len(known) < MOST_SHOWN:
                    if address not in known:
                        about = {"account": account.user, "asset": account.asset, "address": address}
                        log.warning(said, atoms=each.surplus, **about)
                    known[address] = each

    def _warn(self, unavailable: ChainUnavailable) -> None:
        now = self._clock()
        self._unread_since = self._unread_since or now
        if now - self._unread_since > LONG_S * 1e6 and not self._is_told:
            self._is_told = True
            log.warning("the books have not been compared with the chain for long", why=str(unavailable))


def _shown(difference: Difference) -> dict[str, object]:
    return {
        "account": difference.user,
        "asset": difference.asset,
        "identity": difference.identity.value,
        "expected": difference.expected,
        "found": difference.found,
        "note": difference.note,
    }
