"""Tracing by OpenTelemetry: what happened to one request, and how long each stage of it took. Off by default.

Spans are made after the fact, of times that are taken anyway; where tracing is off, nothing here is even imported. The
extra `clobster[tracing]` has what it needs.
"""

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from clobster.config import ConfigError, Settings

if TYPE_CHECKING:
    from clobster.tracing.tracing import Tracing


def begin(settings: Settings, stack: AsyncExitStack) -> "Tracing | None":
    """Return what traces, None where that is off; the stack ends it. Raises ConfigError where the extra is missing."""
    if settings.tracing_endpoint is None:
        return None
    try:
        from clobster.tracing.tracing import Tracing
    except ModuleNotFoundError as missing:
        if not (missing.name or "").startswith("opentelemetry"):
            raise
        raise ConfigError(
            "CLOBSTER_TRACING_ENDPOINT needs what is not installed: pip install 'clobster[tracing]'"
        ) from None
    tracing = Tracing(settings.tracing_endpoint, settings.tracing_ppm)
    stack.callback(tracing.close)
    return tracing
