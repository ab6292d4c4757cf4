"""`/api/openapi.json` and `/api/docs`: what this API is, for programs and for people.

Swagger UI comes from the package swagger-ui-bundle-v2; only the page and the line that starts it are ours.
"""

from importlib.resources import files
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from webapp_api.openapi import document
from webapp_api.reply import STRICT, json_reply

_BUNDLED: Final = ("swagger-ui.css", "swagger-ui-bundle.js")
_PAGE: Final = {
    **STRICT,
    "Cache-Control": "no-cache",
    # Swagger UI has its pictures in data URLs; it asks this API and nobody else.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}


def routes() -> list[web.RouteDef]:
    """Return the routes of the description, its page and the page's files."""
    ours = files("webapp_api.description")
    (bundled,) = files("swagger_ui_bundle").joinpath("vendor").iterdir()  # one release of Swagger UI
    described = document()

    async def openapi(_: web.Request) -> web.Response:
        return json_reply(described)

    return [
        web.get("/api/openapi.json", openapi),
        web.get("/api/docs", _ours(ours.joinpath("page.html").read_bytes(), "text/html")),
        web.get("/api/docs/start.js", _ours(ours.joinpath("start.js").read_bytes(), "text/javascript")),
        *(web.get(f"/api/docs/{name}", _bundled(Path(str(bundled.joinpath(name))))) for name in _BUNDLED),
    ]


def _ours(content: bytes, content_type: str) -> Handler:
    headers = {hdrs.CONTENT_TYPE: f"{content_type}; charset=utf-8", **_PAGE}

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=content, headers=headers)

    return serve


def _bundled(file: Path) -> Handler:
    async def serve(_: web.Request) -> web.StreamResponse:
        return web.FileResponse(file, headers=_PAGE)

    return serve
