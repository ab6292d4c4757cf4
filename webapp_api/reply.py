"""Answers, each with the headers that keep a browser strict."""

from typing import Final

from aiohttp import hdrs, web
from multidict import CIMultiDict

from webapp_api import wire

STRICT: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_JSON: Final = CIMultiDict({hdrs.CONTENT_TYPE: "application/json", **STRICT})
PAGE: Final = {
    **STRICT,
    # Only our own files, only our own server; only Telegram's web clients may show the page inside theirs.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors https://web.telegram.org https://webk.telegram.org https://webz.telegram.org",
    "Cache-Control": "no-cache",
}


def json_reply(body: object, status: int = 200) -> web.Response:
    """Answer with a struct, or a list or mapping of them, as JSON."""
    return web.Response(body=wire.encode(body), status=status, headers=_JSON.copy())


def text_reply(body: bytes, content_type: str) -> web.Response:
    """Answer with text of this content type, charset included."""
    return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type, **STRICT})
