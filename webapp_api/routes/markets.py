"""`/api/markets`: what everybody may see."""

from aiohttp import web

from data.store import candles as stored
from engine.core.decimals import MarketDecimals
from engine.core.refusals import UnknownSymbol
from engine.market_data.intervals import Interval
from webapp_api import lists, market_views, market_wire, wire
from webapp_api.asked import cursor, limit, time
from webapp_api.deps import DEPS, STATISTICS
from webapp_api.refusals import InvalidParameter
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.get("/api/markets")
async def markets(request: web.Request) -> web.Response:
    """List the markets and their rules."""
    deps = request.app[DEPS]
    shown = [market_views.market(each, deps.market_data.state(each.market.symbol)) for each in deps.markets.values()]
    return json_reply(lists.Markets(shown))


@routes.get("/api/markets/{symbol}/depth")
async def depth(request: web.Request) -> web.Response:
    """Answer the best levels of the book."""
    market, count = _market(request), limit(request, 100)
    seq, bids, asks = request.app[DEPS].market_data.depth(market.market.symbol, count)
    book = wire.Depth(market.market.symbol, seq, market_views.levels(bids, market), market_views.levels(asks, market))
    return json_reply(book)


@routes.get("/api/markets/{symbol}/trades")
async def trades(request: web.Request) -> web.Response:
    """Answer the latest trades, newest first."""
    market, count, before = _market(request), limit(request, 100), cursor(request)
    if before is None:  # the newest are at hand
        found = request.app[DEPS].market_data.trades(market.market.symbol, count)
        next_cursor: int | None = found[-1].id if len(found) == count else None
    else:
        page = await request.app[DEPS].history.trades(market.market.symbol, limit=count, cursor=before)
        found, next_cursor = page.items, page.next_cursor
    return json_reply(lists.PublicTrades([market_views.public_trade(trade, market) for trade in found], next_cursor))


@routes.get("/api/markets/{symbol}/ticker")
async def ticker(request: web.Request) -> web.Response:
    """Answer the market's last 24 hours."""
    market = _market(request)
    return json_reply(market_views.ticker(request.app[DEPS].market_data.ticker(market.market.symbol), market))


@routes.get("/api/markets/{symbol}/candles")
async def candles(request: web.Request) -> web.Response:
    """Answer candles, oldest first."""
    market, deps = _market(request), request.app[DEPS]
    interval = _interval(request)
    found = await stored.candles(
        deps.history,
        market.market.symbol,
        interval,
        deps.clock(),
        start=time(request, "start"),
        end=time(request, "end"),
        limit=limit(request, 500, stored.MAX_LIMIT),
    )
    shown = [market_views.candle(each, market) for each in found]
    answer = json_reply(market_wire.Candles(market.market.symbol, interval.value, shown))
    answer.enable_compression()  # for who takes it: a page of candles says much the same again and again
    return answer


@routes.get("/api/markets/{symbol}/stats")
async def stats(request: web.Request) -> web.Response:
    """Answer how much traded in a market."""
    return json_reply(await request.app[STATISTICS].market(_market(request)))


@routes.get("/api/stats")
async def exchange_stats(request: web.Request) -> web.Response:
    """Answer how much traded on the whole exchange."""
    return json_reply(await request.app[STATISTICS].exchange())


def _interval(request: web.Request) -> Interval:
    try:
        return Interval(request.query.get("interval", ""))
    except ValueError:
        known = ", ".join(each.value for each in Interval)
        raise InvalidParameter(f"The interval is one of {known}.", parameter="interval") from None


def _market(request: web.Request) -> MarketDecimals:
    market = request.app[DEPS].markets.get(request.match_info["symbol"])
    if market is None:
        raise UnknownSymbol
    return market
