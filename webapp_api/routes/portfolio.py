"""`/api/portfolio`: what one has, and how it came and went."""

from aiohttp import web

from webapp_api import lists
from webapp_api.asked import asker, asset, cursor, limit, time
from webapp_api.deposits import address, arriving
from webapp_api.deps import PORTFOLIO
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.get("/api/portfolio")
async def valued(request: web.Request) -> web.Response:
    """Answer all balances and what they are worth."""
    user = asker(request)
    return json_reply(await request.app[PORTFOLIO].valued(user))


@routes.get("/api/portfolio/balances")
async def balances(request: web.Request) -> web.Response:
    """List what the account has, by asset."""
    user = asker(request)
    return json_reply(lists.Balances(await request.app[PORTFOLIO].balances(user)))


@routes.get("/api/portfolio/ledger")
async def ledger(request: web.Request) -> web.Response:
    """List the movements of the account's money, newest first."""
    user = asker(request)
    entries, next_cursor = await request.app[PORTFOLIO].ledger(
        user,
        asset=asset(request),
        start=time(request, "start"),
        end=time(request, "end"),
        limit=limit(request, 100),
        cursor=cursor(request),
    )
    return json_reply(lists.LedgerEntries(entries, next_cursor))


@routes.get("/api/portfolio/deposits")
async def deposits(request: web.Request) -> web.Response:
    """List the account's latest deposits, newest first."""
    user = asker(request)
    return json_reply(lists.Deposits(await request.app[PORTFOLIO].deposits(user, limit=limit(request, 100))))


@routes.get("/api/portfolio/deposits/arriving")
async def arriving_deposits(request: web.Request) -> web.Response:
    """List what is on its way and not final yet."""
    return json_reply(await arriving(request))


@routes.get("/api/portfolio/deposit-address")
async def deposit_address(request: web.Request) -> web.Response:
    """Say where to send an asset on Solana, so that it is the account's."""
    return json_reply(await address(request, asker(request)))
