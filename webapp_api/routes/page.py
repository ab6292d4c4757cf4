"""`GET /`, `GET /admin` and `GET /wallet`: the pages, from files of our own, read once; and pictures of addresses."""

import io
import re
from importlib.resources import files
from typing import Final

import segno
from aiohttp import web

from webapp_api import bundled_pages
from webapp_api.bundles import Texts
from webapp_api.page_files import FOREVER, TYPES, read, serve
from webapp_api.refusals import InvalidParameter
from webapp_api.reply import PAGE

_ADDRESS: Final = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}")


def routes(shared: Texts, *, chain: str, demo: bool) -> list[web.RouteDef]:
    """Return a route for every file of the pages."""
    return [*bundled_pages.routes(shared, chain=chain, demo=demo), web.get("/miniapp/qr.svg", qr), *_wallet_page()]


async def qr(request: web.Request) -> web.Response:
    """Draw a Solana address as a QR code."""
    address = request.query.get("address", "")
    if not _ADDRESS.fullmatch(address):
        raise InvalidParameter("The address is a public key in base58.", parameter="address")
    drawn = io.BytesIO()
    segno.make_qr(address, error="m").save(drawn, kind="svg", border=2, light="#fff", xmldecl=False)
    headers = {**PAGE, "Content-Type": TYPES["svg"], "Cache-Control": FOREVER}
    return web.Response(body=drawn.getvalue(), headers=headers)


def _wallet_page() -> list[web.RouteDef]:
    return [
        web.get("/wallet" if name == "index.html" else f"/wallet/{name}", serve(name, content, PAGE))
        for name, content in read(files("webapp_api.wallet_page"))
    ]
