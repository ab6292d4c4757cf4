"""What must be equal, and where it is not. Pure.

Settlement writes a batch down before it is sent, and as settled only once it is final. So whatever has moved on the
chain is in what was read from the books *after* the chain was read; and only batches that were open then, or have
settled shortly before, may have moved without being counted, or be counted without having moved at that slot.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from engine.core.types import AssetCode, UserId
from engine.reconciliation.types import (
    DepositPlace,
    Difference,
    Identity,
    Line,
    OnChain,
    TokenBalance,
    Written,
)
from engine.settlement.funds import changes_of
from engine.settlement.types import BatchKind, BatchState, SettlementBatch, VaultAccount

MISSING = "missing"  # there is no such token account
NOT_OURS = "not ours"  # another owner, another mint, or a delegate

Seen = Mapping[str, tuple[int, TokenBalance | None]]  # by token account: the slot, and what was there
Landed = Mapping[str, int | None]  # by signature


def of_books(lines: Iterable[Line]) -> list[Difference]:
    """Return where the ledger is not what our record of the chain makes of it."""
    return [
        Difference(line.user, line.asset, Identity.BOOKS, line.expected, line.ledger)
        for line in lines
        if line.ledger != line.expected
    ]


def vault_on_chain(
    written: Written, seen: Seen, landed: Landed, authority: str, address: Callable[[UserId, AssetCode], str]
) -> list[OnChain]:
    """Return the vault accounts that were seen, each with what must lie there as of its slot.

    authority is whose they must be, and address says where an account of this authority is.
    """
    moved = [(batch, _slot(batch, landed), changes_of(batch.moves)) for batch in written.batches]
    found = []
    for account in written.vault:
        if account.token_account not in seen:
            continue
        slot, balance = seen[account.token_account]
        expected, is_certain = int(account.settled), True
        for batch, landed_at, changes in moved:
            change = changes.get(account.token_account, 0)
            is_settled = batch.state is BatchState.SETTLED
            if change and is_settled and landed_at is None:
                is_certain = False
            has_landed = landed_at is not None and landed_at <= slot
            expected += change * (has_landed - is_settled)
        found.append(_beside(account, slot, expected, balance, authority, is_certain=is_certain))
    return [
        each
        for each in found
        # Of another authority, or mint, and empty: it is left alone.
        if each.account.settled or each.account.token_account == address(each.account.user, each.account.asset)
    ]


def _slot(batch: SettlementBatch, landed: Landed) -> int | None:
    return None if batch.signature is None else landed.get(batch.signature)


def _beside(
    account: VaultAccount, slot: int, expected: int, balance: TokenBalance | None, authority: str, *, is_certain: bool
) -> OnChain:
    if balance is None:
        return OnChain(account, slot, expected, 0, is_there=False, is_certain=is_certain, note=MISSING)
    is_ours = (balance.owner, balance.mint) == (authority, account.mint) and not balance.has_delegate
    return OnChain(
        account,
        slot,
        expected,
        balance.atoms if is_ours else 0,
        is_there=True,
        is_frozen=balance.is_frozen,
        note="" if is_ours else NOT_OURS,
        is_certain=is_certain,
    )


def of_vault(found: Iterable[OnChain]) -> list[Difference]:
    """Return the vault accounts in which there is less than there must be, or which are not ours any more.

    More than that is no difference: anybody can send tokens there, and must not stop anything by it.
    """
    return [
        Difference(
            each.account.user, each.account.asset, Identity.VAULT, each.expected, each.found, each.slot, each.note
        )
        for each in found
        if each.is_certain and (each.found < each.expected or each.note == NOT_OURS)
    ]


def of_deposits(written: Written, seen: Seen) -> list[Difference]:
    """Return where deposit accounts have less than is credited there and in no sweep.

    They may have more: dust, what is not credited yet, and what a sweep under way has not taken yet.
    """
    places: dict[tuple[UserId, AssetCode], list[DepositPlace]] = {}
    for place in written.deposits:
        places.setdefault((place.user, place.asset), []).append(place)
    going = Counter[str]()
    for batch in written.batches:
        if batch.kind is BatchKind.SWEEP and batch.state is not BatchState.SETTLED:
            for move in batch.moves:
                going[move.source] += move.atoms
    differences = []
    for line in written.lines:
        own = places.get((line.user, line.asset), [])
        if any(place.token_account not in seen for place in own):
            continue  # made since the chain was asked
        least = line.old_credits - line.swept - sum(going[place.token_account] for place in own)
        found = sum(_atoms(place, seen[place.token_account][1]) for place in own)
        if found < least:
            slot = min((seen[place.token_account][0] for place in own), default=None)
            differences.append(Difference(line.user, line.asset, Identity.DEPOSITS, least, found, slot))
    return differences


def _atoms(place: DepositPlace, balance: TokenBalance | None) -> int:
    is_ours = balance is not None and (balance.owner, balance.mint) == (place.owner, place.mint)
    return balance.atoms if balance is not None and is_ours else 0
