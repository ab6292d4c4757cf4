"""`/api/auth` and `/api/account`: signing in, staying signed in, signing out."""

from aiohttp import web

from webapp_api import accounts, lists, wire
from webapp_api.asked import asker, caller, device, launched_by, limit
from webapp_api.deps import DEPS
from webapp_api.refusals import Unauthorized, UnknownSession
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.post("/api/auth/telegram")
async def telegram(request: web.Request) -> web.Response:
    """Sign in with the mini-app's launch data."""
    body, deps = wire.decode(await request.read(), wire.SIGN_IN_BY_TELEGRAM), request.app[DEPS]
    signed_in = await deps.accounts.sign_in(launched_by(deps, body.init_data), device(request))
    return json_reply(accounts.signed_in(signed_in, deps.tokens))


@routes.post("/api/auth/refresh")
async def refresh(request: web.Request) -> web.Response:
    """Exchange a refresh token for the next one and a new access token."""
    body, deps = wire.decode(await request.read(), wire.REFRESH), request.app[DEPS]
    return json_reply(accounts.signed_in(await deps.accounts.refresh(body.refresh_token), deps.tokens))


@routes.post("/api/auth/logout")
async def logout(request: web.Request) -> web.Response:
    """End the session that asks."""
    asking = caller(request)
    await request.app[DEPS].accounts.sign_out(asking.user, asking.session)
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
