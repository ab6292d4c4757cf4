"""`/api/portfolio/withdrawals`: asking for money, confirming it with a wallet, taking it back."""

import re
from typing import Final

from aiohttp import web

from engine.core.refusals import UnknownWithdrawal
from engine.core.types import AssetCode, WithdrawalId
from engine.withdrawals.refusals import KeyWithoutAddresses
from engine.withdrawals.withdrawals import Wanted
from webapp_api import wallet_wire, wire, withdrawal_wire
from webapp_api.asked import asker, asset, caller, cursor, limit, number
from webapp_api.deps import DEPS, PROOFS, WITHDRAWAL_VIEWS
from webapp_api.refusals import InvalidParameter, NoIdempotencyKey
from webapp_api.reply import json_reply

routes = web.RouteTableDef()

KEY: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[A-Za-z0-9._:/-]{1,64}", re.ASCII)


@routes.post("/api/portfolio/withdrawals")
async def request_withdrawal(request: web.Request) -> web.Response:
    """Hold money that is to leave, and ask its owner to confirm."""
    deps, asking = request.app[DEPS], caller(request)
    reference = request.headers.get(KEY, "")
    if not _KEY.fullmatch(reference):
        raise NoIdempotencyKey
    body = wire.decode(await request.read(), withdrawal_wire.WITHDRAW)
    if asking.key:
        key = await deps.api_keys.find(asking.key)
        if key is None or not key.addresses:
            raise KeyWithoutAddresses
    wanted = Wanted(asking.user, AssetCode(body.asset), body.amount, body.address, reference, by_key=bool(asking.key))
    made = await deps.withdrawals.request(wanted)
    return json_reply(request.app[WITHDRAWAL_VIEWS].view(made), 201)


@routes.get("/api/portfolio/withdrawal-terms")
async def terms(request: web.Request) -> web.Response:
    """Say what a withdrawal costs and how much it may be, before it is asked for."""
    user, code = asker(request), asset(request)
    if code is None:
        raise InvalidParameter("Name the asset that is to be withdrawn.", parameter="asset")
    found = await request.app[DEPS].withdrawals.terms(user, code)
    return json_reply(request.app[WITHDRAWAL_VIEWS].terms(found))


@routes.get("/api/portfolio/withdrawals")
async def withdrawals(request: web.Request) -> web.Response:
    """List the account's withdrawals, newest first."""
    count, view = limit(request, 100), request.app[WITHDRAWAL_VIEWS].view
    found = await request.app[DEPS].withdrawals.of(asker(request), count + 1, cursor(request))
    next_cursor = found[count - 1].asked.id if len(found) > count else None
    return json_reply(withdrawal_wire.Withdrawals([view(each) for each in found[:count]], next_cursor))


@routes.get("/api/portfolio/withdrawals/{id}")
async def withdrawal(request: web.Request) -> web.Response:
    """Answer one withdrawal."""
    found = await request.app[DEPS].withdrawals.find(asker(request), withdrawal_id(request))
    return json_reply(request.app[WITHDRAWAL_VIEWS].view(found))


@routes.delete("/api/portfolio/withdrawals/{id}")
async def cancel(request: web.Request) -> web.Response:
    """Give the money back, where nothing is signed yet."""
    ended = await request.app[DEPS].withdrawals.cancel(asker(request), withdrawal_id(request))
    return json_reply(request.app[WITHDRAWAL_VIEWS].view(ended))


@routes.post("/api/portfolio/withdrawals/{id}/challenge")
async def challenge(request: web.Request) -> web.Response:
    """Give a text for a linked wallet to sign, which names everything that counts."""
    body, asking = wire.decode(await request.read(), wallet_wire.ASK_TO_SIGN), caller(request)
    found = await request.app[DEPS].withdrawals.to_confirm(asking.user, withdrawal_id(request))
    statement = request.app[WITHDRAWAL_VIEWS].statement(found)
    text = await request.app[PROOFS].ask_to_withdraw(body.address, statement, asking, found.asked.id)
    return json_reply(wallet_wire.Challenge(text.message, text.nonce, text.expires_at // 1000))


@routes.post("/api/portfolio/withdrawals/{id}/confirm")
async def confirm(request: web.Request) -> web.Response:
    """Take the signed text of a linked wallet for its owner's yes."""
    body, asking = wire.decode(await request.read(), wallet_wire.PROOF), caller(request)
    found = await request.app[DEPS].withdrawals.to_confirm(asking.user, withdrawal_id(request))
    await request.app[PROOFS].signs_withdrawal(body, asking, found.asked.id)
    confirmed = await request.app[DEPS].withdrawals.confirm(asking.user, found.asked.id, body.address)
    return json_reply(request.app[WITHDRAWAL_VIEWS].view(confirmed))


def withdrawal_id(request: web.Request) -> WithdrawalId:
    """Return the withdrawal that the path names. Raises UnknownWithdrawal where it can be none."""
    value = number(request.match_info["id"])
    if not value:
        raise UnknownWithdrawal("There is no withdrawal with this id.")
    return WithdrawalId(value)
