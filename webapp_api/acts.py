"""What administrators do, by name: the log keeps a method and a path, or what was said to the bot."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from engine.accounts.types import ActPattern, AdminAct


class _Form(Struct, frozen=True):
    """How an act is written in the log. {} in a target stands for what it was done to."""

    act: str
    target: str

    @property
    def pattern(self) -> ActPattern:
        return ActPattern(self.act, self.target.replace("{}", "%"))

    def of(self, act: AdminAct) -> str | None:
        """Return what it was done to, "" where there is only one such thing; None for another act."""
        found = re.fullmatch(re.escape(self.target).replace(r"\{\}", "(.*)"), act.target, re.DOTALL)
        return None if act.act != self.act or found is None else "".join(found.groups())


ACTIONS: Final[Mapping[str, Sequence[_Form]]] = {
    "pause_quoting": (_Form("POST", "/api/admin/quoting/{}/stop"), _Form("pause", "{}")),
    "resume_quoting": (_Form("POST", "/api/admin/quoting/{}/resume"), _Form("resume", "{}")),
    "open_market": (_Form("POST", "/api/admin/markets/{}/resume"), _Form("market resume", "{}")),
    "make_market_cancel_only": (
        _Form("POST", "/api/admin/markets/{}/cancel-only"),
        _Form("market cancel-only", "{}"),
    ),
    "halt_market": (_Form("POST", "/api/admin/markets/{}/halt"), _Form("market halt", "{}")),
    "approve_withdrawal": (_Form("POST", "/api/admin/withdrawals/{}/approve"),),
    "reject_withdrawal": (_Form("POST", "/api/admin/withdrawals/{}/reject"),),
    "stop_withdrawals": (_Form("POST", "/api/admin/withdrawals/stop"),),
    "resume_withdrawals": (_Form("POST", "/api/admin/withdrawals/resume"),),
    "clear_reconciliation": (_Form("POST", "/api/admin/reconciliation/clear"),),
    "retry_settlement": (_Form("POST", "/api/admin/settlement/retry"),),
    "take_snapshot": (_Form("POST", "/api/admin/solvency/snapshots"),),
    "look_at_account": (_Form("GET", "/api/admin/accounts/{}"),),
    "sign_out_account": (_Form("POST", "/api/admin/accounts/{}/sign-out"),),
}


def patterns(action: str | None) -> list[ActPattern]:
    """Return what the acts of this name look like in the log; nothing where none is named. Raises KeyError."""
    return [] if action is None else [form.pattern for form in ACTIONS[action]]


def named(act: AdminAct) -> tuple[str | None, str]:
    """Return an act's name and what it was done to; (None, "") for what this version does not know."""
    for action, forms in ACTIONS.items():
        for form in forms:
            if (on := form.of(act)) is not None:
                return action, on
    return None, ""
