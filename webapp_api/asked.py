"""What every handler reads from a request: who asks, and the parameters of the path and the query."""

from aiohttp import web

from data.store.queries import STATUSES, Status
from engine.accounts.types import Device, TelegramUser
from engine.accounts.wallet_types import Asker
from engine.core.refusals import UnknownAsset, UnknownSymbol
from engine.core.types import AssetCode, Micros, Side, Symbol, UserId
from webapp_api.auth.access import CALLER, Caller
from webapp_api.auth.telegram import verify_init_data, verify_init_data_signature
from webapp_api.deps import DEPS, Deps
from webapp_api.refusals import InvalidParameter

MAX_LIMIT = 500
_SIDES = {side.value: side for side in Side}
_NEVER = Micros(2**62)


def caller(request: web.Request) -> Caller:
    """Return who asks, on a route that is not for anybody."""
    return request[CALLER]


def asker(request: web.Request) -> UserId:
    """Return the account that asks, on a route that is not for anybody."""
    return request[CALLER].user


def device(request: web.Request) -> Device:
    """Return from where somebody asks."""
    return Device(request.headers.get("User-Agent", ""), request.app[DEPS].addresses.of(request))


def known_caller(request: web.Request) -> Caller | None:
    """Return who asks on a route that is for anybody, and None where they do not say."""
    return request.get(CALLER)


def by(request: web.Request) -> Asker:
    """Return who asks for a change of what opens their account, on a route for persons."""
    asking = caller(request)
    return Asker(asking.user, asking.session, device(request).address)


def launched_by(deps: Deps, init_data: str) -> TelegramUser:
    """Return who opened the mini-app. Raises BadSignature, Expired or Malformed of `webapp_api.auth.telegram`."""
    when = {"now_s": deps.clock() // 1_000_000, "max_age_s": deps.launch_data_life_s}
    person = verify_init_data(init_data, deps.bot_token, **when)
    if deps.telegram_key is not None:  # then a stolen bot token signs nobody in
        bot_id = int(deps.bot_token.partition(":")[0])
        verify_init_data_signature(init_data, bot_id, public_key=deps.telegram_key, **when)
    return person


def opened(person: TelegramUser) -> Micros:
    """Return the end of the second in which somebody opened the mini-app: what came in that second is good."""
    return Micros((person.auth_date + 1) * 1_000_000)


def number(text: str) -> int | None:
    """Return a number from 0 to 10**18 - 1 that is written in digits only, else None."""
    return int(text) if len(text) <= 18 and text.isascii() and text.isdigit() else None


def limit(request: web.Request, default: int, most: int = MAX_LIMIT) -> int:
    """Return how many the client wants: 1 to `most`. Raises InvalidParameter."""
    text = request.query.get("limit")
    if text is None:
        return default
    value = number(text)
    if value is None or not 1 <= value <= most:
        raise InvalidParameter(f"The limit is a number from 1 to {most}.", parameter="limit")
    return value


def cursor(request: web.Request) -> int | None:
    """Return the cursor of the previous page's answer, or None on the first page. Raises InvalidParameter."""
    text = request.query.get("cursor")
    if text is None:
        return None
    value = number(text)
    if value is None:
        raise InvalidParameter("The cursor is the next_cursor of the page before.", parameter="cursor")
    return value


def symbol(request: web.Request) -> Symbol | None:
    """Return the market to which the client narrows its question, or None. Raises UnknownSymbol."""
    text = request.query.get("symbol")
    if text is None:
        return None
    market = request.app[DEPS].markets.get(text)
    if market is None:
        raise UnknownSymbol
    return market.market.symbol


def asset(request: web.Request) -> AssetCode | None:
    """Return the asset to which the client narrows its question, or None. Raises UnknownAsset."""
    text = request.query.get("asset")
    if text is None:
        return None
    known = request.app[DEPS].assets.get(text)
    if known is None:
        raise UnknownAsset
    return known.code


def status(request: web.Request) -> Status:
    """Return which orders the client wants; all where it does not say. Raises InvalidParameter."""
    text = request.query.get("status", "all")
    for each in STATUSES:
        if text == each:
            return each
    raise InvalidParameter("The status is open, closed or all.", parameter="status")


def side(request: web.Request) -> Side | None:
    """Return the side to which the client narrows its question, or None. Raises InvalidParameter."""
    text = request.query.get("side")
    if text is None:
        return None
    if text not in _SIDES:
        raise InvalidParameter("The side is buy or sell.", parameter="side")
    return _SIDES[text]


def time(request: web.Request, name: str) -> Micros | None:
    """Return a time that the client gives in milliseconds, or None. Raises InvalidParameter."""
    text = request.query.get(name)
    if text is None:
        return None
    millis = number(text)
    if millis is None:
        raise InvalidParameter(f"The {name} is a time in milliseconds.", parameter=name)
    return Micros(min(millis * 1000, _NEVER))


def wants_csv(request: web.Request) -> bool:
    """Return whether the client wants a list as CSV and not as JSON. Raises InvalidParameter."""
    text = request.query.get("format", "json")
    if text not in ("csv", "json"):
        raise InvalidParameter("The format is json or csv.", parameter="format")
    return text == "csv"
