"""`/api/telegram/updates`: Telegram tells the bot what people write, where the settings ask for that.

What Telegram's secret comes with is always taken: it would be sent again and again, and all else wait for it.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiohttp import web

from engine.sequencer.sequencer import Busy
from webapp_api.refusals import Unauthorized

log = structlog.get_logger()

PATH: Final = "/api/telegram/updates"
SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105  the header's name


class TelegramHook:
    """Where updates go: receive takes the bytes of one and returns when it is kept. It is None until the bot runs."""

    def __init__(self, secret: str) -> None:
        self.secret = secret
        self.receive: Callable[[bytes], Awaitable[None]] | None = None


def routes(hook: TelegramHook) -> list[web.RouteDef]:
    """Return the route by which this hook is told."""

    async def take(request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), hook.secret.encode()):
            raise Unauthorized
        if hook.receive is None:
            raise Busy
        try:
            await hook.receive(await request.read())
        except web.HTTPRequestEntityTooLarge:
            log.warning("an update was too large and is left out")
        return web.Response()

    return [web.post(PATH, take)]
