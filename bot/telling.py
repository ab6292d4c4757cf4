"""From a notice to the message that tells it, in its reader's language and as things are when it is sent."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from msgspec import Struct

from bot import linking, shown, withdrawing
from bot.bodies import Body
from bot.outbox import Notice
from bot.texts import Say
from data.store.queries import Queries
from engine.accounts.notifications import Kind
from engine.accounts.wallet_links import WalletLinks
from engine.core.decimals import MarketDecimals
from engine.core.types import OrderId


class Message(Struct, frozen=True):
    """What is sent."""

    text: str
    keyboard: InlineKeyboardMarkup | None = None


class Teller:
    """Looks up what a notice names."""

    def __init__(self, queries: Queries, markets: Mapping[str, MarketDecimals], wallet_links: WalletLinks) -> None:
        self._queries = queries
        self._markets = markets
        self._wallet_links = wallet_links

    async def message(self, notice: Notice, say: Say) -> Message | None:
        """Return the message, or None where there is nothing to tell."""
        subject = notice.topic.partition(":")[2]
        body = notice.body
        if body.key == linking.ASK:
            return await self._signed(notice, say)
        if body.key:
            return Message(body.text(say), _keyboard(say, body, subject))
        order = await self._queries.order(notice.user, OrderId(int(subject)))
        if order is None or order.symbol not in self._markets:
            return None
        return Message(shown.order(say, order, self._markets[order.symbol]))

    async def _signed(self, notice: Notice, say: Say) -> Message | None:
        """Return the question whether a wallet is one's own; None where a page asked for its link, or it is over."""
        for link in await self._wallet_links.waiting_in_chat(notice.user):
            if link.address == notice.body.params["address"]:
                return Message(notice.body.text(say), linking.buttons(say, link.id))
        return None


def _keyboard(say: Say, body: Body, subject: str) -> InlineKeyboardMarkup | None:
    if body.key == withdrawing.ASK:
        return withdrawing.buttons(say, subject)
    return _again(say, subject) if body.kind is Kind.ALERTS else None


def _again(say: Say, subject: str) -> InlineKeyboardMarkup:
    """Return the button that arms an alert again."""
    button = InlineKeyboardButton(text=say("alerts.arm"), callback_data=f"alert:arm:{subject.partition(':')[0]}")
    return InlineKeyboardMarkup(inline_keyboard=[[button]])
