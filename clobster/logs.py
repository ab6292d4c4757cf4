"""Structured logs: one event a line, for people on a console or as JSON."""

import logging
import sys
from collections.abc import Callable
from typing import Final

import structlog
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

OURS: Final = ("clobster", "webapp_api", "bot", "engine", "data")


def configure(log_format: str, level: str = "info", redact: Callable[[str], str] = str) -> None:
    """Send all logs, ours and libraries', to standard error as `console` or `json`; each line as redact leaves it."""
    least = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: structlog.types.Processor
    if log_format == "json":
        shared.append(structlog.processors.format_exc_info)
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            exception_formatter=structlog.dev.plain_traceback,  # never values of variables
        )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(least),  # what is below it costs next to nothing
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
                lambda _, __, line: redact(str(line)),  # the last: of whatever made the line
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(least, logging.INFO))  # libraries tell bodies and headers at the level debug
    for ours in OURS:
        logging.getLogger(ours).setLevel(least)
    for chatty in ("aiogram.event", "aiohttp.access", "alembic", "httpx2"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)  # the collector says once what it would say each time
    server = logging.getLogger("aiohttp.server")
    server.filters[:] = [_is_ours]


def _is_ours(record: logging.LogRecord) -> bool:
    """Leave out what a client sent that is no HTTP: aiohttp answers it, and would log its bytes, tokens and all."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, (HttpProcessingError, RequestPayloadError))
