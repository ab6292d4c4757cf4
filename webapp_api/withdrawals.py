"""Withdrawals as people and administrators see them."""

from collections.abc import Mapping

from engine.core.decimals import show, show_plain
from engine.core.market import Asset
from engine.core.types import Atoms, WithdrawalStatus
from engine.withdrawals import rules
from engine.withdrawals.types import Terms, Withdrawal, WithdrawalState
from engine.withdrawals.withdrawals import Withdrawals
from webapp_api import withdrawal_wire
from webapp_api.explorer import Explorer


class WithdrawalViews:
    """Makes what is told of withdrawals."""

    def __init__(self, withdrawals: Withdrawals, assets: Mapping[str, Asset], explorer: Explorer) -> None:
        self._withdrawals = withdrawals
        self._assets = assets
        self._explorer = explorer

    def view(self, found: Withdrawal) -> withdrawal_wire.Withdrawal:
        """Return a withdrawal as it is now."""
        asked, chosen, state = found.asked, self._withdrawals.rules, self._withdrawals.state(found)
        decimals = self._assets[asked.asset].decimals
        is_over = asked.status is not WithdrawalStatus.REQUESTED
        unconfirmed = state is WithdrawalState.WAITS_FOR_CONFIRMATION
        delayed = state is WithdrawalState.WAITS_FOR_DELAY
        waits_for = self._withdrawals.waiting.get(asked.id) if state is WithdrawalState.APPROVED else None
        return withdrawal_wire.Withdrawal(
            id=asked.id,
            asset=asked.asset,
            amount=show(asked.amount, decimals),
            fee=show(asked.fee, decimals),
            net=show(found.net, decimals),
            address=asked.address,
            state=state,
            waits_for=waits_for,
            reason=found.ending if state in (WithdrawalState.CANCELED, WithdrawalState.FAILED) else None,
            approvals=found.approvals,
            approvals_needed=found.approvals_needed,
            signature=found.signature,
            explorer=self._explorer.transaction(found.signature),
            idempotency_key=asked.reference or None,
            created_at=asked.created_at // 1000,
            confirm_by=rules.confirm_by(found, chosen) // 1000 if unconfirmed else None,
            confirmed_at=None if found.confirmed_at is None else found.confirmed_at // 1000,
            waits_until=rules.waits_until(found, chosen) // 1000 if delayed else None,
            ended_at=asked.updated_at // 1000 if is_over else None,
        )

    def terms(self, found: Terms) -> withdrawal_wire.WithdrawalTerms:
        """Return what is to be known before a withdrawal is asked for."""
        decimals = self._assets[found.asset].decimals

        def shown(atoms: Atoms | None) -> str | None:
            return None if atoms is None else show(atoms, decimals)

        return withdrawal_wire.WithdrawalTerms(
            asset=found.asset,
            fee=show(found.fee, decimals),
            minimum=show(found.least, decimals),
            maximum=shown(found.most),
            day_limit=shown(found.day_limit),
            day_left=shown(found.day_left),
            under_way=found.under_way,
            most_under_way=found.most_under_way,
        )

    def statement(self, found: Withdrawal) -> str:
        """Return the sentence that a wallet signs to confirm: all that counts, so that nothing of it can be changed."""
        asked = found.asked
        decimals, code = self._assets[asked.asset].decimals, asked.asset
        return (
            f"Withdraw {show_plain(asked.amount, decimals)} {code} from the Clobster account {asked.user}: "
            f"{show_plain(found.net, decimals)} {code} to {asked.address}, "
            f"fee {show_plain(asked.fee, decimals)} {code}. Withdrawal {asked.id}."
        )
