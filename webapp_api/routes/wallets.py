"""`/api/auth/solana`, `/api/account/wallets` and `/api/account/telegram`: the doors of an account."""

from aiohttp import web

from engine.accounts.wallet_types import Wallet
from webapp_api import accounts, wallet_wire, wire
from webapp_api.asked import asker, by, caller, device, known_caller, launched_by, opened
from webapp_api.auth.access import heed
from webapp_api.deps import DEPS, PROOFS
from webapp_api.limits import RequestClass
from webapp_api.reply import json_reply

routes = web.RouteTableDef()


@routes.post("/api/auth/solana/challenge")
async def challenge(request: web.Request) -> web.Response:
    """Give a text to sign: to sign in or, for who is signed in, to link a wallet."""
    body = wire.decode(await request.read(), wallet_wire.ASK_TO_SIGN)
    asking, proofs = known_caller(request), request.app[PROOFS]
    if asking is None:
        text = await proofs.ask_to_sign_in(body.address)
    else:
        account = await request.app[DEPS].accounts.account(asking.user)
        assert account is not None, "a session is of an account"
        text = await proofs.ask_to_link(body.address, account, asking.session)
    return json_reply(wallet_wire.Challenge(text.message, text.nonce, text.expires_at // 1000))


@routes.post("/api/auth/solana")
async def solana(request: web.Request) -> web.Response:
    """Sign in with a wallet that has signed."""
    body, deps = wire.decode(await request.read(), wallet_wire.PROOF), request.app[DEPS]
    await request.app[PROOFS].signs_in(body)
    account = await deps.wallets.person(body.address)
    heed(request, deps.limits.of_account(RequestClass.LOG_IN, account.id))
    signed_in = await deps.accounts.open_session(account, body.address, device(request))
    return json_reply(accounts.signed_in(signed_in, deps.tokens))


@routes.get("/api/account/wallets")
async def wallets(request: web.Request) -> web.Response:
    """List the account's wallets."""
    found = await request.app[DEPS].wallets.wallets(asker(request))
    return json_reply(wallet_wire.Wallets([wallet(each) for each in found]))


@routes.post("/api/account/wallets")
async def link_wallet(request: web.Request) -> web.Response:
    """Link a wallet that has signed."""
    body = wire.decode(await request.read(), wallet_wire.PROOF)
    await request.app[PROOFS].links(body, caller(request))
    return json_reply(wallet(await request.app[DEPS].wallets.link(by(request), body.address)))


@routes.delete("/api/account/wallets/{address}")
async def unlink_wallet(request: web.Request) -> web.Response:
    """Unlink a wallet; the sessions that it opened end."""
    await request.app[DEPS].wallets.unlink(by(request), request.match_info["address"])
    return web.Response(status=204)


@routes.post("/api/account/telegram")
async def link_telegram(request: web.Request) -> web.Response:
    """Link who opened the mini-app."""
    body, deps = wire.decode(await request.read(), wallet_wire.LINK_TELEGRAM), request.app[DEPS]
    person = launched_by(deps, body.init_data)
    await deps.accounts.check_not_unlinked(person.id, opened(person))
    return json_reply(accounts.account(await deps.wallets.link_telegram(by(request), person)))


@routes.delete("/api/account/telegram")
async def unlink_telegram(request: web.Request) -> web.Response:
    """Unlink Telegram; the sessions that it opened end."""
    await request.app[DEPS].wallets.unlink_telegram(by(request))
    return web.Response(status=204)


def wallet(linked: Wallet) -> wallet_wire.Wallet:
    """Return a wallet as its owner sees it."""
    return wallet_wire.Wallet(linked.address, linked.created_at // 1000)
