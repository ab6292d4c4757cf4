"""How the chain is asked: a hundred accounts at a time, each with the slot of its answer."""

from collections.abc import Iterable, Sequence
from typing import Final

from engine.ports import ChainUnavailable
from engine.reconciliation.comparing import Seen
from engine.reconciliation.ports import ChainBalances
from engine.reconciliation.types import TokenBalance
from engine.settlement.types import SettlementBatch

MOST_ACCOUNTS: Final = 100  # in one question
MOST_SIGNATURES: Final = 256


async def see(chain: ChainBalances, token_accounts: Sequence[str], least_slot: int = 0) -> Seen:
    """Return what token accounts hold now. Raises ChainUnavailable, where a node is not as far as a slot, too."""
    seen: dict[str, tuple[int, TokenBalance | None]] = {}
    for first in range(0, len(token_accounts), MOST_ACCOUNTS):
        some = token_accounts[first : first + MOST_ACCOUNTS]
        answer = await chain.balances(some)
        _check(answer.slot, least_slot)
        seen |= {address: (answer.slot, balance) for address, balance in zip(some, answer.found, strict=True)}
    return seen


async def landed(chain: ChainBalances, batches: Iterable[SettlementBatch], seen: Seen) -> dict[str, int | None]:
    """Return by signature where batches have landed that move something in accounts that were seen.

    Raises ChainUnavailable, where the node has not come as far as was seen, too: it may not know what is in there.
    """
    signatures = [
        batch.signature
        for batch in batches
        if batch.signature is not None and any(move.source in seen or move.target in seen for move in batch.moves)
    ]
    found: dict[str, int | None] = {}
    for first in range(0, len(signatures), MOST_SIGNATURES):
        some = signatures[first : first + MOST_SIGNATURES]
        answer = await chain.landed(some)
        _check(answer.slot, newest(seen))
        found |= dict(zip(some, answer.slots, strict=True))
    return found


def newest(seen: Seen) -> int:
    """Return the newest slot of what was seen."""
    return max((slot for slot, _ in seen.values()), default=0)


def _check(slot: int, least_slot: int) -> None:
    if slot < least_slot:
        raise ChainUnavailable(f"a node is behind: it is at slot {slot}")
