"""`/api/admin/withdrawals`: what is to leave, the yes of two administrators, and the switch."""

from aiohttp import web

from engine.withdrawals.types import Withdrawal
from webapp_api import wire, withdrawal_wire
from webapp_api.asked import asker
from webapp_api.deps import DEPS, WITHDRAWAL_VIEWS
from webapp_api.reply import json_reply
from webapp_api.routes.withdrawals import withdrawal_id

routes = web.RouteTableDef()


@routes.get("/api/admin/withdrawals")
async def under_way(request: web.Request) -> web.Response:
    """List all that have not ended, oldest first."""
    book = request.app[DEPS].withdrawals
    found = await book.under_way()
    stopped = await book.store.stopped()
    return json_reply(withdrawal_wire.UnderWay([await _of(request, each) for each in found], stopped))


@routes.post("/api/admin/withdrawals/stop")
async def stop(request: web.Request) -> web.Response:
    """Send none any more; it stays so over restarts."""
    body = wire.decode(await request.read(), withdrawal_wire.STOP_WITHDRAWALS)
    await request.app[DEPS].withdrawals.stop(body.reason)
    return web.Response(status=204)


@routes.post("/api/admin/withdrawals/resume")
async def resume(request: web.Request) -> web.Response:
    """Send again."""
    await request.app[DEPS].withdrawals.resume()
    return web.Response(status=204)


@routes.post("/api/admin/withdrawals/{id}/approve")
async def approve(request: web.Request) -> web.Response:
    """Agree to a large withdrawal; a second administrator has to as well."""
    found = await request.app[DEPS].withdrawals.approve(asker(request), withdrawal_id(request))
    return json_reply(await _of(request, found))


@routes.post("/api/admin/withdrawals/{id}/reject")
async def reject(request: web.Request) -> web.Response:
    """Give the money back to its owner, where nothing is signed yet."""
    return json_reply(await _of(request, await request.app[DEPS].withdrawals.reject(withdrawal_id(request))))


async def _of(request: web.Request, found: Withdrawal) -> withdrawal_wire.AccountWithdrawal:
    asked, book = found.asked, request.app[DEPS].withdrawals
    approved_by = list[int](await book.store.approvers(asked.id)) if found.approvals else []
    return withdrawal_wire.AccountWithdrawal(asked.user, approved_by, request.app[WITHDRAWAL_VIEWS].view(found))
