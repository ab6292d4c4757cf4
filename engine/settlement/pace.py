"""How fast settlement goes, and how much of it at once."""

from typing import Final

from msgspec import Struct

MOST_UNDER_WAY: Final = 256  # batches: statuses of so many are asked in one question
MOST_FILLS_UNDER_WAY: Final = 192  # of them with fills, so that money always comes and goes beside them
MOST_AT_ONCE: Final = 16  # batches signed together
MOST_LANDED_FAILURES: Final = 5  # of a batch: each costs its fee
REFUSALS: Final = 4  # one after another, and a batch is believed to be at fault
REFUSALS_FOR_FUNDS: Final = 6  # or its sources to have less than we believe: a node may only be behind
MOST_DOUBLED: Final = 3  # times that the wait between two of them doubles


class Pace(Struct, frozen=True):
    """Times in seconds. Batches are made when owed fills have waited for collect_s, or collect_fills have come."""

    collect_s: float = 2.0
    collect_fills: int = 200
    look_s: float = 0.25  # between two looks at what has come to be owed
    poll_s: float = 0.5  # between two questions what became of what was sent
    resend_s: float = 2.0  # between two sends of the same bytes
    refused_wait_s: float = 1.0  # before a batch that was refused is tried out again
    longest_wait_s: float = 10.0  # for a chain that does not answer
    again_s: float = 10.0  # between two rounds through the fills that could not be paid and are not in memory
    most_fills: int = 50_000  # in memory, owed and under way; the others wait in the database
