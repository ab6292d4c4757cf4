"""`/api/dev`: money out of nothing, for development. There is no such route without a development secret."""

import hmac
import uuid
from collections.abc import Mapping
from typing import Final

from aiohttp import web

from engine.accounts.types import TELEGRAM, TelegramUser
from engine.core.commands import Deposit
from engine.core.decimals import TooPrecise, parse
from engine.core.refusals import UnknownAsset
from engine.core.types import Atoms, UserId
from engine.custody.accounts import PLAY_MONEY
from webapp_api import accounts, wire
from webapp_api.asked import asker, device
from webapp_api.auth.access import bearer
from webapp_api.deps import DEPS, Deps
from webapp_api.refusals import Unauthorized
from webapp_api.reply import json_reply

DEMO_PERSON: Final = TelegramUser(2**52 - 1, first_name="Demo")  # an id that Telegram gives to nobody
DEMO_FUNDS: Final[Mapping[str, str]] = {"USDT": "10000", "BTC": "0.2", "ETH": "4", "SOL": "60"}
OF_OTHERS: Final = "100"


def routes(dev_secret: str) -> list[web.RouteDef]:
    """Return the routes that this secret opens, and those with which the page lets people play."""

    async def fund(request: web.Request) -> web.Response:
        if not hmac.compare_digest(bearer(request).encode("utf-8", "replace"), dev_secret.encode()):
            raise Unauthorized
        body, deps = wire.decode(await request.read(), wire.FUND), request.app[DEPS]
        account = await deps.accounts.person(TelegramUser(body.telegram_id))
        reference = await _credit(deps, account.id, body.asset, body.amount)
        return json_reply({"account_id": account.id, "reference": reference}, 201)

    return [
        web.post("/api/dev/fund", fund),
        web.post("/api/dev/demo", demo),
        web.post("/api/dev/demo-funds", demo_funds),
    ]


async def demo(request: web.Request) -> web.Response:
    """Sign in as the demo person, for who has neither Telegram nor a wallet at hand."""
    deps = request.app[DEPS]
    account = await deps.accounts.person(DEMO_PERSON)
    signed_in = await deps.accounts.open_session(account, TELEGRAM, device(request), proved_at=deps.clock())
    return json_reply(accounts.signed_in(signed_in, deps.tokens))


async def demo_funds(request: web.Request) -> web.Response:
    """Give who asks some play money of an asset, by a deposit on the chain where there is one."""
    user = asker(request)
    body = wire.decode(await request.read(), wire.DEMO_FUNDS)
    amount = DEMO_FUNDS.get(body.asset, OF_OTHERS)
    reference = await _credit(request.app[DEPS], user, body.asset, amount)
    return json_reply({"amount": amount, "reference": reference}, 201)


async def _credit(deps: Deps, user: UserId, code: str, shown: str) -> str:
    asset = deps.assets.get(code)
    if asset is None:
        raise UnknownAsset(asset=code)
    amount = parse(shown, asset.decimals)
    if amount is None:
        raise TooPrecise(decimals=asset.decimals)
    if deps.faucet is not None:
        return await deps.faucet(user, asset, Atoms(amount))
    reference = f"{PLAY_MONEY}{uuid.uuid4()}"
    await deps.sequencer.submit(Deposit(deps.clock(), user, asset.code, Atoms(amount), reference))
    return reference
