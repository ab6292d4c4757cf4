"""Withdrawals told by chat: a card that asks for a yes, and what came of it."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.notices import Notice, Notices
from bot.texts import Say
from engine.core.decimals import show_plain
from engine.core.market import Asset
from engine.core.types import UserId, WithdrawalStatus
from engine.withdrawals.types import Withdrawal


class WithdrawalAsks:
    """`engine.withdrawals.ports.Asks` through the queue of notices. What is lost there, /withdrawals shows still."""

    def __init__(self, notices: Notices, assets: Mapping[str, Asset]) -> None:
        self._notices = notices
        self._assets = assets

    def ask_to_confirm(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Show somebody what is to be confirmed."""
        notice = Notice(
            lambda say: card(say, withdrawal, self._assets), rings=True, keyboard=lambda say: buttons(say, withdrawal)
        )
        self._put(user, withdrawal, notice)

    def tell(self, user: UserId, withdrawal: Withdrawal) -> None:
        """Tell somebody that a withdrawal is over."""
        self._put(user, withdrawal, Notice(lambda say: outcome(say, withdrawal, self._assets), rings=True))

    def _put(self, user: UserId, withdrawal: Withdrawal, notice: Notice) -> None:
        self._notices.put(user, ("withdrawal", str(withdrawal.asked.id)), notice)


def card(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what is to be confirmed: all that counts."""
    return say("withdrawal.ask", **_values(withdrawal, assets))


def outcome(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what came of a withdrawal."""
    if withdrawal.asked.status is WithdrawalStatus.COMPLETED:
        return say("withdrawal.completed", **_values(withdrawal, assets))
    return say("withdrawal.ended", **_values(withdrawal, assets))


def confirmed(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return the answer to a yes."""
    return say("withdrawal.confirmed", **_values(withdrawal, assets))


def buttons(say: Say, withdrawal: Withdrawal) -> InlineKeyboardMarkup:
    """Return the yes and the no. They name a withdrawal, which is looked up under whoever taps."""
    number = withdrawal.asked.id
    yes = InlineKeyboardButton(text=say("withdrawal.yes"), callback_data=f"wd-yes:{number}")
    no = InlineKeyboardButton(text=say("withdrawal.no"), callback_data=f"wd-no:{number}")
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])


def _values(withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> dict[str, str | int]:
    asked = withdrawal.asked
    decimals = assets[asked.asset].decimals
    return {
        "id": asked.id,
        "asset": asked.asset,
        "amount": show_plain(asked.amount, decimals),
        "net": show_plain(withdrawal.net, decimals),
        "fee": show_plain(asked.fee, decimals),
        "address": asked.address,
    }
