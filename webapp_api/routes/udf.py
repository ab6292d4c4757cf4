"""`/api/udf`: the charts of TradingView's widgets. Refusals are told in TradingView's words too."""

from aiohttp import web
from aiohttp.typedefs import Handler

from data.store import candles as stored
from engine.core.decimals import MarketDecimals
from engine.core.refusals import Refused, UnknownSymbol
from engine.core.types import Micros
from engine.market_data.candles import Candle
from engine.market_data.intervals import Interval
from engine.market_data.reference import ReferenceCandle
from webapp_api import udf, udf_wire
from webapp_api.asked import limit, number
from webapp_api.deps import DEPS
from webapp_api.errors import STATUS, problem, refusal_reply
from webapp_api.refusals import InvalidParameter
from webapp_api.reply import json_reply, text_reply

routes = web.RouteTableDef()

SECOND = 1_000_000  # Micros


def _told_by_udf(handler: Handler) -> Handler:
    """Answer a refusal as TradingView's adapter reads it."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refused as refused:
            told = problem(refused, request.app[DEPS].assets).error
            return refusal_reply(udf_wire.Trouble(told.message, told), STATUS[refused.code])

    return answer


@routes.get("/api/udf/config")
async def config(request: web.Request) -> web.Response:
    """Answer what this feed can do."""
    return json_reply(udf.config())


@routes.get("/api/udf/time")
async def time(request: web.Request) -> web.Response:
    """Answer the time, in seconds."""
    return text_reply(str(request.app[DEPS].clock() // SECOND).encode(), "text/plain; charset=utf-8")


@routes.get("/api/udf/symbols")
@_told_by_udf
async def symbols(request: web.Request) -> web.Response:
    """Answer what a chart must know of a market."""
    return json_reply(udf.symbol_info(_market(request)))


@routes.get("/api/udf/search")
@_told_by_udf
async def search(request: web.Request) -> web.Response:
    """Answer the markets that a text finds."""
    query, count = request.query, limit(request, 100)
    if query.get("exchange", udf.NAME) not in ("", udf.NAME) or query.get("type", udf.TYPE) not in ("", udf.TYPE):
        return json_reply([])
    return json_reply(udf.search(request.app[DEPS].markets.values(), query.get("query", ""), count))


@routes.get("/api/udf/history")
@_told_by_udf
async def history(request: web.Request) -> web.Response:
    """Answer bars that begin before `to`: as many as countback says, else those from `from` on, the newest at most."""
    market, interval = _market(request), udf.interval_of(request.query.get("resolution", ""))
    if interval is None:
        raise InvalidParameter(f"The resolution is one of {', '.join(udf.INTERVALS)}.", parameter="resolution")
    end = Micros(_seconds(request, "to") * SECOND - 1)
    since, count = Micros(_seconds(request, "from", "0") * SECOND), stored.MAX_LIMIT
    countback = request.query.get("countback")
    if countback is not None:
        asked = number(countback)
        if not asked:
            raise InvalidParameter("The countback is a number of bars.", parameter="countback")
        since, count = Micros(0), min(asked, stored.MAX_LIMIT)
    found = await _before(request, market, interval, end, count)
    within = [candle for candle in found if candle.begin >= since]
    if within:
        return json_reply(udf.bars(within, market))
    return json_reply(udf_wire.NoData(found[-1].begin // SECOND if found else None))


async def _before(
    request: web.Request, market: MarketDecimals, interval: Interval, end: Micros, count: int
) -> list[Candle | ReferenceCandle]:
    deps = request.app[DEPS]
    if end < 0:
        return []
    return await stored.candles(deps.history, market.market.symbol, interval, deps.clock(), end=end, limit=count)


def _market(request: web.Request) -> MarketDecimals:
    """Return the market that is named, with our name before it or without. Raises UnknownSymbol."""
    market = request.app[DEPS].markets.get(request.query.get("symbol", "").removeprefix(f"{udf.NAME}:"))
    if market is None:
        raise UnknownSymbol
    return market


def _seconds(request: web.Request, name: str, default: str = "") -> int:
    """Return a time in seconds; a widget that looks far back asks for one before 1970. Raises InvalidParameter."""
    text = request.query.get(name, default)
    value = number(text.removeprefix("-"))
    if value is None:
        raise InvalidParameter(f"{name} is a time in seconds.", parameter=name)
    return 0 if text.startswith("-") else value
