"""`/api/admin`: for those who run the exchange. All but reading the log is logged before (`auth.access`)."""

from aiohttp import web

from engine.accounts.types import Account, AdminAct, Device
from engine.core.types import MARKET_MAKER, MarketState, UserId
from webapp_api import accounts, acts, admin_wire, wire
from webapp_api.asked import cursor, limit, number
from webapp_api.deposits import address
from webapp_api.deps import DEPS, SWITCH
from webapp_api.overview import overview as overview_of
from webapp_api.refusals import InvalidParameter, UnknownAccount
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.get("/api/admin/accounts/{id}")
async def account(request: web.Request) -> web.Response:
    """Answer an account and its live sessions."""
    found = await _account(request)
    sessions = await request.app[DEPS].accounts.sessions(found.id)
    shown = [accounts.session(session, "") for session in sessions]
    return json_reply(admin_wire.AccountSeen(accounts.account(found), shown))


@routes.post("/api/admin/accounts/{id}/sign-out")
async def sign_out(request: web.Request) -> web.Response:
    """Log an account out everywhere. Its owner is told that it was done, but not who did it."""
    found = await _account(request)
    await request.app[DEPS].accounts.sign_out_everywhere(found.id, Device())
    return web.Response(status=204)


@routes.get("/api/admin/overview")
async def overview(request: web.Request) -> web.Response:
    """Answer how every part of the exchange is doing."""
    return json_reply(overview_of(request.app[DEPS]))


@routes.get("/api/admin/quoting")
async def quoting(request: web.Request) -> web.Response:
    """Answer what the market maker does and what it came to."""
    return json_reply(request.app[DEPS].quoting.view())


@routes.post("/api/admin/quoting/{symbol}/stop")
async def stop_quoting(request: web.Request) -> web.Response:
    """Take back the quotes of a market, or of all."""
    body = wire.decode(await request.read(), admin_wire.STOP_QUOTING)
    await request.app[DEPS].quoting.stop(request.match_info["symbol"], body.reason)
    return web.Response(status=204)


@routes.post("/api/admin/quoting/{symbol}/resume")
async def resume_quoting(request: web.Request) -> web.Response:
    """Let a market, or all, be quoted again."""
    await request.app[DEPS].quoting.resume(request.match_info["symbol"])
    return web.Response(status=204)


@routes.get("/api/admin/quoting/deposit-address")
async def funding(request: web.Request) -> web.Response:
    """Say where to send the market maker's capital on Solana."""
    return json_reply(await address(request, MARKET_MAKER))


@routes.post("/api/admin/markets/{symbol}/resume")
async def open_market(request: web.Request) -> web.Response:
    """Let a market, or all, take orders again."""
    return await _switch(request, MarketState.TRADING)


@routes.post("/api/admin/markets/{symbol}/cancel-only")
async def make_market_cancel_only(request: web.Request) -> web.Response:
    """Let a market, or all, take no new orders."""
    return await _switch(request, MarketState.CANCEL_ONLY)


@routes.post("/api/admin/markets/{symbol}/halt")
async def halt_market(request: web.Request) -> web.Response:
    """Let nothing be done with orders in a market, or in all."""
    return await _switch(request, MarketState.HALTED)


@routes.get("/api/admin/settlement")
async def settlement(request: web.Request) -> web.Response:
    """Answer what is owed on the chain, and what can't settle."""
    return json_reply(await request.app[DEPS].settling.view())


@routes.post("/api/admin/settlement/retry")
async def retry_settlement(request: web.Request) -> web.Response:
    """Let trades that could not settle be tried again."""
    body = wire.decode(await request.read(), admin_wire.RETRY_SETTLEMENT)
    return json_reply(admin_wire.Retried(await request.app[DEPS].settling.retry(body.trades)))


@routes.get("/api/admin/reconciliation")
async def reconciliation(request: web.Request) -> web.Response:
    """Answer where the books and the chain differ, and whether withdrawals are stopped."""
    return json_reply(request.app[DEPS].reconciling.view())


@routes.post("/api/admin/reconciliation/clear")
async def clear_reconciliation(request: web.Request) -> web.Response:
    """Let withdrawals go on after a difference."""
    await request.app[DEPS].reconciling.clear()
    return web.Response(status=204)


@routes.get("/api/admin/log")
async def log(request: web.Request) -> web.Response:
    """List what administrators did, newest first."""
    only = acts.patterns(_action(request))
    found, next_cursor = await request.app[DEPS].administration.acts(limit(request, 100), cursor(request), only)
    return json_reply(admin_wire.AdminActs([_act(each) for each in found], next_cursor))


async def _switch(request: web.Request, state: MarketState) -> web.Response:
    await request.app[SWITCH].switch(request.match_info["symbol"], state)
    return web.Response(status=204)


async def _account(request: web.Request) -> Account:
    """Return the account that is named. Raises UnknownAccount."""
    user = number(request.match_info["id"])
    found = None if user is None else await request.app[DEPS].accounts.account(UserId(user))
    if found is None:
        raise UnknownAccount
    return found


def _action(request: web.Request) -> str | None:
    """Return to which acts the client narrows its question, or None. Raises InvalidParameter."""
    action = request.query.get("action")
    if action is not None and action not in acts.ACTIONS:
        raise InvalidParameter(f"The action is one of {', '.join(acts.ACTIONS)}.", parameter="action")
    return action


def _act(act: AdminAct) -> admin_wire.AdminAct:
    action, on = acts.named(act)
    return admin_wire.AdminAct(act.id, act.admin_id, action, on, act.act, act.target, act.address, act.at // 1000)
