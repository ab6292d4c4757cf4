"""What a final transaction brings to a token account: pure, so that every case can be shown."""

import enum
from collections.abc import Callable
from typing import Final

from engine.core.types import Atoms
from engine.custody.accounts import DepositAccount
from engine.ports import ChainTransaction


class Verdict(enum.Enum):
    """What becomes of a transaction that names a deposit account."""

    CREDITED = "credited"
    FAILED = "failed"  # it did nothing
    NOTHING = "nothing"  # it brought nothing: the account was made, or something left it
    FOREIGN = "foreign"  # it brought tokens of other mints
    OURS = "ours"  # we signed it: money that we move is no deposit
    DUST = "dust"  # less than the least that is credited


NATIVE: Final = "native_sol"  # lamports that came to the owner of deposit accounts
REFUSED: Final = "refused"  # more than the ledger can hold
OUTCOMES: Final = (*(verdict.value for verdict in Verdict), NATIVE, REFUSED)


def judge(
    transaction: ChainTransaction, account: DepositAccount, minimum: Atoms, is_ours: Callable[[str], bool]
) -> tuple[Verdict, Atoms]:
    """Return what becomes of a transaction, and what it brought. is_ours tells the keys that are our own."""
    if transaction.failed:
        return Verdict.FAILED, Atoms(0)
    own = [change for change in transaction.changes if change.account == account.token_account]
    brought = Atoms(sum(change.atoms for change in own if change.mint == account.mint))
    if brought <= 0:
        foreign = any(
            change.atoms > 0 and change.mint != account.mint and account.owner == change.owner
            for change in transaction.changes
        )
        return (Verdict.FOREIGN if foreign else Verdict.NOTHING), Atoms(0)
    if any(is_ours(signer) for signer in transaction.signers):
        return Verdict.OURS, brought
    return (Verdict.DUST if brought < minimum else Verdict.CREDITED), brought
