"""What people may hear of without having asked, and how loudly. Each chooses for themselves."""

import enum
from typing import Final


class Kind(enum.Enum):
    """Of what."""

    FILLS = "fills"
    EXPIRY = "expiry"
    DEPOSITS = "deposits"
    WITHDRAWALS = "withdrawals"
    SIGN_INS = "sign_ins"
    SECURITY = "security"
    ALERTS = "alerts"
    ALARMS = "alarms"
    SUMMARIES = "summaries"


class Level(enum.Enum):
    """How loudly; on where nothing was chosen."""

    ON = "on"
    SILENT = "silent"
    OFF = "off"


FOR_ADMINS: Final = frozenset({Kind.ALARMS, Kind.SUMMARIES})


def kinds(*, is_admin: bool) -> list[Kind]:
    """Return what somebody may hear of."""
    return [kind for kind in Kind if is_admin or kind not in FOR_ADMINS]
