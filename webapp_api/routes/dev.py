"""`/api/dev`: money out of nothing, for development. There is no such route without a development secret."""

import hmac
import uuid
from typing import Final

from aiohttp import web

from engine.accounts.types import TelegramUser
from engine.core.commands import Deposit
from engine.core.decimals import TooPrecise, parse
from engine.core.refusals import UnknownAsset
from engine.core.types import Atoms
from webapp_api import wire
from webapp_api.auth.access import bearer
from webapp_api.deps import DEPS
from webapp_api.refusals import Unauthorized
from webapp_api.reply import json_reply

PLAY_MONEY: Final = "dev:"  # how the references of such deposits begin


def routes(dev_secret: str) -> list[web.RouteDef]:
    """Return the routes that this secret opens."""

    async def fund(request: web.Request) -> web.Response:
        if not hmac.compare_digest(bearer(request).encode("utf-8", "replace"), dev_secret.encode()):
            raise Unauthorized
        body, deps = wire.decode(await request.read(), wire.FUND), request.app[DEPS]
        asset = deps.assets.get(body.asset)
        if asset is None:
            raise UnknownAsset(asset=body.asset)
        amount = parse(body.amount, asset.decimals)
        if amount is None:
            raise TooPrecise(decimals=asset.decimals)
        account = await deps.accounts.person(TelegramUser(body.telegram_id))
        if deps.faucet is not None:
            reference = await deps.faucet(account.id, asset, Atoms(amount))
        else:
            reference = f"{PLAY_MONEY}{uuid.uuid4()}"
            await deps.sequencer.submit(Deposit(deps.clock(), account.id, asset.code, Atoms(amount), reference))
        return json_reply({"account_id": account.id, "reference": reference}, 201)

    return [web.post("/api/dev/fund", fund)]
