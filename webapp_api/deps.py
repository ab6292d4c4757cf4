"""What the handlers work with, given once when the application is built."""

from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Middleware
from prometheus_client import CollectorRegistry

from data.binance.health import FeedHealth
from data.store.notifications import SqlNotifications
from data.store.queries import Queries
from engine.accounts.accounts import Accounts
from engine.accounts.administration import Administration
from engine.accounts.api_keys import ApiKeys
from engine.accounts.wallet_links import WalletLinks
from engine.accounts.wallets import Wallets
from engine.core.decimals import MarketDecimals
from engine.core.market import Asset
from engine.core.types import AssetCode, Atoms, UserId
from engine.custody.accounts import Depositable, DepositAccount
from engine.custody.arrivals import Arrival
from engine.market_data.market_data import MarketData
from engine.ports import Clock
from engine.sequencer.sequencer import Sequencer
from engine.solvency.snapshots import Solvency
from engine.withdrawals.withdrawals import Withdrawals
from webapp_api.addresses import Addresses
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.proofs import Proofs
from webapp_api.auth.siws import Site
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.explorer import Explorer
from webapp_api.exports import Exports
from webapp_api.limits import RateLimits
from webapp_api.portfolio import Portfolio
from webapp_api.quoting import Quoting
from webapp_api.reconciling import Reconciling
from webapp_api.routes.telegram import TelegramHook
from webapp_api.settling import Settling
from webapp_api.solvency import SolvencyViews
from webapp_api.statistics import Statistics
from webapp_api.stream.hub import Hub
from webapp_api.switching import MarketSwitch
from webapp_api.trading import Trading
from webapp_api.watched import Watched
from webapp_api.withdrawals import WithdrawalViews

DAY_S = 86_400

GiveAddress = Callable[[UserId, AssetCode, Hashable], Awaitable[tuple[DepositAccount, Depositable]]]
Arriving = Callable[[UserId, AssetCode, Hashable], Awaitable[list[Arrival]]]
Faucet = Callable[[UserId, Asset, Atoms], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """All that the HTTP edge needs.

    queries is asked for what is acted on, history for pages of what was, replica how who answers those is doing.
    markets is by symbol, assets by code. not_ready returns the reasons for which requests can't be served now,
    feed_health how each market of the feed is doing, watched what else is known of the exchange's health.
    telegram_key is the one with which Telegram itself must have signed launch data; None where the bot's will do.
    telegram_hook takes what Telegram tells the bot; None where the bot asks for it.
    deposits gives deposit addresses to people who ask from a neighbourhood, arriving what is on its way there; None
    where no deposits come by Solana. faucet mints play money to them and returns the deposit's reference once it is
    credited, None where play money is credited without a chain.
    texts are the bot's by language and key, of which the page takes what it says alike.
    tracing follows requests; it comes right after the middleware that gives each its id.
    dev_secret opens the development routes; None, as in production, means that there are none.
    """

    sequencer: Sequencer
    queries: Queries
    history: Queries
    accounts: Accounts
    administration: Administration
    wallets: Wallets
    wallet_links: WalletLinks
    notifications: SqlNotifications
    site: Site
    tokens: AccessTokens
    guard: Guard
    api_keys: ApiKeys
    keys: KeyGuard
    limits: RateLimits
    addresses: Addresses
    market_data: MarketData
    hub: Hub
    markets: Mapping[str, MarketDecimals]
    assets: Mapping[str, Asset]
    clock: Clock
    registry: CollectorRegistry
    not_ready: Callable[[], list[str]]
    quoting: Quoting
    withdrawals: Withdrawals
    explorer: Explorer
    settling: Settling
    reconciling: Reconciling
    solvency: Solvency
    feed_health: Callable[[], list[FeedHealth]] = list
    replica: Callable[[], Mapping[str, object] | None] = lambda: None
    watched: Callable[[], Watched] = Watched
    bot_token: str
    launch_data_life_s: int = DAY_S
    deposits: GiveAddress | None = None
    arriving: Arriving | None = None
    faucet: Faucet | None = None
    telegram_hook: TelegramHook | None = None
    dev_secret: str | None = None
    telegram_key: bytes | None = None
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    log_requests: bool = False
    tracing: Middleware | None = None
    metrics_token: str | None = None  # None: open to everybody; "": to nobody


DEPS = web.AppKey("deps", Deps)
TRADING = web.AppKey("trading", Trading)
SWITCH = web.AppKey("switch", MarketSwitch)
STATISTICS = web.AppKey("statistics", Statistics)
EXPORTS = web.AppKey("exports", Exports)
PROOFS = web.AppKey("proofs", Proofs)
PORTFOLIO = web.AppKey("portfolio", Portfolio)
SOLVENCY_VIEWS = web.AppKey("solvency_views", SolvencyViews)
WITHDRAWAL_VIEWS = web.AppKey("withdrawal_views", WithdrawalViews)
