"""`/api/auth` and `/api/account`: signing in, staying signed in, signing out."""

from aiohttp import web

from engine.accounts.accounts import SignedIn
from engine.accounts.types import TELEGRAM, Account, Activity, Session
from engine.core.types import Micros
from webapp_api import lists, wire
from webapp_api.asked import asker, caller, device, limit
from webapp_api.auth.access import heed
from webapp_api.auth.telegram import Expired, verify_init_data
from webapp_api.auth.tokens import LIFE_S
from webapp_api.deps import DEPS, Deps
from webapp_api.limits import RequestClass
from webapp_api.refusals import Unauthorized, UnknownSession
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.post("/api/auth/telegram")
async def telegram(request: web.Request) -> web.Response:
    """Sign in with the mini-app's launch data."""
    body, deps = wire.decode(await request.read(), wire.SIGN_IN_BY_TELEGRAM), request.app[DEPS]
    now_s = deps.clock() // 1_000_000
    user = verify_init_data(body.init_data, deps.bot_token, now_s=now_s, max_age_s=deps.launch_data_life_s)
    account = await deps.accounts.person(user)
    heed(request, deps.limits.of_account(RequestClass.LOG_IN, account.id))
    # A copy of it is of no more use then. Its date is in whole seconds: what was made in that second is still good.
    if await deps.accounts.signed_out_everywhere(account.id, Micros((user.auth_date + 1) * 1_000_000)):
        raise Expired("This account was logged out everywhere since the app was opened. Open it again.")
    return json_reply(_signed_in(deps, await deps.accounts.open_session(account, TELEGRAM, device(request))))


@routes.post("/api/auth/refresh")
async def refresh(request: web.Request) -> web.Response:
    """Exchange a refresh token for the next one and a new access token."""
    body, deps = wire.decode(await request.read(), wire.REFRESH), request.app[DEPS]
    return json_reply(_signed_in(deps, await deps.accounts.refresh(body.refresh_token, device(request))))


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
    return json_reply(lists.Sessions([_session(session, asking.session) for session in found]))


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
    return json_reply(_account(found))


@routes.get("/api/account/activity")
async def activity(request: web.Request) -> web.Response:
    """List what happened to the account, newest first."""
    found = await request.app[DEPS].accounts.activity(asker(request), limit(request, 100))
    return json_reply(lists.Activities([_activity(each) for each in found]))


def _signed_in(deps: Deps, signed: SignedIn) -> wire.SignedIn:
    return wire.SignedIn(
        access_token=deps.tokens.issue(signed.account.id, signed.session),
        token_type="Bearer",  # noqa: S106
        expires_in=LIFE_S,
        refresh_token=signed.refresh_token,
        account=_account(signed.account),
    )


def _account(found: Account) -> wire.Account:
    return wire.Account(
        found.id,
        found.telegram_id,
        found.first_name,
        found.username,
        found.language_code,
        found.created_at // 1000,
    )


def _session(session: Session, current: str) -> wire.Session:
    return wire.Session(
        id=session.id,
        current=session.id == current,
        user_agent=session.user_agent,
        address=session.address,
        door=session.door,
        created_at=session.created_at // 1000,
        refreshed_at=session.refreshed_at // 1000,
        expires_at=session.expires_at // 1000,
    )


def _activity(activity: Activity) -> wire.Activity:
    return wire.Activity(
        id=activity.id,
        kind=activity.kind.value,
        detail=activity.detail,
        address=activity.address,
        created_at=activity.at // 1000,
    )
