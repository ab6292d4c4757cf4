"""From a notice to the message that tells it, in its reader's language and as things are when it is sent."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from msgspec import Struct

from bot import asks, shown
from bot.bodies import Body
from bot.outbox import Notice
from bot.texts import Say
from data.store.queries import Queries
from engine.accounts.notifications import Kind
from engine.core.decimals import MarketDecimals
from engine.core.types import OrderId


class Message(Struct, frozen=True):
    """What is sent."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


class Teller:
    """Looks up what a notice names."""

    def __init__(self, queries: Queries, markets: Mapping[str, MarketDecimals]) -> None:
        self._queries = queries
        self._markets = markets

    async def message(self, notice: Notice, say: Say) -> Message | None:
        """Return the message, or None where there is nothing to tell."""
        subject = notice.topic.partition(":")[2]
        body = notice.body
        if body.key:
            return Message(body.text(say), _keyboard(say, body, subject))
        order = await self._queries.order(notice.user, OrderId(int(subject)))
        if order is None or order.symbol not in self._markets:
            return None
        return Message(shown.order(say, order, self._markets[order.symbol]))


def _keyboard(say: Say, body: Body, subject: str) -> InlineKeyboardMarkup | None:
    if body.key == asks.ASK:
        return asks.buttons(say, subject)
    return _again(say, subject) if body.kind is Kind.ALERTS else None


def _again(say: Say, subject: str) -> InlineKeyboardMarkup:
    """Return the button that arms an alert again."""
    button = InlineKeyboardButton(text=say("alerts.arm"), callback_data=f"alert:arm:{subject.partition(':')[0]}")
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
