"""How often people may ask where the settings do not say: freely in development, as people do elsewhere."""

from typing import Final

from clobster.config import Settings
from webapp_api.limits import Rate, RequestClass
from webapp_api.stream.hub import MAX_CLIENTS

# Many people sign in, and load tests trade, from one address; nothing here is to hinder them.
_DEVELOPMENT: Final = {
    RequestClass.LOG_IN: Rate(1_000, 10_000),
    RequestClass.READ: Rate(5_000, 50_000),
    RequestClass.ORDER: Rate(5_000, 50_000),
    RequestClass.WITHDRAWAL: Rate(100, 1_000),
}
_ELSEWHERE: Final = {
    RequestClass.LOG_IN: Rate(0.2, 12),
    RequestClass.READ: Rate(20, 400),
    RequestClass.ORDER: Rate(100, 1_000),
    RequestClass.WITHDRAWAL: Rate(0.1, 5),
}
_SOCKETS: Final = 200  # of one address, outside development


def rates(settings: Settings) -> dict[RequestClass, Rate]:
    """Return what an account may."""
    defaults = _DEVELOPMENT if settings.env == "development" else _ELSEWHERE
    said = {
        RequestClass.LOG_IN: settings.limit_log_in,
        RequestClass.READ: settings.limit_read,
        RequestClass.ORDER: settings.limit_order,
        RequestClass.WITHDRAWAL: settings.limit_withdrawal,
    }
    return {each: Rate.parse(text) if text else defaults[each] for each, text in said.items()}


def sockets(settings: Settings) -> int:
    """Return how many WebSockets an address may have open."""
    return settings.limit_sockets or (MAX_CLIENTS if settings.env == "development" else _SOCKETS)
