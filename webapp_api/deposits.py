"""Where an account deposits, as it is told to its owner, and of the market maker's to administrators."""

from aiohttp import web

from engine.core.decimals import show
from engine.core.types import UserId
from engine.custody.refusals import DepositsOff
from webapp_api import portfolio_wire
from webapp_api.asked import asset
from webapp_api.deps import DEPS
from webapp_api.refusals import InvalidParameter


async def address(request: web.Request, user: UserId) -> portfolio_wire.DepositAddress:
    """Return where to send the asset that the request names, so that it is this account's."""
    code, give = asset(request), request.app[DEPS].deposits
    if code is None:
        raise InvalidParameter("Name the asset that is to be deposited.", parameter="asset")
    if give is None:
        raise DepositsOff
    account, rules = await give(user, code)
    minimum = show(rules.minimum, rules.asset.decimals)
    return portfolio_wire.DepositAddress(code, account.owner, account.token_account, account.mint, minimum)
