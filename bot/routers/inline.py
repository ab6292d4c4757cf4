"""What is offered wherever somebody writes the bot's name into another chat: cards with prices."""

from typing import Final

from aiogram import Router
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InputTextMessageContent,
)

from bot import shown
from bot.routers.start import Links
from bot.texts import Say, Texts
from bot.trading import Trading
from engine.core.decimals import MarketDecimals

CACHED_S: Final = 5  # by Telegram, for the person who asks: another one may read another language
MOST: Final = 20


def inline_router() -> Router:
    """Return the router of what is written behind the bot's name. It needs no account."""
    router = Router(name="inline")
    router.inline_query.register(offer)
    return router


async def offer(query: InlineQuery, trading: Trading, links: Links, texts: Texts) -> None:
    """Offer the prices of the markets whose names begin so; of all where nothing is written yet."""
    say = texts.of(query.from_user.language_code)
    begins = "".join(letter for letter in query.query.upper() if letter.isalnum())
    found = [market for symbol, market in trading.markets.items() if symbol.startswith(begins)][:MOST]
    cards = [_card(say, trading, links, market) for market in found]
    await query.answer(list(cards), cache_time=CACHED_S, is_personal=True)


def _card(say: Say, trading: Trading, links: Links, market: MarketDecimals) -> InlineQueryResultArticle:
    symbol = market.market.symbol
    text = shown.price(say, trading.ticker(symbol), market)
    title, _, details = text.partition("\n")
    keyboard = None
    if links.mini_app_url:  # a button that opens the page itself is for private chats only
        button = InlineKeyboardButton(text=say("start.open"), url=f"{links.mini_app_url}?startapp={symbol}")
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    return InlineQueryResultArticle(
        id=symbol,
        title=title,
        description=details,
        input_message_content=InputTextMessageContent(message_text=text),
        reply_markup=keyboard,
    )
