"""Deposits on their way, as their owner sees them."""

from aiohttp import web

from engine.core.decimals import show
from engine.custody.refusals import DepositsOff
from webapp_api import lists, portfolio_wire
from webapp_api.asked import asker, asset
from webapp_api.deps import DEPS
from webapp_api.refusals import InvalidParameter


async def arriving(request: web.Request) -> lists.ArrivingDeposits:
    """Return what is on its way of the asset that the request names. Raises what `Deps.arriving` raises."""
    deps, user, code = request.app[DEPS], asker(request), asset(request)
    if code is None:
        raise InvalidParameter("Name the asset that is to be deposited.", parameter="asset")
    if deps.arriving is None:
        raise DepositsOff
    decimals = deps.assets[code].decimals
    return lists.ArrivingDeposits(
        [
            portfolio_wire.ArrivingDeposit(
                asset=code,
                amount=show(each.atoms, decimals),
                signature=each.signature,
                explorer=deps.explorer.transaction(each.signature),
                confirmations=each.confirmations,
                confirmations_needed=each.needed,
            )
            for each in await deps.arriving(user, code)
        ]
    )
