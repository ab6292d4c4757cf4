"""Withdrawals in words: the card that asks for a yes, and what came of it."""

from collections.abc import Mapping
from typing import Final

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.bodies import Body
from bot.texts import Say
from engine.accounts.notifications import Kind
from engine.core.decimals import show_plain
from engine.core.events import WithdrawalChanged
from engine.core.market import Asset
from engine.core.types import WithdrawalStatus
from engine.withdrawals.types import Withdrawal

ASK: Final = "withdrawal.ask"  # a body with this key has buttons


def ask(asked: WithdrawalChanged, assets: Mapping[str, Asset]) -> Body:
    """Return what is told of a withdrawal that is to be confirmed."""
    return Body(Kind.WITHDRAWALS, "withdrawal.ask", _values(asked, assets))


def over_topic(asked: WithdrawalChanged) -> str:
    """Return the topic of a withdrawal's end."""
    return f"withdrawal:{asked.id}:over"


def over(asked: WithdrawalChanged, assets: Mapping[str, Asset]) -> Body:
    """Return what is told of a withdrawal's end."""
    is_completed = asked.status is WithdrawalStatus.COMPLETED
    values = _values(asked, assets)
    return Body(Kind.WITHDRAWALS, "withdrawal.completed" if is_completed else "withdrawal.ended", values)


def card(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what is to be confirmed: all that counts."""
    return say("withdrawal.ask", **_values(withdrawal.asked, assets))


def outcome(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return what came of a withdrawal."""
    return over(withdrawal.asked, assets).text(say)


def confirmed(say: Say, withdrawal: Withdrawal, assets: Mapping[str, Asset]) -> str:
    """Return the answer to a yes."""
    return say("withdrawal.confirmed", **_values(withdrawal.asked, assets))


def buttons(say: Say, number: str) -> InlineKeyboardMarkup:
    """Return the yes and the no. They name a withdrawal, which is looked up under whoever taps."""
    yes = InlineKeyboardButton(text=say("withdrawal.yes"), callback_data=f"wd-yes:{number}")
    no = InlineKeyboardButton(text=say("withdrawal.no"), callback_data=f"wd-no:{number}")
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])


def _values(asked: WithdrawalChanged, assets: Mapping[str, Asset]) -> dict[str, str]:
    decimals = assets[asked.asset].decimals
    return {
        "id": str(asked.id),
        "asset": asked.asset,
        "amount": show_plain(asked.amount, decimals),
        "net": show_plain(asked.amount - asked.fee, decimals),
        "fee": show_plain(asked.fee, decimals),
        "address": asked.address,
    }
