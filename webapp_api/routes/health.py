"""What operators ask: alive, able to serve, and the figures."""

import hmac

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from webapp_api.auth.access import bearer
from webapp_api.deps import DEPS
from webapp_api.refusals import Unauthorized
from webapp_api.reply import json_reply, text_reply

routes = web.RouteTableDef()


@routes.get("/healthz")
async def healthz(_: web.Request) -> web.Response:
    """Answer while the process is alive."""
    return json_reply({"status": "ok"})


@routes.get("/readyz")
async def readyz(request: web.Request) -> web.Response:
    """Say whether requests can be served now, or why not.

    Orders are taken without a feed, a chain or a replica too: how these are doing is told beside it, and is no reason.
    """
    deps = request.app[DEPS]
    reasons = deps.not_ready()
    answer = {
        "ready": not reasons,
        "reasons": reasons,
        "replica": deps.replica(),
        "feed": deps.feed_health(),
        "settlement": deps.settling.health(),
        "reconciliation": deps.reconciling.health(),
    }
    return json_reply(answer, 503 if reasons else 200)


@routes.get("/metrics")
async def metrics(request: web.Request) -> web.Response:
    """Tell Prometheus. Elsewhere than in development it shows a token: figures of the house are nobody else's."""
    token = request.app[DEPS].metrics_token
    if token is not None and not (
        token and hmac.compare_digest(bearer(request).encode("utf-8", "replace"), token.encode())
    ):
        raise Unauthorized
    return text_reply(generate_latest(request.app[DEPS].registry), CONTENT_TYPE_PLAIN_0_0_4)
