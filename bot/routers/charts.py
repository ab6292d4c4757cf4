"""Pictures of candles, whose buttons change them in place."""

from typing import Final

from aiogram import F, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters import Command, CommandObject
from aiogram.types import (
    BufferedInputFile,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    Message,
)

from bot import shown
from bot.cards import StaleCard
from bot.chart.charts import Charts
from bot.chart.choices import ChosenThemes
from bot.chart.themes import Theme
from bot.plan import find_market
from bot.refusals import UnknownButton, UnknownInterval
from bot.texts import Say
from bot.trading import Trading
from engine.core.decimals import MarketDecimals
from engine.core.types import UserId
from engine.market_data.intervals import Interval

FIRST: Final = Interval.FIFTEEN_MINUTES  # where none is named
OFFERED: Final = (
    Interval.ONE_MINUTE,
    Interval.FIVE_MINUTES,
    Interval.FIFTEEN_MINUTES,
    Interval.ONE_HOUR,
    Interval.FOUR_HOURS,
    Interval.ONE_DAY,
)


def charts_router() -> Router:
    """Return the router of /chart, which is for groups too."""
    router = Router(name="charts")
    router.message.register(chart, Command("chart"))
    return router


def chart_buttons_router() -> Router:
    """Return the router of the buttons below a picture."""
    router = Router(name="chart buttons")
    router.callback_query.register(change, F.data.startswith("chart:"))
    return router


async def chart(
    message: Message,
    command: CommandObject,
    say: Say,
    trading: Trading,
    charts: Charts,
    themes: ChosenThemes,
    user: UserId | None = None,
) -> None:
    """Send a picture; in a group one without anybody's own orders, and without buttons."""
    market, interval = _wanted(command.args or "", trading)
    theme = await themes.of(user)
    picture = await charts.picture(market.market.symbol, interval, theme, say("chart.empty"), user)
    await message.answer_photo(
        BufferedInputFile(picture.png, "chart.png"),
        caption=_caption(say, trading, market, picture.outside),
        reply_markup=None if user is None else _keyboard(say, market, interval, theme),
    )


async def change(
    query: CallbackQuery, say: Say, user: UserId, trading: Trading, charts: Charts, themes: ChosenThemes
) -> None:
    """Draw a picture anew in its place, as its button says."""
    if not isinstance(query.message, Message):
        raise StaleCard
    wanted = _of_button(query.data or "", trading)
    if wanted is None:
        raise UnknownButton
    market, interval, theme = wanted
    picture = await charts.picture(market.market.symbol, interval, theme, say("chart.empty"), user)
    caption = _caption(say, trading, market, picture.outside)
    try:
        await query.message.edit_media(
            InputMediaPhoto(media=BufferedInputFile(picture.png, "chart.png"), caption=caption),
            reply_markup=_keyboard(say, market, interval, theme),
        )
    except TelegramBadRequest:  # it is gone, or was forwarded
        raise StaleCard from None
    await themes.choose(user, theme)
    await query.answer()


def _wanted(text: str, trading: Trading) -> tuple[MarketDecimals, Interval]:
    """Read "btc 15m". Raises UnknownSymbol or UnknownInterval."""
    name, _, interval = text.strip().partition(" ")
    market = find_market(name, trading.markets) if name else next(iter(trading.markets.values()))
    return market, _interval(interval.strip()) if interval else FIRST


def _interval(text: str) -> Interval:
    """Read an interval; "1M" is a month, all others may be in capitals too."""
    for name in (text, text.lower()):
        try:
            return Interval(name)
        except ValueError:
            continue
    raise UnknownInterval(intervals=", ".join(each.value for each in Interval))


def _of_button(data: str, trading: Trading) -> tuple[MarketDecimals, Interval, Theme] | None:
    parts = data.split(":")
    market = trading.markets.get(parts[1]) if len(parts) == 4 else None
    try:
        return None if market is None else (market, Interval(parts[2]), Theme(parts[3]))
    except ValueError:
        return None


def _caption(say: Say, trading: Trading, market: MarketDecimals, outside: int) -> str:
    ticker = trading.ticker(market.market.symbol)
    text = shown.price(say, ticker, market)
    return f"{text}\n{say('chart.outside', count=outside)}" if outside else text


def _keyboard(say: Say, market: MarketDecimals, interval: Interval, theme: Theme) -> InlineKeyboardMarkup:
    symbol = market.market.symbol
    intervals = [
        InlineKeyboardButton(
            text=f"• {each.value} •" if each is interval else each.value,
            callback_data=f"chart:{symbol}:{each.value}:{theme.value}",
        )
        for each in OFFERED
    ]
    other = Theme.LIGHT if theme is Theme.DARK else Theme.DARK
    switch = InlineKeyboardButton(
        text=say(f"chart.{other.value}"), callback_data=f"chart:{symbol}:{interval.value}:{other.value}"
    )
    again = InlineKeyboardButton(
        text=say("chart.again"), callback_data=f"chart:{symbol}:{interval.value}:{theme.value}"
    )
    return InlineKeyboardMarkup(inline_keyboard=[intervals, [again, switch]])
