"""`GET /` and `GET /wallet`: the pages, each from files of our own, read once."""

from importlib.resources import files

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from webapp_api.reply import PAGE

_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}


def routes() -> list[web.RouteDef]:
    """Return a route for every file of the pages."""
    return [*_page("webapp_api.miniapp", "/", "/miniapp"), *_page("webapp_api.wallet_page", "/wallet", "/wallet")]


def _page(package: str, path: str, folder: str) -> list[web.RouteDef]:
    return [
        web.get(path if file.name == "index.html" else f"{folder}/{file.name}", _serve(file.name, file.read_bytes()))
        for file in files(package).iterdir()
        if file.name.rpartition(".")[2] in _TYPES
    ]


def _serve(name: str, content: bytes) -> Handler:
    headers = {hdrs.CONTENT_TYPE: _TYPES[name.rpartition(".")[2]], **PAGE}

    async def serve(_: web.Request) -> web.Response:
        return web.Response(body=content, headers=headers)

    return serve
