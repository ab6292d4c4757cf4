"""A span for each thing that the bot sends; not for its asking for updates."""

from collections.abc import Callable

from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware, NextRequestMiddlewareType
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer
from typing_extensions import override


class TelegramSpans(BaseRequestMiddleware):
    """A middleware of a bot's session. What is said, and to whom, is not told."""

    def __init__(self, tracer: Tracer, chosen: Callable[[], bool]) -> None:
        self._tracer = tracer
        self._chosen = chosen

    @override
    async def __call__(
        self, make_request: NextRequestMiddlewareType[TelegramType], bot: Bot, method: TelegramMethod[TelegramType]
    ) -> Response[TelegramType]:
        if isinstance(method, GetUpdates) or not self._chosen():
            return await make_request(bot, method)
        span = self._tracer.start_span(f"telegram {method.__api_method__}", kind=SpanKind.CLIENT)
        try:
            return await make_request(bot, method)
        except Exception as error:
            span.set_attribute("error.type", type(error).__name__)  # its text may name the chat
            span.set_status(Status(StatusCode.ERROR))
            raise
        finally:
            span.end()
