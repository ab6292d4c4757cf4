"""What whoever watches the exchange tells the HTTP edge of its health."""

from collections.abc import Mapping

from msgspec import Struct

from engine.core.types import Micros
from engine.withdrawals.types import WithdrawalState


class Watched(Struct, frozen=True):
    """What whoever watches the exchange knows, and the HTTP edge does not.

    late_ms is the loop's worst of the last ten seconds, waiting the lengths of queues, unbalanced what the ledger does
    not add up by, in atoms by asset. notices_waiting is None where no bot runs; leaving counts withdrawals under way.
    """

    started_at: Micros = Micros(0)
    late_ms: float = 0.0
    waiting: Mapping[str, int] = {}
    checks: int = 0
    checked_at: Micros | None = None
    unbalanced: Mapping[str, int] = {}
    notices_waiting: int | None = None
    leaving: Mapping[WithdrawalState, int] = {}
    is_stopped: bool = False  # sending withdrawals, by an operator
