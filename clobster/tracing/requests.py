"""A span for each request under /api, and the thread by which what it orders is found again."""

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from webapp_api.auth.access import CALLER
from webapp_api.request_log import REQUEST_ID

SOCKET: Final = "/api/ws"


class Asked:
    """A request under way. A socket has no span: each order on it is a request of its own.

    written_ns is when what it has ordered was durable, 0 where it has ordered nothing.
    """

    __slots__ = ("began_ns", "id", "span", "written_ns")

    def __init__(self, id: str, span: Span | None, began_ns: int) -> None:
        self.id = id
        self.span = span
        self.began_ns = began_ns
        self.written_ns = 0


ASKED: Final[ContextVar[Asked | None]] = ContextVar("asked", default=None)


def request_spans(tracer: Tracer, chosen: Callable[[], bool]) -> Middleware:
    """Return the middleware. It comes after the one that gives requests their ids."""

    @web.middleware
    async def follow(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = "" if resource is None else resource.canonical
        if not route.startswith("/api/") or (route != SOCKET and not chosen()):
            return await handler(request)
        span, began_ns = None, time.time_ns()
        if route != SOCKET:
            attributes = {
                "http.request.method": request.method,
                "http.route": route,  # as the router writes it: no ids, no query
                "clobster.request_id": request[REQUEST_ID],
            }
            name = f"{request.method} {route}"
            span = tracer.start_span(name, kind=SpanKind.SERVER, attributes=attributes, start_time=began_ns)
        asked = Asked(request[REQUEST_ID], span, began_ns)
        token = ASKED.set(asked)  # a connection answers one request after another
        response = None
        try:
            response = await handler(request)
            return response
        finally:
            ASKED.reset(token)
            if span is not None:
                _end(tracer, asked, span, request, response)

    return follow


def _end(tracer: Tracer, asked: Asked, span: Span, request: web.Request, response: web.StreamResponse | None) -> None:
    ended_ns = time.time_ns()
    if asked.written_ns:
        answered = tracer.start_span("answered", set_span_in_context(span), start_time=asked.written_ns)
        answered.end(ended_ns)
    if (caller := request.get(CALLER)) is not None:
        span.set_attribute("clobster.account", caller.user)
    if response is not None:
        span.set_attribute("http.response.status_code", response.status)
    if response is None or response.status >= web.HTTPInternalServerError.status_code:
        span.set_status(Status(StatusCode.ERROR))
    span.end(ended_ns)
