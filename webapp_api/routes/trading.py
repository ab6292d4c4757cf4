"""`/api/trading`: placing, cancelling and looking up one's own orders and trades."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from aiohttp import web

from engine.core.refusals import UnknownOrder
from engine.core.types import OrderId, UserId
from webapp_api import exports, lists, wire
from webapp_api.asked import asker, cursor, limit, number, side, status, symbol, time, wants_csv
from webapp_api.batch_wire import BATCH
from webapp_api.deps import EXPORTS, TRADING
from webapp_api.reply import json_reply

routes = web.RouteTableDef()

_ORDER = "/api/trading/orders/{id:[0-9]+}"  # digits only: the other names beside them are routes of their own


@routes.post("/api/trading/orders")
async def place(request: web.Request) -> web.Response:
    """Place an order."""
    user = asker(request)
    body = wire.decode(await request.read(), wire.PLACE_ORDER)
    return json_reply(await request.app[TRADING].place(user, body), 201)


@routes.post("/api/trading/orders/batch")
async def batch(request: web.Request) -> web.Response:
    """Place and cancel up to 200 orders: one result each, in their order."""
    user = asker(request)
    body = wire.decode(await request.read(), BATCH)
    return json_reply(await request.app[TRADING].batch(user, body))


@routes.get("/api/trading/orders")
async def orders(request: web.Request) -> web.StreamResponse:
    """List the account's orders, newest first."""
    user = asker(request)
    ask = partial(
        request.app[TRADING].orders,
        user,
        symbol=symbol(request),
        side=side(request),
        status=status(request),
        start=time(request, "start"),
        end=time(request, "end"),
    )
    if wants_csv(request):

        async def page(count: int, before: int | None) -> exports.Page:
            found, next_cursor = await ask(limit=count, cursor=before, fills=False)
            return [exports.order_line(each) for each in found], next_cursor

        return await _csv(request, user, exports.ORDER_COLUMNS, page)
    found, next_cursor = await ask(limit=limit(request, 100), cursor=cursor(request))
    return json_reply(lists.Orders(found, next_cursor))


@routes.delete("/api/trading/orders")
async def cancel_all(request: web.Request) -> web.Response:
    """Cancel all open orders, of one market or of all."""
    user = asker(request)
    return json_reply(lists.CanceledOrders(await request.app[TRADING].cancel_all(user, symbol(request))))


@routes.get(_ORDER)
async def order(request: web.Request) -> web.Response:
    """Answer one order."""
    user = asker(request)
    return json_reply(await request.app[TRADING].order(user, _order_id(request)))


@routes.patch(_ORDER)
async def amend(request: web.Request) -> web.Response:
    """Make one order smaller."""
    user = asker(request)
    body = wire.decode(await request.read(), wire.AMEND_ORDER)
    return json_reply(await request.app[TRADING].amend(user, _order_id(request), body))


@routes.delete(_ORDER)
async def cancel(request: web.Request) -> web.Response:
    """Cancel one order."""
    user = asker(request)
    return json_reply(await request.app[TRADING].cancel(user, _order_id(request)))


@routes.get("/api/trading/trades")
async def trades(request: web.Request) -> web.StreamResponse:
    """List the account's trades, newest first."""
    user = asker(request)
    ask = partial(
        request.app[TRADING].trades,
        user,
        symbol=symbol(request),
        side=side(request),
        start=time(request, "start"),
        end=time(request, "end"),
    )
    if wants_csv(request):

        async def page(count: int, before: int | None) -> exports.Page:
            found, next_cursor = await ask(limit=count, cursor=before)
            return [exports.trade_line(each) for each in found], next_cursor

        return await _csv(request, user, exports.TRADE_COLUMNS, page)
    found, next_cursor = await ask(limit=limit(request, 100), cursor=cursor(request))
    return json_reply(lists.OwnTrades(found, next_cursor))


async def _csv(
    request: web.Request,
    user: UserId,
    columns: Sequence[str],
    page: Callable[[int, int | None], Awaitable[exports.Page]],
) -> web.StreamResponse:
    most = limit(request, exports.MOST_LINES)
    return await request.app[EXPORTS].reply(request, user, columns, page, cursor=cursor(request), limit=most)


def _order_id(request: web.Request) -> OrderId:
    value = number(request.match_info["id"])
    if not value:  # 0 is nobody's order
        raise UnknownOrder
    return OrderId(value)
