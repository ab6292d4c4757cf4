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


def of_the_exchange(settings: Settings) -> tuple[str, ...]:
    """Return what the exchange holds itself and everybody to, for administrators: technical English, as in the log."""
    amounts = (
        ("fees", settings.withdrawal_fees),
        ("at least", settings.withdrawal_minimums),
        ("approved by two above", settings.withdrawal_approval_above),
        ("a day at most", settings.withdrawal_day_limits),
    )
    withdrawals = [f"{what} {text.replace(',', ', ') or 'none'}" for what, text in amounts]
    if settings.withdrawal_day_value:
        withdrawals.append(f"worth {settings.withdrawal_day_value} a day at most")
    return (
        f"withdrawals: {'; '.join(withdrawals)}; {settings.withdrawal_most_open} open at most",
        f"quoting: {settings.maker_levels} levels, worth {settings.maker_level_value} each and"
        f" {settings.maker_side_value} a side; stops after a loss of {settings.maker_day_loss} a day,"
        f" {settings.maker_stale_ms} ms without news, a jump of {settings.maker_band_ppm} ppm",
        f"hedging: {settings.hedge}, {settings.hedge_order_value} an order, {settings.hedge_minute_value} a minute",
        f"an address: {settings.limit_address_factor} accounts' worth of requests, {sockets(settings)} WebSockets",
    )


def sockets(settings: Settings) -> int:
    """Return how many WebSockets an address may have open."""
    return settings.limit_sockets or (MAX_CLIENTS if settings.env == "development" else _SOCKETS)
