"""Buying and selling: a card first, and nothing before its yes."""

import structlog
from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import shown, wish
from bot.cards import Card, Cards, ExpiredCard, StaleCard, new_nonce
from bot.notices import Notices
from bot.plan import Estimate, plan
from bot.refusals import NotUnderstood
from bot.texts import Say
from bot.trading import Trading
from data.store.notices import Place
from engine.core.refusals import Refused
from engine.core.types import BUY, SELL, UserId

log = structlog.get_logger()


def orders_router() -> Router:
    """Return the router of /buy and /sell and of the buttons of their cards."""
    router = Router(name="orders")
    router.message.register(ask, Command("buy", "sell"))
    router.callback_query.register(confirm, F.data.startswith("yes:"))
    router.callback_query.register(drop, F.data.startswith("no:"))
    return router


async def ask(message: Message, command: CommandObject, say: Say, user: UserId, trading: Trading, cards: Cards) -> None:
    """Show what an order would come to, and ask whether it shall be placed."""
    side = BUY if command.command == "buy" else SELL
    try:
        wanted = plan(wish.read(side, command.args or ""), trading.markets, await trading.available(user))
    except NotUnderstood:
        raise NotUnderstood(examples=wish.examples(side)) from None
    come_to = await trading.estimate(user, wanted)
    nonce = new_nonce()
    sent = await message.answer(shown.card(say, wanted, come_to), reply_markup=_keyboard(say, nonce))
    await cards.add(nonce, user, sent.chat.id, sent.message_id, wanted, come_to)


async def confirm(
    query: CallbackQuery, say: Say, user: UserId, trading: Trading, cards: Cards, notices: Notices
) -> None:
    """Place a card's order, or ask once more where it is one to be sure of."""
    message, card = await _taken(query, say, user, cards)
    try:
        now = await trading.estimate(user, card.plan)
        again = _why_again(say, card, now)
        if again:
            await _ask_again(message, say, card, now, again, cards)
            await query.answer()
            return
        notices.expect(card.client_order_id, Place(card.chat, card.message))
        try:
            order = await trading.place(card)
        finally:
            told = not notices.forget(card.client_order_id)
        if not told:  # it had been placed before
            notices.tell(order, Place(card.chat, card.message))
        log.info("order by chat", user=user, order=order.id, symbol=order.symbol)
    except Refused as refused:
        log.info("order by chat refused", user=user, code=refused.code)
        await query.answer()
        await message.edit_text(say("card.refused", reason=shown.refusal(say, refused, trading.assets)))
        return
    await query.answer()


async def drop(query: CallbackQuery, say: Say, user: UserId, cards: Cards) -> None:
    """Take a card back."""
    message, _ = await _taken(query, say, user, cards)
    await query.answer()
    await message.edit_text(say("card.dropped"))


async def _taken(query: CallbackQuery, say: Say, user: UserId, cards: Cards) -> tuple[Message, Card]:
    """Return the message and its card, used up. Raises StaleCard or ExpiredCard."""
    message = query.message
    if not isinstance(message, Message):  # too old for Telegram to say what it was
        raise StaleCard
    nonce = (query.data or "").partition(":")[2]
    try:
        return message, await cards.take(nonce, user, message.chat.id, message.message_id)
    except ExpiredCard as expired:
        await message.edit_text(say(f"refused.{expired.code}"))
        raise


def _why_again(say: Say, card: Card, now: Estimate) -> str:
    """Return why to ask a second time, or nothing."""
    if now.worse_than(card.estimate, card.plan.side):
        return say("card.moved")
    if card.sure or not now.doubts:
        return ""
    return "\n".join(say(f"card.{doubt}") for doubt in now.doubts)


async def _ask_again(message: Message, say: Say, card: Card, now: Estimate, why: str, cards: Cards) -> None:
    nonce, plan_ = new_nonce(), card.plan
    await cards.add(nonce, card.user, card.chat, card.message, plan_, now, sure=True)
    await message.edit_text(shown.card(say, plan_, now, more=why), reply_markup=_keyboard(say, nonce, sure=True))


def _keyboard(say: Say, nonce: str, *, sure: bool = False) -> InlineKeyboardMarkup:
    yes = InlineKeyboardButton(text=say("card.sure" if sure else "card.yes"), callback_data=f"yes:{nonce}")
    no = InlineKeyboardButton(text=say("card.no"), callback_data=f"no:{nonce}")
    return InlineKeyboardMarkup(inline_keyboard=[[yes, no]])
