"""What withdrawals ask their owners by chat, and tell them."""

from collections.abc import Mapping

from bot import withdrawing
from bot.notices import Notices
from engine.core.market import Asset
from engine.core.types import UserId, WithdrawalStatus
from engine.withdrawals.types import Withdrawal


class WithdrawalAsks:
    """`engine.withdrawals.ports.Asks` through the outbox. That money has left is told by what is committed."""

    def __init__(self, notices: Notices, assets: Mapping[str, Asset]) -> None:
        self._notices = notices
        self._assets = assets

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Show somebody what is to be confirmed."""
        body = withdrawing.ask(withdrawal.asked, self._assets)
        self._notices.put(user, f"withdrawal:{withdrawal.asked.id}", body, rings=True)

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Tell somebody that a withdrawal ended, though they did not end it."""
        if withdrawal.asked.status is not WithdrawalStatus.COMPLETED:
            topic, body = withdrawing.over_topic(withdrawal.asked), withdrawing.over(withdrawal.asked, self._assets)
            self._notices.put(user, topic, body, rings=True)
