"""`/api/account/wallet-links` for the session that asks, `/api/wallet-links` for whoever has its code.

A code that was asked for in the chat with the bot is signed here too; the bot says yes to it, and not the page.
"""

from aiohttp import web

from webapp_api import wallet_wire, wire
from webapp_api.asked import by, device
from webapp_api.auth.siws import account_name
from webapp_api.deps import DEPS, PROOFS
from webapp_api.reply import json_reply
from webapp_api.routes.wallets import wallet

routes = web.RouteTableDef()


@routes.post("/api/account/wallet-links")
async def ask(request: web.Request) -> web.Response:
    """Make a way to a wallet in another app."""
    deps = request.app[DEPS]
    link, code = await deps.wallet_links.ask(by(request))
    url = deps.site.wallet_url(code)
    return json_reply(
        wallet_wire.NewWalletLink(
            id=link.id,
            code=code,
            url=url,
            phantom_url=deps.site.phantom_url(url),
            solflare_url=deps.site.solflare_url(url),
            expires_at=link.expires_at // 1000,
        ),
        201,
    )


@routes.get("/api/account/wallet-links/{id}")
async def link(request: web.Request) -> web.Response:
    """Say how far a link is, and which wallet signed."""
    found = await request.app[DEPS].wallet_links.of_session(by(request), request.match_info["id"])
    return json_reply(wallet_wire.WalletLink(found.id, found.state.value, found.address, found.expires_at // 1000))


@routes.post("/api/account/wallet-links/{id}/confirm")
async def confirm(request: web.Request) -> web.Response:
    """Say yes to the wallet that signed."""
    return json_reply(wallet(await request.app[DEPS].wallet_links.confirm(by(request), request.match_info["id"])))


@routes.post("/api/wallet-links/challenge")
async def challenge(request: web.Request) -> web.Response:
    """Give who has the code a text to sign, which says to whose account it links the wallet."""
    body, deps = wire.decode(await request.read(), wallet_wire.ASK_TO_SIGN_LINK), request.app[DEPS]
    asked = await deps.wallet_links.by_code(body.code)
    account = await deps.accounts.account(asked.user_id)
    assert account is not None, "a link is of an account"
    text = await request.app[PROOFS].ask_to_link(body.address, account, asked.session_id, asked.id)
    return json_reply(
        wallet_wire.LinkChallenge(text.message, text.nonce, text.expires_at // 1000, account_name(account))
    )


@routes.post("/api/wallet-links/sign")
async def sign(request: web.Request) -> web.Response:
    """Take the signature of a wallet and use the code up; the session or the chat that asked has the last word."""
    body, deps = wire.decode(await request.read(), wallet_wire.SIGN_LINK), request.app[DEPS]
    asked = await deps.wallet_links.by_code(body.code)
    await request.app[PROOFS].signs_link(wallet_wire.Proof(body.address, body.message, body.signature), asked)
    await deps.wallet_links.sign(body.code, body.address, device(request).address)
    back = deps.site.back_to_chat if asked.is_of_chat else deps.site.back_to_telegram
    return json_reply(wallet_wire.SignedLink(body.address, back))
