"""All construction: who is given what. Nothing else in the program joins the parts."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from prometheus_client import CollectorRegistry

from clobster import data_dir, markets
from clobster.config import ConfigError, Settings
from clobster.markets import Listing
from clobster.metrics import EngineMetrics, FeedMetrics
from data.binance.feed import Followed, choose_feed
from data.binance.live import BinanceFeed
from data.binance.recorded import RecordedFeed
from data.store import candles
from data.store.accounts import SqliteAccounts
from data.store.migrate import SchemaMismatch, check, sqlite_url, upgrade
from data.store.queries import Queries
from data.store.sqlite import SqliteStore
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.administration import Administration
from engine.core.decimals import MarketDecimals
from engine.core.exchange import Exchange
from engine.core.market import Asset
from engine.core.types import MARKET_MAKER, Micros, Symbol
from engine.liquidity.maker import MakerSettings, MarketMaker
from engine.market_data.intervals import DAY, MINUTE
from engine.market_data.market_data import RECENT_TRADES, MarketData
from engine.ports import ExternalBook, Feed
from engine.sequencer.sequencer import Sequencer
from webapp_api.app import build_app
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.deps import Deps
from webapp_api.stream.hub import Hub


def now() -> Micros:
    """Return the wall clock's time."""
    return Micros(time.time_ns() // 1_000)


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
    followed: Followed
    hub: Hub
    web: web.AppRunner

    async def feed(self) -> Feed:
        """Return the feed that the settings ask for; finding out may take seconds."""
        feed = await _feed(self.settings, [market.symbol for market in self.listing.markets], self.market_data)
        if not isinstance(feed, NoFeed):
            self.followed.feed = feed
        return feed

    def market_maker(self, feed: Feed) -> MarketMaker:
        """Return the market maker on a feed."""
        listing = self.listing
        # As of now, and not of the start: the first start has funded it since. Later changes it hears of by itself.
        funds = [balance.changed() for balance in self.exchange.state.ledger if balance.owner == MARKET_MAKER]
        return MarketMaker(self.sequencer, feed, listing.assets, listing.markets, funds, now, MakerSettings())


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
    bot_token, jwt_secret, dev_secret = _secrets(settings)
    tokens = AccessTokens(jwt_secret.encode(), now)
    guard = Guard(tokens, accounts, now)
    hub = Hub(
        sequencer=sequencer,
        queries=queries,
        accounts=accounts,
        guard=guard,
        market_data=market_data,
        markets=decimals,
        assets=assets,
        clock=now,
        public_url=settings.public_url,
    )
    sequencer.listeners += [market_data.on_batch, hub.on_batch]
    registry = CollectorRegistry()
    registry.register(EngineMetrics(sequencer, exchange))
    registry.register(hub.metrics)
    followed = Followed()
    registry.register(FeedMetrics(followed.health))
    app = build_app(
        Deps(
            sequencer=sequencer,
            queries=queries,
            accounts=accounts,
            administration=Administration(people, settings.admins, now),
            tokens=tokens,
            guard=guard,
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
    return House(settings, listing, exchange, sequencer, market_data, followed, hub, runner)


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


def _secrets(settings: Settings) -> tuple[str, str, str | None]:
    """Return the bot's token, the secret of access tokens and, in development, what opens its routes."""
    bot_token = settings.bot_token.get_secret_value() if settings.bot_token else None
    jwt_secret = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    if settings.env != "development":
        assert bot_token is not None
        assert jwt_secret is not None
        return bot_token, jwt_secret, None
    own = data_dir.own_secrets(settings.data_dir)
    return bot_token or own.bot_token, jwt_secret or own.jwt_secret, own.dev_secret
