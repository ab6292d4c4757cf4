"""`/api/markets`: what everybody may see."""

from aiohttp import web

from engine.core.decimals import MarketDecimals
from engine.core.refusals import UnknownSymbol
from webapp_api import lists, market_views, wire
from webapp_api.asked import limit
from webapp_api.deps import DEPS
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.get("/api/markets")
async def markets(request: web.Request) -> web.Response:
    """List the markets and their rules."""
    return json_reply(lists.Markets([market_views.market(each) for each in request.app[DEPS].markets.values()]))


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
    market, count = _market(request), limit(request, 100)
    found = request.app[DEPS].market_data.trades(market.market.symbol, count)
    return json_reply(lists.PublicTrades([market_views.public_trade(trade, market) for trade in found]))


@routes.get("/api/markets/{symbol}/ticker")
async def ticker(request: web.Request) -> web.Response:
    """Answer the market's last 24 hours."""
    market = _market(request)
    return json_reply(market_views.ticker(request.app[DEPS].market_data.ticker(market.market.symbol), market))


def _market(request: web.Request) -> MarketDecimals:
    market = request.app[DEPS].markets.get(request.match_info["symbol"])
    if market is None:
        raise UnknownSymbol
    return market
