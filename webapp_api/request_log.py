"""Each request has an id: in what is logged while it is answered, and in `X-Request-Id` of the answer."""

import secrets
import time
from typing import Final

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from webapp_api.auth.access import CALLER

REQUEST_ID: Final = web.RequestKey("request_id", str)

log = structlog.get_logger()


def request_log(*, loud: bool) -> Middleware:
    """Return the middleware, which is to be the first. Where it is loud, each answer is a line at the level debug."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        request[REQUEST_ID] = id = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request=id)  # a connection answers one request after another
        started = time.perf_counter()
        response = await handler(request)
        if not response.prepared:
            response.headers["X-Request-Id"] = id
        if not loud:
            return response
        caller = request.get(CALLER)
        log.debug(
            "answered",
            method=request.method,
            path=request.path,  # never the query, where a program's signature stands
            status=response.status,
            account=caller.user if caller else None,
            ms=round((time.perf_counter() - started) * 1_000, 2),
        )
        return response

    return answer
