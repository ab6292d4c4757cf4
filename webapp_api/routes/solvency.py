"""`/api/solvency`: what is owed beside what lies on the chain; and the proof that an account is counted."""

import re
from typing import Final

from aiohttp import web

from webapp_api.asked import asker, asset, limit, number
from webapp_api.deps import SOLVENCY_VIEWS
from webapp_api.refusals import InvalidParameter
from webapp_api.reply import json_reply

routes = web.RouteTableDef()

_ADDRESS: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")


@routes.get("/api/solvency")
async def solvency(request: web.Request) -> web.Response:
    """Answer a snapshot, the newest where none is named."""
    return json_reply(request.app[SOLVENCY_VIEWS].snapshot(_snapshot_id(request)))


@routes.get("/api/solvency/deposit-accounts")
async def deposit_accounts(request: web.Request) -> web.Response:
    """List the token accounts into which people deposit an asset."""
    code, after = asset(request), request.query.get("after", "")
    if code is None:
        raise InvalidParameter("Name the asset whose deposit accounts are wanted.", parameter="asset")
    if after and not _ADDRESS.fullmatch(after):
        raise InvalidParameter("The after is the next_after of the page before.", parameter="after")
    return json_reply(await request.app[SOLVENCY_VIEWS].deposit_accounts(code, after, limit(request, 100)))


@routes.get("/api/portfolio/solvency-proof")
async def proof(request: web.Request) -> web.Response:
    """Answer the proof that the account is counted in a snapshot."""
    return json_reply(await request.app[SOLVENCY_VIEWS].proof(asker(request), _snapshot_id(request)))


@routes.post("/api/admin/solvency/snapshots")
async def take(request: web.Request) -> web.Response:
    """Take a snapshot now."""
    return json_reply(await request.app[SOLVENCY_VIEWS].take(), 201)


def _snapshot_id(request: web.Request) -> int | None:
    text = request.query.get("snapshot_id")
    if text is None:
        return None
    value = number(text)
    if value is None:
        raise InvalidParameter("The snapshot_id is that of a snapshot in /api/solvency.", parameter="snapshot_id")
    return value
