"""The JSON of candles and statistics."""

from msgspec import Struct

from webapp_api.wire import Decimal, Millis


class Candle(Struct, gc=False):
    """What traded from begin_at to the end of an interval; taker_buy_… is the part that takers bought.

    Where nothing traded all prices are the last one before, and volumes are zero. A reference candle is from before
    the market's first trade: prices are another venue's, and what traded there is in reference_volume alone.
    """

    begin_at: Millis
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    quote_volume: Decimal
    trades: int
    taker_buy_volume: Decimal
    taker_buy_quote_volume: Decimal
    reference: bool
    reference_volume: Decimal | None


class Candles(Struct):
    """A market's candles, oldest first, one after the other without gaps; reference candles come before all others."""

    symbol: str
    interval: str
    candles: list[Candle]


class Activity(Struct, gc=False):
    """What traded in a market over some time. null means that nothing did."""

    trades: int
    volume: Decimal
    quote_volume: Decimal
    high: Decimal | None
    low: Decimal | None
    weighted_average: Decimal | None


class MarketStats(Struct, gc=False):
    """A market over the last 24 hours, and since it began."""

    symbol: str
    last: Decimal | None
    day: Activity
    ever: Activity


class ExchangeActivity(Struct):
    """What traded on the whole exchange over some time; quote_volume is by quote asset."""

    trades: int
    quote_volume: dict[str, Decimal]


class ExchangeStats(Struct):
    """The whole exchange over the last 24 hours and since it began, and each of its markets."""

    at: Millis
    day: ExchangeActivity
    ever: ExchangeActivity
    markets: list[MarketStats]
