"""`/api/markets`."""

from typing import Annotated, Final

from msgspec import Meta

from data.store.candles import MAX_LIMIT as MAX_CANDLES
from engine.market_data.intervals import Interval
from webapp_api import lists, market_wire, wire
from webapp_api.description.operation import CURSOR, LIMIT, MARKET, Operation, Parameter

TAG: Final = "markets"

Time = Annotated[int, Meta(ge=0, lt=10**18)]

OPERATIONS: Final = (
    Operation(
        name="markets",
        method="GET",
        path="/api/markets",
        summary="The markets and their rules",
        reply=lists.Markets,
    ),
    Operation(
        name="depth",
        method="GET",
        path="/api/markets/{symbol}/depth",
        summary="The best levels of a market's book, best first",
        parameters=(MARKET, LIMIT),
        reply=wire.Depth,
        errors=("unknown_symbol", "invalid_parameter"),
    ),
    Operation(
        name="public_trades",
        method="GET",
        path="/api/markets/{symbol}/trades",
        summary="A market's trades, newest first",
        parameters=(MARKET, LIMIT, CURSOR),
        reply=lists.PublicTrades,
        errors=("unknown_symbol", "invalid_parameter", "busy"),
    ),
    Operation(
        name="ticker",
        method="GET",
        path="/api/markets/{symbol}/ticker",
        summary="A market now and over the last 24 hours",
        parameters=(MARKET,),
        reply=wire.Ticker,
        errors=("unknown_symbol",),
    ),
    Operation(
        name="candles",
        method="GET",
        path="/api/markets/{symbol}/candles",
        summary="A market's candles, oldest first, without gaps; before its first trade a reference venue's",
        parameters=(
            MARKET,
            Parameter("interval", Interval, "How long a candle lasts.", required=True),
            Parameter("start", Time, "Only candles that begin then or later, the oldest first; in ms."),
            Parameter("end", Time, "Only candles that begin then or earlier; in ms."),
            Parameter("limit", Annotated[int, Meta(ge=1, le=MAX_CANDLES)], "How many at most.", 500),
        ),
        reply=market_wire.Candles,
        errors=("unknown_symbol", "invalid_parameter", "busy"),
    ),
    Operation(
        name="market_stats",
        method="GET",
        path="/api/markets/{symbol}/stats",
        summary="How much traded in a market, in 24 hours and ever",
        parameters=(MARKET,),
        reply=market_wire.MarketStats,
        errors=("unknown_symbol", "busy"),
    ),
    Operation(
        name="exchange_stats",
        method="GET",
        path="/api/stats",
        summary="How much traded on the whole exchange, in 24 hours and ever",
        reply=market_wire.ExchangeStats,
        errors=("busy",),
    ),
)
