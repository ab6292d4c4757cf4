"""What is on its way to deposit accounts: on the chain, but not final, so not credited. Told to who looks."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from msgspec import Struct

from engine.core.types import Atoms, Micros
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.judging import Verdict, judge
from engine.custody.refusals import DepositsUnavailable
from engine.ports import ChainTransaction, ChainUnavailable, Clock

FRESH: Final = 1_000_000  # microseconds for which an answer is given again
MOST_KNOWN: Final = 1_000  # accounts
MOST_ASKED: Final = 4  # questions to the chain at once: crediting goes by the same nodes


class Unfinal(Struct, frozen=True):
    """A transaction that is on the chain and may still be dropped, and how many blocks have confirmed it."""

    transaction: ChainTransaction
    confirmations: int


class Unfinished(Protocol):
    """The chain, as far as it is not final."""

    async def unfinal(self, address: str, *, until: str | None) -> Sequence[Unfinal]:
        """Return the latest transactions of an account that are not final, newest first. Raises ChainUnavailable."""


class Arrival(Struct, frozen=True):
    """A deposit to be: it is credited with as many confirmations as `needed`."""

    signature: str
    atoms: Atoms
    confirmations: int
    needed: int


class Arrivals:
    """Asks the chain when somebody looks, a little at a time."""

    def __init__(self, chain: Unfinished, is_ours: Callable[[str], bool], clock: Clock, *, needed: int) -> None:
        self._chain = chain
        self._is_ours = is_ours
        self._clock = clock
        self._needed = needed
        self._known: dict[str, tuple[Micros, list[Arrival]]] = {}
        self._asking = asyncio.Semaphore(MOST_ASKED)

    async def of(self, account: DepositAccount, asset: Depositable) -> list[Arrival]:
        """Return what is on its way to an account, newest first. Raises DepositsUnavailable."""
        at, known = self._known.get(account.token_account, (Micros(0), []))
        if self._clock() < at + FRESH:
            return known
        if self._asking.locked():
            raise DepositsUnavailable
        async with self._asking:
            try:
                seen = await self._chain.unfinal(account.token_account, until=account.done)
            except ChainUnavailable:
                raise DepositsUnavailable from None
        found = []
        for each in seen:
            verdict, atoms = judge(each.transaction, account, asset.minimum, self._is_ours)
            if verdict is Verdict.CREDITED:
                found.append(Arrival(each.transaction.signature, atoms, each.confirmations, self._needed))
        self._known.pop(account.token_account, None)
        self._known[account.token_account] = (self._clock(), found)
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]
        return found
