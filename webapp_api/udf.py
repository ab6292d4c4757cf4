"""Our candles in the words of TradingView's Universal Data Feed. All pure."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Raw

from engine.core.decimals import MarketDecimals
from engine.core.types import Lots, Ticks
from engine.market_data.candles import Candle
from engine.market_data.intervals import Interval
from engine.market_data.reference import ReferenceCandle
from webapp_api import udf_wire

NAME: Final = "Clobster"
TYPE: Final = "crypto"

INTERVALS: Final = {
    "1": Interval.ONE_MINUTE,
    "3": Interval.THREE_MINUTES,
    "5": Interval.FIVE_MINUTES,
    "15": Interval.FIFTEEN_MINUTES,
    "30": Interval.HALF_AN_HOUR,
    "60": Interval.ONE_HOUR,
    "120": Interval.TWO_HOURS,
    "240": Interval.FOUR_HOURS,
    "360": Interval.SIX_HOURS,
    "480": Interval.EIGHT_HOURS,
    "720": Interval.TWELVE_HOURS,
    "1D": Interval.ONE_DAY,
    "3D": Interval.THREE_DAYS,
    "1W": Interval.ONE_WEEK,
    "1M": Interval.ONE_MONTH,
}
_SHORT: Final = {"D": Interval.ONE_DAY, "W": Interval.ONE_WEEK, "M": Interval.ONE_MONTH}

_RESOLUTIONS: Final = list(INTERVALS)
_INTRADAY: Final = [name for name in INTERVALS if name.isdigit()]


def interval_of(resolution: str) -> Interval | None:
    """Return what a resolution means; None where it is not one of ours."""
    return INTERVALS.get(resolution) or _SHORT.get(resolution)


def config() -> udf_wire.Config:
    """Return what this feed can do."""
    return udf_wire.Config(
        supported_resolutions=_RESOLUTIONS,
        exchanges=[udf_wire.Exchange(NAME, NAME, NAME)],
        symbols_types=[udf_wire.SymbolType("Crypto", TYPE)],
    )


def symbol_info(market: MarketDecimals) -> udf_wire.SymbolInfo:
    """Return what a chart must know of a market."""
    rules, digits = market.market, market.price_places
    return udf_wire.SymbolInfo(
        name=rules.symbol,
        ticker=rules.symbol,
        description=_description(market),
        type=TYPE,
        exchange=NAME,
        listed_exchange=NAME,
        currency_code=rules.quote,
        session="24x7",
        timezone="Etc/UTC",
        minmov=int(market.show_price(Ticks(1)).replace(".", "")),
        pricescale=10**digits,
        volume_precision=market.quantity_places,
        supported_resolutions=_RESOLUTIONS,
        intraday_multipliers=_INTRADAY,
        daily_multipliers=["1", "3"],
        weekly_multipliers=["1"],
        monthly_multipliers=["1"],
    )


def search(markets: Iterable[MarketDecimals], text: str, limit: int) -> list[udf_wire.Found]:
    """Return the markets whose name or pair contains a text, whatever its case."""
    wanted = text.upper()
    found = [
        udf_wire.Found(
            symbol=market.market.symbol,
            full_name=f"{NAME}:{market.market.symbol}",
            description=_description(market),
            exchange=NAME,
            ticker=market.market.symbol,
            type=TYPE,
        )
        for market in markets
        if wanted in market.market.symbol or wanted in _description(market).upper()
    ]
    return found[:limit]


def bars(candles: Sequence[Candle | ReferenceCandle], market: MarketDecimals) -> udf_wire.Bars:
    """Return candles as columns. The volume is our own."""

    def column(texts: Iterable[str]) -> list[Raw]:
        return [Raw(text) for text in texts]

    price = market.show_price
    return udf_wire.Bars(
        t=[candle.begin // 1_000_000 for candle in candles],
        o=column(price(candle.open) for candle in candles),
        h=column(price(candle.high) for candle in candles),
        l=column(price(candle.low) for candle in candles),
        c=column(price(candle.close) for candle in candles),
        v=column(market.show_quantity(_volume(candle)) for candle in candles),
    )


def _volume(candle: Candle | ReferenceCandle) -> Lots:
    return Lots(candle.volume if isinstance(candle, Candle) else 0)


def _description(market: MarketDecimals) -> str:
    return f"{market.market.base} / {market.market.quote}"
