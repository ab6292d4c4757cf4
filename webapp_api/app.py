"""The whole HTTP application: routes, the middlewares, and nothing that lives longer than it."""

from aiohttp import web

from webapp_api import wire
from webapp_api.auth.access import Access
from webapp_api.auth.proofs import Proofs
from webapp_api.deps import (
    DEPS,
    EXPORTS,
    PORTFOLIO,
    PROOFS,
    SOLVENCY_VIEWS,
    STATISTICS,
    SWITCH,
    TRADING,
    WITHDRAWAL_VIEWS,
    Deps,
)
from webapp_api.errors import error_middleware
from webapp_api.exports import Exports
from webapp_api.portfolio import Portfolio
from webapp_api.request_log import request_log
from webapp_api.routes import (
    admin,
    admin_withdrawals,
    api_keys,
    auth,
    dev,
    docs,
    health,
    markets,
    page,
    portfolio,
    solvency,
    telegram,
    trading,
    udf,
    wallet_links,
    wallets,
    withdrawals,
)
from webapp_api.solvency import SolvencyViews
from webapp_api.statistics import Statistics
from webapp_api.switching import MarketSwitch
from webapp_api.trading import Trading
from webapp_api.withdrawals import WithdrawalViews


def build_app(deps: Deps) -> web.Application:
    """Return the application. It starts and stops nothing of `deps`: who built that, ends it."""
    access = access_of(deps)
    middlewares = [request_log(loud=deps.log_requests), error_middleware(deps.assets), access.middleware()]
    if deps.tracing is not None:
        middlewares.insert(1, deps.tracing)
    app = web.Application(middlewares=middlewares, client_max_size=wire.MAX_BODY)
    app[DEPS] = deps
    app[TRADING] = Trading(
        deps.sequencer, deps.queries, deps.history, deps.markets, deps.clock, deps.assets, deps.explorer
    )
    app[SWITCH] = MarketSwitch(deps.sequencer, deps.markets, deps.clock)
    app[EXPORTS] = Exports()
    app[STATISTICS] = Statistics(deps.market_data, deps.history, deps.markets, deps.assets, deps.clock)
    app[PORTFOLIO] = Portfolio(deps.queries, deps.history, deps.market_data, deps.assets, deps.markets, deps.explorer)
    app[WITHDRAWAL_VIEWS] = WithdrawalViews(deps.withdrawals, deps.assets, deps.explorer)
    app[SOLVENCY_VIEWS] = SolvencyViews(deps.solvency, deps.assets, deps.explorer)
    app[PROOFS] = Proofs(deps.wallets, deps.site, deps.clock)
    for resource in (trading, markets, udf, portfolio, withdrawals, auth, wallets, wallet_links, api_keys, health):
        app.add_routes(resource.routes)
    for resource in (solvency, admin, admin_withdrawals):
        app.add_routes(resource.routes)
    app.add_routes(page.routes(deps.texts, chain=deps.site.chain, demo=deps.dev_secret is not None))
    app.add_routes(docs.routes())
    if deps.telegram_hook is not None:
        app.add_routes(telegram.routes(deps.telegram_hook))
    if deps.dev_secret is not None:
        app.add_routes(dev.routes(deps.dev_secret))
    app.router.add_get("/api/ws", deps.hub.handle, allow_head=False)
    access.protect(app)
    return app


def access_of(deps: Deps) -> Access:
    """Return what holds an application's routes to their rules."""
    return Access(
        guard=deps.guard,
        keys=deps.keys,
        administration=deps.administration,
        limits=deps.limits,
        addresses=deps.addresses,
    )
