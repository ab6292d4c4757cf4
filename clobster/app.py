"""All construction: who is given what. Nothing else in the program joins the parts."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from clobster import data_dir, limits, markets
from clobster.config import ConfigError, Settings
from clobster.liquidity import hedge_settings, maker_settings
from clobster.markets import Listing
from clobster.metrics import EngineMetrics, FeedMetrics, MakerMetrics
from data.binance.feed import Followed, choose_feed
from data.binance.history import History
from data.binance.live import BinanceFeed
from data.binance.recorded import RecordedFeed
from data.store import candles
from data.store.accounts import SqliteAccounts
from data.store.api_keys import SqliteApiKeys
from data.store.liquidity import SqliteMakerStore
from data.store.migrate import SchemaMismatch, check, sqlite_url, upgrade
from data.store.queries import Queries
from data.store.reference import SqliteReference
from data.store.sqlite import SqliteStore
from data.store.wallet_links import SqliteWalletLinks
from data.store.wallets import SqliteWallets
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.administration import Administration
from engine.accounts.api_keys import ApiKeys
from engine.accounts.last_use import LastUse
from engine.accounts.wallet_links import WalletLinks
from engine.accounts.wallets import Wallets
from engine.core.decimals import MarketDecimals
from engine.core.exchange import Exchange
from engine.core.market import Asset
from engine.core.types import MARKET_MAKER, Micros, Symbol, TradeId
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import Pair
from engine.liquidity.hedger import Hedging
from engine.liquidity.maker import MarketMaker
from engine.market_data.intervals import DAY, MINUTE
from engine.market_data.market_data import RECENT_TRADES, MarketData
from engine.ports import ExternalBook, Feed
from engine.sequencer.sequencer import Sequencer
from webapp_api.addresses import Addresses, parse_networks
from webapp_api.app import build_app
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.keys import KeyRing, TokenKey
from webapp_api.auth.sealing import Seal
from webapp_api.auth.siws import Chain, Site
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.deps import Deps
from webapp_api.limits import RateLimits
from webapp_api.stream.hub import Hub

log = structlog.get_logger()


def now() -> Micros:
    """Return the wall clock's time."""
    return Micros(time.time_ns() // 1_000)


CHAINS: Final[Mapping[str, Chain]] = {"development": "localnet", "staging": "devnet", "production": "mainnet"}
STOP_S: Final = 5.0  # for requests that are under way at a stop


class NoFeed:
    """The feed where none is wanted: not one book."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()
        self._books: tuple[ExternalBook, ...] = ()

    async def books(self) -> AsyncIterator[ExternalBook]:
        """Yield nothing until closed."""
        await self._closed.wait()
        for book in self._books:
            yield book

    async def close(self) -> None:
        """End `books`."""
        self._closed.set()


@dataclass(frozen=True, slots=True)
class House:
    """A whole exchange, built and recovered; `lifecycle` runs its loops."""

    settings: Settings
    listing: Listing
    exchange: Exchange
    sequencer: Sequencer
    market_data: MarketData
    reference: SqliteReference
    followed: Followed
    hub: Hub
    web: web.AppRunner
    maker_store: SqliteMakerStore
    maker_metrics: MakerMetrics

    async def feed(self) -> Feed:
        """Return the feed that the settings ask for; finding out may take seconds."""
        feed = await _feed(self.settings, [market.symbol for market in self.listing.markets], self.market_data)
        if not isinstance(feed, NoFeed):
            self.followed.feed = feed
        return feed

    async def market_maker(self, feed: Feed) -> tuple[MarketMaker, Hedging | None]:
        """Return the market maker on a feed, and what hedges it.

        Call it once the markets are listed and nobody quotes them.
        """
        listing, store, state = self.listing, self.maker_store, self.exchange.state
        assets = {asset.code: asset for asset in listing.assets}
        pairs = [Pair(market, assets[market.base], assets[market.quote]) for market in listing.markets]
        # As of now, and not of the start: the first start has funded it since. Later changes it hears of by itself.
        books = await Bookkeeper.open(store, pairs, TradeId(state.next_trade - 1))
        stopped = await store.stopped()
        funds = [balance.changed() for balance in state.ledger if balance.owner == MARKET_MAKER]
        quoting, hedge = maker_settings(self.settings, listing), hedge_settings(self.settings, listing)
        maker = MarketMaker(self.sequencer, feed, books, store, funds, stopped, now, quoting)
        hedging = Hedging(maker, books, store, None, quoting.inventory, now, hedge) if hedge.mode != "off" else None
        self.maker_metrics.watch(maker, hedging)
        return maker, hedging

    def history(self) -> History:
        """Return what fills charts of the time before the first trades, where Binance is the feed."""
        assets = {asset.code: asset for asset in self.listing.assets}
        markets = [(market, assets[market.base], assets[market.quote]) for market in self.listing.markets]
        return History(markets, self.reference, now, rest_url=self.settings.binance_rest_url)


async def _feed(
    settings: Settings, symbols: list[Symbol], market_data: MarketData
) -> BinanceFeed | RecordedFeed | NoFeed:
    rest_url, stream_url, on_price = settings.binance_rest_url, settings.binance_stream_url, market_data.on_reference
    match settings.feed:
        case "binance":
            return BinanceFeed(symbols, now, rest_url=rest_url, stream_url=stream_url, on_price=on_price)
        case "recorded":
            return RecordedFeed(symbols, now, on_price=on_price)
        case "off":
            return NoFeed()
        case "auto":
            return await choose_feed(symbols, now, rest_url=rest_url, stream_url=stream_url, on_price=on_price)


async def build(settings: Settings, stack: AsyncExitStack) -> House:
    """Open the books, recover the exchange and build everything on it; the stack closes it. Raises ConfigError."""
    listing = markets.load()
    for read in (maker_settings, hedge_settings):
        read(settings, listing)  # what is wrong is said before anything is opened
    store, queries = await _open_books(settings, stack)
    snapshot = await store.take_lead()
    exchange = Exchange()
    exchange.restore(snapshot)
    _, _, resting = exchange.drain()
    sequencer = Sequencer(exchange, store, snapshot, now)

    # What was listed once stays: people may have orders there, though nobody quotes it any more.
    assets: dict[str, Asset] = {asset.code: asset for asset in (*snapshot.assets, *listing.assets)}
    known = {market.symbol: market for market in (*snapshot.markets, *listing.markets)}
    decimals: dict[str, MarketDecimals] = {
        symbol: MarketDecimals(market, assets[market.base], assets[market.quote]) for symbol, market in known.items()
    }
    market_data = MarketData(known, now, first_seq=now() // 1000)
    market_data.restore_levels(resting)
    await _restore_trades(market_data, queries, known)

    activity, people = ActivityFeed(), SqliteAccounts(store, queries)
    accounts = Accounts(people, activity, now)
    bot_token, token_keys, dev_secret = _secrets(settings)
    tokens = AccessTokens(token_keys, now)
    guard = Guard(tokens, accounts, now)
    key_store = SqliteApiKeys(store, queries)
    api_keys = ApiKeys(key_store, _seal(settings), activity, now)
    if settings.encryption_key_previous is not None:
        done, lost = await api_keys.seal_anew()
        log.info("secrets of API keys were sealed anew", done=done, lost=lost)
    last_use = LastUse(key_store)
    stack.push_async_callback(last_use.close)
    keys = KeyGuard(api_keys, last_use, now)
    rates = RateLimits(limits.rates(settings), settings.limit_address_factor, now)
    addresses = Addresses(parse_networks(settings.trusted_proxies))
    hub = Hub(
        sequencer=sequencer,
        queries=queries,
        accounts=accounts,
        guard=guard,
        api_keys=api_keys,
        keys=keys,
        rates=rates,
        addresses=addresses,
        market_data=market_data,
        markets=decimals,
        assets=assets,
        clock=now,
        public_url=settings.public_url,
    )
    sequencer.listeners += [market_data.on_batch, hub.on_batch]
    activity.listeners.append(hub.on_activity)
    registry = CollectorRegistry()
    registry.register(EngineMetrics(sequencer, exchange))
    registry.register(hub.metrics)
    registry.register(rates)
    maker_metrics = MakerMetrics()
    registry.register(maker_metrics)
    followed = Followed()
    registry.register(FeedMetrics(followed.health))
    app = build_app(
        Deps(
            sequencer=sequencer,
            queries=queries,
            accounts=accounts,
            administration=Administration(people, settings.admins, now),
            wallets=Wallets(SqliteWallets(store, queries), accounts, activity, now),
            wallet_links=WalletLinks(SqliteWalletLinks(store, queries), activity, now),
            site=Site(settings.public_url.rstrip("/"), CHAINS[settings.env], settings.mini_app_url),
            tokens=tokens,
            guard=guard,
            api_keys=api_keys,
            keys=keys,
            limits=rates,
            addresses=addresses,
            market_data=market_data,
            hub=hub,
            markets=decimals,
            assets=assets,
            clock=now,
            registry=registry,
            not_ready=lambda: [] if sequencer.running else ["the writer does not run"],
            feed_health=followed.health,
            bot_token=bot_token,
            launch_data_life_s=settings.init_data_max_age_s,
            dev_secret=dev_secret,
        )
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_S)
    reference, maker_store = SqliteReference(store, queries), SqliteMakerStore(store, queries)
    return House(
        settings,
        listing,
        exchange,
        sequencer,
        market_data,
        reference,
        followed,
        hub,
        runner,
        maker_store,
        maker_metrics,
    )


async def _open_books(settings: Settings, stack: AsyncExitStack) -> tuple[SqliteStore, Queries]:
    path = settings.database_path
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # In production the schema is changed by `clobster migrate`, by a person, with a backup.
        await asyncio.to_thread(upgrade if settings.env == "development" else check, sqlite_url(path))
    except SchemaMismatch as mismatch:
        raise ConfigError(str(mismatch)) from None
    store = await SqliteStore.open(path)
    stack.push_async_callback(store.close)
    queries = await Queries.open(path)
    stack.push_async_callback(queries.close)
    return store, queries


async def _restore_trades(market_data: MarketData, queries: Queries, symbols: Iterable[Symbol]) -> None:
    since = Micros(now() - DAY + MINUTE)
    for symbol in symbols:
        recent = await queries.trades(symbol, limit=RECENT_TRADES)
        market_data.restore_trades(symbol, reversed(recent.items))
        market_data.restore_candles(symbol, *await candles.newest(queries, symbol, since))


def _secrets(settings: Settings) -> tuple[str, KeyRing, str | None]:
    """Return the bot's token, the keys of access tokens and, in development, what opens its routes."""
    bot_token = settings.bot_token.get_secret_value() if settings.bot_token else None
    jwt_secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    algorithm, previous = settings.jwt_algorithm, settings.jwt_secret_previous
    before = [TokenKey.of(previous.get_secret_value(), algorithm)] if previous else []
    if settings.env != "development":
        assert bot_token is not None
        assert jwt_secret is not None
        return bot_token, KeyRing(TokenKey.of(jwt_secret, algorithm), *before), None
    own = data_dir.own_secrets(settings.data_dir)
    current = TokenKey.of(jwt_secret, algorithm) if jwt_secret else TokenKey.derived(own.jwt_secret, algorithm)
    return bot_token or own.bot_token, KeyRing(current, *before), own.dev_secret


def _seal(settings: Settings) -> Seal:
    """Return what seals secrets in the database. Raises ConfigError."""
    current = settings.encryption_key.get_secret_value() if settings.encryption_key else None
    if current is None:
        assert settings.env == "development"
        current = data_dir.own_secrets(settings.data_dir).encryption_key
    previous = settings.encryption_key_previous
    try:
        return Seal(current, previous.get_secret_value() if previous else None)
    except ValueError as wrong:
        raise ConfigError(f"CLOBSTER_ENCRYPTION_KEY_PREVIOUS: {wrong}") from None
