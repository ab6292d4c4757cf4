"""Who may do what over HTTP: one table, and the one place that holds everybody to it."""

import enum
from collections.abc import Mapping
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from msgspec import Struct

from engine.accounts.administration import Administration
from engine.accounts.types import Scope
from engine.core.types import UserId
from webapp_api.addresses import Addresses
from webapp_api.auth.key_guard import KeyGuard, hold
from webapp_api.auth.key_refusals import NeedsASession
from webapp_api.auth.signing import KEY_HEADER, MalformedSignature, of_request
from webapp_api.auth.tokens import Guard
from webapp_api.limits import BATCH_COST, Allowance, RateLimits, RequestClass
from webapp_api.refusals import Unauthorized


class Who(enum.Enum):
    """Who may ask."""

    ANYBODY = "anybody"
    PERSON = "person"  # somebody who has signed in; no program with an API key
    ACCOUNT = "account"  # a person, or a program whose key has the scope
    ADMIN = "admin"  # a person whom the settings name; every act is logged before it is carried out
    OPERATOR = "operator"  # the same person, who only looks


class Rule(Struct, frozen=True):
    """Who may ask something, as what it is counted, and as how many. scope is what a program's key must have.

    What counts as nothing is answered although everything else is refused. by_name is for what anybody may ask and gets
    another answer who is signed in: a token that comes along must be good.
    """

    who: Who
    counts_as: RequestClass | None
    scope: Scope | None = None
    cost: int = 1
    by_name: bool = False


HEALTH: Final = Rule(Who.ANYBODY, None)
PUBLIC: Final = Rule(Who.ANYBODY, RequestClass.READ)
LOG_IN: Final = Rule(Who.ANYBODY, RequestClass.LOG_IN)
LOG_IN_OR_LINK: Final = Rule(Who.ANYBODY, RequestClass.LOG_IN, by_name=True)
PERSON: Final = Rule(Who.PERSON, RequestClass.READ)
READS: Final = Rule(Who.ACCOUNT, RequestClass.READ, Scope.READ)
TRADES: Final = Rule(Who.ACCOUNT, RequestClass.ORDER, Scope.TRADE)
ACTS: Final = Rule(Who.ADMIN, RequestClass.READ)
WITHDRAWS: Final = Rule(Who.ACCOUNT, RequestClass.WITHDRAWAL, Scope.WITHDRAW)
KEEPS: Final = Rule(Who.ACCOUNT, RequestClass.READ, Scope.WITHDRAW)
PROVES: Final = Rule(Who.ACCOUNT, RequestClass.READ, Scope.READ, cost=5)  # trees may have to be made again
LOOKS: Final = Rule(Who.OPERATOR, RequestClass.READ)
BATCHES: Final = Rule(Who.ACCOUNT, RequestClass.ORDER, Scope.TRADE, BATCH_COST)

RULES: Final[Mapping[str, Rule]] = {
    "GET /healthz": HEALTH,
    "GET /readyz": HEALTH,
    "GET /metrics": PUBLIC,
    "GET /": PUBLIC,
    "GET /wallet": PUBLIC,
    "GET /admin": PUBLIC,  # a page without any data; what it shows it asks as whoever has signed in
    "GET /api/docs": PUBLIC,
    "GET /api/openapi.json": PUBLIC,
    "GET /api/ws": PUBLIC,  # private channels and orders need an `auth` message
    "GET /api/markets": PUBLIC,
    "GET /api/markets/{symbol}/depth": PUBLIC,
    "GET /api/markets/{symbol}/trades": PUBLIC,
    "GET /api/markets/{symbol}/ticker": PUBLIC,
    "GET /api/markets/{symbol}/candles": PUBLIC,
    "GET /api/markets/{symbol}/stats": PUBLIC,
    "GET /api/stats": PUBLIC,
    "GET /api/udf/config": PUBLIC,
    "GET /api/udf/symbols": PUBLIC,
    "GET /api/udf/search": PUBLIC,
    "GET /api/udf/history": PUBLIC,
    "GET /api/udf/time": PUBLIC,
    "POST /api/auth/telegram": LOG_IN,
    "POST /api/auth/solana/challenge": LOG_IN_OR_LINK,
    "POST /api/auth/solana": LOG_IN,
    "POST /api/auth/refresh": LOG_IN,
    "POST /api/auth/logout": PERSON,
    "POST /api/auth/logout-all": PERSON,
    "GET /api/auth/sessions": PERSON,
    "DELETE /api/auth/sessions/{id}": PERSON,
    "GET /api/account": READS,
    "GET /api/account/activity": PERSON,
    "GET /api/account/notifications": PERSON,
    "PUT /api/account/notifications": PERSON,
    "GET /api/account/wallets": PERSON,
    "POST /api/account/wallets": PERSON,
    "DELETE /api/account/wallets/{address}": PERSON,
    "POST /api/account/telegram": PERSON,
    "DELETE /api/account/telegram": PERSON,
    "POST /api/account/wallet-links": PERSON,
    "GET /api/account/wallet-links/{id}": PERSON,
    "POST /api/account/wallet-links/{id}/confirm": PERSON,
    "POST /api/wallet-links/challenge": LOG_IN,  # for who has the code, which opens nothing by itself
    "POST /api/wallet-links/sign": LOG_IN,
    "POST /api/account/api-keys": PERSON,
    "GET /api/account/api-keys": PERSON,
    "DELETE /api/account/api-keys/{api_key}": PERSON,
    "POST /api/trading/orders": TRADES,
    "POST /api/trading/orders/batch": BATCHES,
    "GET /api/trading/orders": READS,
    "DELETE /api/trading/orders": TRADES,
    "GET /api/trading/orders/{id}": READS,
    "PATCH /api/trading/orders/{id}": TRADES,
    "DELETE /api/trading/orders/{id}": TRADES,
    "GET /api/trading/trades": READS,
    "GET /api/portfolio": READS,
    "GET /api/portfolio/balances": READS,
    "GET /api/portfolio/ledger": READS,
    "GET /api/portfolio/deposits": READS,
    "GET /api/portfolio/deposits/arriving": READS,
    "GET /api/portfolio/deposit-address": READS,
    "GET /api/portfolio/solvency-proof": PROVES,
    "GET /api/solvency": PUBLIC,
    "GET /api/solvency/deposit-accounts": PUBLIC,
    "GET /api/portfolio/withdrawal-terms": READS,
    "POST /api/portfolio/withdrawals": WITHDRAWS,
    "GET /api/portfolio/withdrawals": READS,
    "GET /api/portfolio/withdrawals/{id}": READS,
    "DELETE /api/portfolio/withdrawals/{id}": KEEPS,
    "POST /api/portfolio/withdrawals/{id}/challenge": PERSON,
    "POST /api/portfolio/withdrawals/{id}/confirm": PERSON,
    "GET /api/admin/overview": LOOKS,
    "GET /api/admin/withdrawals": LOOKS,
    "POST /api/admin/withdrawals/stop": ACTS,
    "POST /api/admin/withdrawals/resume": ACTS,
    "POST /api/admin/withdrawals/{id}/approve": ACTS,
    "POST /api/admin/withdrawals/{id}/reject": ACTS,
    "GET /api/admin/accounts/{id}": ACTS,
    "POST /api/admin/accounts/{id}/sign-out": ACTS,
    "GET /api/admin/quoting": LOOKS,
    "GET /api/admin/quoting/deposit-address": LOOKS,
    "POST /api/admin/quoting/{symbol}/stop": ACTS,
    "POST /api/admin/quoting/{symbol}/resume": ACTS,
    "POST /api/admin/markets/{symbol}/resume": ACTS,
    "POST /api/admin/markets/{symbol}/cancel-only": ACTS,
    "POST /api/admin/markets/{symbol}/halt": ACTS,
    "GET /api/admin/settlement": LOOKS,
    "POST /api/admin/settlement/retry": ACTS,
    "GET /api/admin/reconciliation": LOOKS,
    "POST /api/admin/reconciliation/clear": ACTS,
    "POST /api/admin/solvency/snapshots": ACTS,
    "GET /api/admin/log": LOOKS,
    "POST /api/telegram/updates": HEALTH,  # has a secret of its own; all that people write comes from a few addresses
    "POST /api/dev/demo": LOG_IN,  # as the next two, it exists in development only
    "POST /api/dev/demo-funds": PERSON,
    "POST /api/dev/fund": PUBLIC,  # has a secret of its own
}


class Caller(Struct, frozen=True):
    """Who asks: an account, by a session or, where the rule is for accounts, by an API key. The other one is empty."""

    user: UserId
    session: str = ""
    key: str = ""


CALLER: Final = web.RequestKey("caller", Caller)
ALLOWANCE: Final = web.RequestKey("allowance", Allowance)

_BEARER: Final = "Bearer "


def bearer(request: web.Request) -> str:
    """Return the token of `Authorization: Bearer`. Raises Unauthorized."""
    header = request.headers.get("Authorization", "")
    if not header.startswith(_BEARER):
        raise Unauthorized
    return header[len(_BEARER) :]


def rule_of(method: str, path: str) -> Rule:
    """Return the rule of a route, by its path as the router writes it. HEAD is GET; files of pages are public.

    Raises KeyError where the table has none: a route under /api that nobody thought of is served to nobody.
    """
    method = "GET" if method == "HEAD" else method
    if method == "GET" and path.startswith(("/miniapp/", "/wallet/", "/admin/", "/api/docs/")):
        return PUBLIC
    return RULES[f"{method} {path}"]


class Access:
    """Holds an application's routes to their rules. `middleware` is to be the one after the errors'."""

    def __init__(
        self,
        *,
        guard: Guard,
        keys: KeyGuard,
        administration: Administration,
        limits: RateLimits,
        addresses: Addresses,
    ) -> None:
        self._guard = guard
        self._keys = keys
        self._administration = administration
        self._limits = limits
        self._addresses = addresses
        self._rules: dict[web.AbstractRoute, Rule] = {}

    def protect(self, app: web.Application) -> None:
        """Take up the rules of all routes, once they are there. Raises KeyError where one has none."""
        app.on_response_prepare.append(_tell_allowance)
        for route in app.router.routes():
            assert route.resource is not None
            self._rules[route] = rule_of(route.method, route.resource.canonical)

    def middleware(self) -> Middleware:
        """Return the middleware, which tells handlers who asks under CALLER."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            rule = self._rules.get(request.match_info.route, PUBLIC)  # else no such path or method: that is answered
            counts_as = rule.counts_as
            if counts_as is not None:  # before anything of it is read
                heed(request, self._limits.of_address(counts_as, self._addresses.of(request), rule.cost))
            caller = await self._caller(request, rule)
            if caller is not None:
                request[CALLER] = caller
                if counts_as is not None:
                    heed(request, self._limits.of_account(counts_as, caller.user, rule.cost, key=caller.key))
                if rule.who in (Who.ADMIN, Who.OPERATOR):
                    await self._admit_admin(caller, request, acts=rule.who is Who.ADMIN)
            return await handler(request)

        return admit

    async def _caller(self, request: web.Request, rule: Rule) -> Caller | None:
        """Return who asks, None where anybody may. Raises what says that they may not."""
        if rule.who is Who.ANYBODY:
            named = rule.by_name and hdrs.AUTHORIZATION in request.headers
            return await self._person(request) if named else None
        if KEY_HEADER in request.headers:
            return await self._program(request, rule)
        return await self._person(request)

    async def _person(self, request: web.Request) -> Caller:
        token = bearer(request)
        if request.body_exists:
            await request.read()  # first: whoever signs out while sending slowly is signed out
        claims = self._guard.known(token) or await self._guard.admit(token)
        return Caller(claims.user, claims.session)

    async def _admit_admin(self, caller: Caller, request: web.Request, *, acts: bool) -> None:
        """Raise NotAnAdmin for everybody else; keep what an administrator is about to do."""
        await self._administration.check(caller.user)
        if acts:
            await self._administration.log(caller.user, request.method, request.path, self._addresses.of(request))

    async def _program(self, request: web.Request, rule: Rule) -> Caller:
        if hdrs.AUTHORIZATION in request.headers or len(request.headers.getall(KEY_HEADER)) > 1:
            raise MalformedSignature(f"Send Authorization or {KEY_HEADER}, once: not both.")
        if rule.who is not Who.ACCOUNT or rule.scope is None:
            raise NeedsASession
        body = await request.read() if request.body_exists else b""
        signed = of_request(request.rel_url.raw_query_string, body)
        key = await self._keys.admit(request.headers[KEY_HEADER], signed, self._addresses.of(request))
        hold(key.scopes, rule.scope)
        return Caller(key.user_id, key=key.id)


def heed(request: web.Request, allowance: Allowance) -> None:
    """Have the answer tell this allowance. Raises LimitReached where there is none."""
    request[ALLOWANCE] = allowance
    allowance.check()


async def _tell_allowance(request: web.Request, response: web.StreamResponse) -> None:
    allowance = request.get(ALLOWANCE)
    if allowance is not None:
        headers = response.headers
        headers["RateLimit-Limit"] = str(allowance.limit)
        headers["RateLimit-Remaining"] = str(allowance.remaining)
        headers["RateLimit-Reset"] = str(allowance.full_s)
