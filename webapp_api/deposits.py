"""Where an account deposits and what is on its way, as its owner is told; of the market maker's, administrators."""

from collections.abc import Hashable

from aiohttp import web

from engine.core.decimals import show
from engine.core.types import UserId
from engine.custody.refusals import DepositsOff
from webapp_api import lists, portfolio_wire
from webapp_api.addresses import wide_neighbourhood
from webapp_api.asked import asker, asset
from webapp_api.deps import DEPS
from webapp_api.refusals import InvalidParameter


async def address(request: web.Request, user: UserId) -> portfolio_wire.DepositAddress:
    """Return where to send the asset that the request names, so that it is this account's."""
    deps, code = request.app[DEPS], asset(request)
    if code is None:
        raise InvalidParameter("Name the asset that is to be deposited.", parameter="asset")
    if deps.deposits is None:
        raise DepositsOff
    account, rules = await deps.deposits(user, code, _place(request))
    minimum = show(rules.minimum, rules.asset.decimals)
    return portfolio_wire.DepositAddress(code, account.owner, account.token_account, account.mint, minimum)


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
            for each in await deps.arriving(user, code, _place(request))
        ]
    )


def _place(request: web.Request) -> Hashable:
    """Return from which neighbourhood somebody asks."""
    return wide_neighbourhood(request.app[DEPS].addresses.of(request))
