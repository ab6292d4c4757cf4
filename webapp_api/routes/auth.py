"""`/api/auth` and `/api/account`: signing in, staying signed in, signing out."""

from aiohttp import web

from engine.accounts.notifications import Kind, Level, kinds
from engine.accounts.refusals import SignedOutSince
from engine.accounts.types import TELEGRAM
from webapp_api import accounts, lists, wire
from webapp_api.asked import asker, caller, device, launched_by, limit, opened
from webapp_api.auth.access import heed
from webapp_api.deps import DEPS
from webapp_api.refusals import Unauthorized, UnknownSession
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.post("/api/auth/telegram")
async def telegram(request: web.Request) -> web.Response:
    """Sign in with the mini-app's launch data."""
    body, deps = wire.decode(await request.read(), wire.SIGN_IN_BY_TELEGRAM), request.app[DEPS]
    person = launched_by(deps, body.init_data)
    heed(request, deps.limits.of_launch_data(body.init_data))
    opened_at = opened(person)
    await deps.accounts.check_not_unlinked(person.id, opened_at)
    account = await deps.accounts.person(person)
    if await deps.accounts.signed_out_everywhere(account.id, opened_at):
        raise SignedOutSince
    signed_in = await deps.accounts.open_session(account, TELEGRAM, device(request), proved_at=opened_at)
    return json_reply(accounts.signed_in(signed_in, deps.tokens))


@routes.post("/api/auth/refresh")
async def refresh(request: web.Request) -> web.Response:
    """Exchange a refresh token for the next one and a new access token."""
    body, deps = wire.decode(await request.read(), wire.REFRESH), request.app[DEPS]
    renewed = await deps.accounts.refresh(body.refresh_token, device(request))
    return json_reply(accounts.signed_in(renewed, deps.tokens))


@routes.post("/api/auth/logout")
async def logout(request: web.Request) -> web.Response:
    """End the session that asks."""
    asking = caller(request)
    await request.app[DEPS].accounts.sign_out(asking.user, asking.session)
    return web.Response(status=204)


@routes.post("/api/auth/logout-all")
async def logout_all(request: web.Request) -> web.Response:
    """End every session of the account, or every other one."""
    raw, asking = await request.read(), caller(request)
    body = wire.decode(raw, wire.SIGN_OUT_EVERYWHERE) if raw else wire.SignOutEverywhere()
    keep = asking.session if body.keep_current else None
    await request.app[DEPS].accounts.sign_out_everywhere(asking.user, device(request), keep=keep)
    return web.Response(status=204)


@routes.get("/api/auth/sessions")
async def sessions(request: web.Request) -> web.Response:
    """List the account's live sessions, newest first."""
    asking = caller(request)
    found = await request.app[DEPS].accounts.sessions(asking.user)
    return json_reply(lists.Sessions([accounts.session(session, asking.session) for session in found]))


@routes.delete("/api/auth/sessions/{id}")
async def end_session(request: web.Request) -> web.Response:
    """End one of the account's sessions."""
    if not await request.app[DEPS].accounts.sign_out(asker(request), request.match_info["id"]):
        raise UnknownSession
    return web.Response(status=204)


@routes.get("/api/account")
async def account(request: web.Request) -> web.Response:
    """Say who is signed in."""
    found = await request.app[DEPS].accounts.account(asker(request))
    if found is None:
        raise Unauthorized
    return json_reply(accounts.account(found))


@routes.get("/api/account/activity")
async def activity(request: web.Request) -> web.Response:
    """List what happened to the account, newest first."""
    found = await request.app[DEPS].accounts.activity(asker(request), limit(request, 100))
    return json_reply(lists.Activities([accounts.activity(each) for each in found]))


@routes.get("/api/account/notifications")
async def notifications(request: web.Request) -> web.Response:
    """Say of what the bot tells the account, and how loudly."""
    return await _notifications(request, await request.app[DEPS].notifications.levels(asker(request)))


@routes.put("/api/account/notifications")
async def choose_notifications(request: web.Request) -> web.Response:
    """Let the bot tell of some kinds in another way."""
    chosen = wire.decode(await request.read(), wire.NOTIFICATIONS).notifications
    return await _notifications(request, await request.app[DEPS].notifications.choose(asker(request), chosen))


async def _notifications(request: web.Request, levels: dict[Kind, Level]) -> web.Response:
    is_admin = await request.app[DEPS].administration.includes(asker(request))
    return json_reply(wire.Notifications({kind: levels[kind] for kind in kinds(is_admin=is_admin)}))
