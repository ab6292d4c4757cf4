"""`/api/markets`."""

from typing import Final

from webapp_api import lists, wire
from webapp_api.description.operation import LIMIT, MARKET, Operation

TAG: Final = "markets"

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
        summary="A market's latest trades, newest first",
        parameters=(MARKET, LIMIT),
        reply=lists.PublicTrades,
        errors=("unknown_symbol", "invalid_parameter"),
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
)
