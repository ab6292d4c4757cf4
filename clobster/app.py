"""All construction: who is given what. Nothing else in the program joins the parts."""

import secrets
import time
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from bot.alarms import Alarms
from bot.texts import Texts
from clobster import identity, leading, limits, markets, tracing, withdrawing
from clobster.batch_log import log_batch
from clobster.books import opening
from clobster.bot_metrics import BotMetrics
from clobster.config import ConfigError, Settings
from clobster.custody import Custody
from clobster.liquidity import hedge_settings, maker_settings
from clobster.market_making import MarketMaking
from clobster.markets import Listing
from clobster.metrics import EngineMetrics, ReplicaMetrics, WithdrawalMetrics
from clobster.reconciling import ReconcilingOnSolana
from clobster.settling import SettlementOnSolana
from clobster.solvency import SolvencyOnSolana
from clobster.telegram import Telegram
from clobster.watching import Watch
from clobster.withdrawing import PayingOut
from data.store import candles
from data.store.deposit_accounts import SqlDepositAccounts
from data.store.ledger_check import unbalanced
from data.store.liquidity import SqlMakerStore
from data.store.notifications import SqlNotifications
from data.store.queries import Queries
from data.store.readers import Readers
from data.store.reference import SqlReference
from data.store.store import Store
from data.store.summaries import SqlSummaries
from data.store.themes import SqlThemes
from engine.core.decimals import MarketDecimals
from engine.core.exchange import Exchange
from engine.core.market import Asset
from engine.core.types import Micros, Symbol
from engine.custody.accounts import PLAY_MONEY
from engine.market_data.intervals import DAY, MINUTE
from engine.market_data.market_data import RECENT_TRADES, MarketData
from engine.market_data.valuation import Valuation
from engine.sequencer.sequencer import Sequencer
from engine.withdrawals.payouts import Payouts
from webapp_api.app import build_app
from webapp_api.auth.siws import Chain
from webapp_api.deps import Deps
from webapp_api.explorer import Explorer
from webapp_api.portfolio import CURRENCY
from webapp_api.routes.telegram import TelegramHook
from webapp_api.settling import Settling
from webapp_api.stream.hub import Hub

log = structlog.get_logger()


def now() -> Micros:
    """Return the wall clock's time."""
    return Micros(time.time_ns() // 1_000)


CHAINS: Final[Mapping[str, Chain]] = {"development": "localnet", "staging": "devnet", "production": "mainnet"}
STOP_S: Final = 5.0  # for requests that are under way at a stop


@dataclass(frozen=True, slots=True)
class House:
    """A whole exchange, built and recovered; `lifecycle` runs its loops."""

    settings: Settings
    listing: Listing
    store: Store
    exchange: Exchange
    sequencer: Sequencer
    market_making: MarketMaking
    custody: Custody | None
    payouts: Payouts
    hub: Hub
    web: web.AppRunner
    telegram: Telegram
    watch: Watch


async def build(settings: Settings, stack: AsyncExitStack) -> House:
    """Open the books, recover the exchange and build everything on it; the stack closes it. Raises ConfigError."""
    traces = tracing.begin(settings, stack)  # first, so that it ends last
    listing = markets.load()
    for read in (maker_settings, hedge_settings, withdrawing.rules):
        read(settings, listing)  # what is wrong is said before anything is opened
    with opening(settings.database):
        store, queries, history = await leading.open_books(settings, stack)
        snapshot = await store.take_lead()
    if settings.env == "production" and any(reference.startswith(PLAY_MONEY) for reference in snapshot.deposits):
        raise ConfigError("the database has play money of development in it: name another in CLOBSTER_DATABASE_URL")
    exchange = Exchange()
    exchange.restore(snapshot)
    _, _, resting = exchange.drain()
    sequencer = (traces.sequencer if traces else Sequencer)(exchange, store, snapshot, now)

    # What was listed once stays: people may have orders there, though nobody quotes it any more.
    assets: dict[str, Asset] = {asset.code: asset for asset in (*snapshot.assets, *listing.assets)}
    known = {market.symbol: market for market in (*snapshot.markets, *listing.markets)}
    decimals: dict[str, MarketDecimals] = {
        symbol: MarketDecimals(market, assets[market.base], assets[market.quote]) for symbol, market in known.items()
    }
    market_data = MarketData(known, now, first_seq=now() // 1000)
    market_data.restore_levels(resting)
    market_data.restore_states(snapshot.markets)
    await _restore_trades(market_data, queries, known)

    people = await identity.build(settings, store, queries, now, stack)
    valuation = Valuation(market_data, assets, known.values(), CURRENCY)
    withdrawals = withdrawing.build(settings, listing, store, queries, sequencer, assets, valuation, now)
    payouts = Payouts(withdrawals, sequencer, now)
    registry = CollectorRegistry()
    if settings.replica is not None:
        from data.store.replica import History

        assert isinstance(history, History)
        registry.register(ReplicaMetrics(history))
    alarms = Alarms(settings.admins)
    reading = await Readers.open(settings.database, 1)
    stack.push_async_callback(reading.close)
    reconciling = ReconcilingOnSolana(settings, store, queries, reading, assets, now)
    reconciling.tell(alarms)
    await reconciling.stop.load()  # before anything is withdrawn
    solvency = SolvencyOnSolana(settings, store, reading, now)
    await solvency.solvency.load()
    custody, settling = None, Settling(is_on=settings.solana != "off")
    if settings.solana != "off":
        accounts = SqlDepositAccounts(store, queries)
        on_solana = SettlementOnSolana(settings, listing, store, queries, now, settling)
        if traces is not None:
            on_solana.listeners.append(traces.settlement.on_batch)
        paying_out = PayingOut(withdrawals, payouts, lambda: reconciling.stop.is_on)
        custody = Custody(
            settings, listing, sequencer, accounts, queries, on_solana, paying_out, reconciling, solvency, now
        )
        for each in (custody.metrics, on_solana.metrics, WithdrawalMetrics(payouts), reconciling.metrics):
            registry.register(each)
    explorer = Explorer(people.site.chain, lambda: custody.localnet_url if custody else None)
    hub = Hub(
        sequencer=sequencer,
        queries=queries,
        accounts=people.accounts,
        guard=people.guard,
        api_keys=people.api_keys,
        keys=people.keys,
        rates=people.limits,
        addresses=people.addresses,
        market_data=market_data,
        markets=decimals,
        assets=assets,
        clock=now,
        withdrawals=withdrawals,
        explorer=explorer,
        public_url=settings.public_url,
        sockets_per_address=limits.sockets(settings),
    )
    sequencer.listeners += [market_data.on_batch, hub.on_batch]
    if settings.log_level == "debug":
        sequencer.listeners.append(log_batch)
    people.activity.listeners.append(hub.on_activity)
    settling.fill_listeners.append(hub.on_settlement)
    maker_store, reference = SqlMakerStore(store, queries), SqlReference(store, queries)
    market_making = MarketMaking(settings, listing, exchange, sequencer, market_data, maker_store, reference, now)
    market_making.alarms.append(alarms.on_quoting)
    waiting = {"inbox": lambda: sequencer.waiting, "writes": lambda: store.waiting, "reads": lambda: queries.waiting}
    watch = Watch(sequencer, partial(unbalanced, queries), waiting)
    # Telegram is told a new secret at each start: nothing has to keep one.
    hook = TelegramHook(secrets.token_urlsafe(32)) if settings.telegram_updates == "webhook" else None
    bot_metrics = BotMetrics()
    for collector in (
        EngineMetrics(sequencer, exchange),
        watch,
        hub.metrics,
        people.limits,
        bot_metrics,
        *market_making.metrics,
    ):
        registry.register(collector)
    app = build_app(
        Deps(
            sequencer=sequencer,
            queries=queries,
            history=history,
            replica=history.health,
            accounts=people.accounts,
            administration=people.administration,
            wallets=people.wallets,
            wallet_links=people.wallet_links,
            notifications=SqlNotifications(store, queries),
            site=people.site,
            tokens=people.tokens,
            guard=people.guard,
            api_keys=people.api_keys,
            keys=people.keys,
            limits=people.limits,
            addresses=people.addresses,
            market_data=market_data,
            hub=hub,
            markets=decimals,
            assets=assets,
            clock=now,
            registry=registry,
            not_ready=watch.not_ready,
            quoting=market_making.quoting,
            withdrawals=withdrawals,
            explorer=explorer,
            settling=settling,
            reconciling=reconciling.shown,
            solvency=solvency.solvency,
            feed_health=market_making.followed.health,
            watched=lambda: watch.seen(payouts, bot_metrics),
            bot_token=people.bot_token,
            telegram_key=people.telegram_key,
            telegram_hook=hook,
            log_requests=settings.log_level == "debug",
            tracing=traces.middleware() if traces else None,
            metrics_token=_metrics_token(settings),
            launch_data_life_s=settings.init_data_max_age_s,
            deposits=custody.address if custody else None,
            arriving=custody.arriving if custody else None,
            faucet=custody.fund if custody else None,
            texts=Texts().all,
            dev_secret=None if settings.solana == "rpc" else people.dev_secret,  # no play money beside a cluster's
        )
    )
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=STOP_S)
    telegram = Telegram(
        settings=settings,
        people=people,
        sequencer=sequencer,
        queries=queries,
        market_data=market_data,
        markets=decimals,
        assets=assets,
        withdrawals=withdrawals,
        clock=now,
        alarms=alarms,
        store=store,
        hook=hook,
        metrics=bot_metrics,
        deposits=custody.address if custody else None,
        quoting=market_making.quoting,
        feed_health=market_making.followed.health,
        settling=settling,
        reconciling=reconciling.shown,
        summaries=SqlSummaries(store, queries),
        themes=SqlThemes(store, queries),
        tracing=traces,
    )
    return House(
        settings, listing, store, exchange, sequencer, market_making, custody, payouts, hub, runner, telegram, watch
    )


def _metrics_token(settings: Settings) -> str | None:
    """Return what opens /metrics: without a token it is closed where there may be customers."""
    if settings.metrics_token is not None:
        return settings.metrics_token.get_secret_value()
    return None if settings.env == "development" else ""


async def _restore_trades(market_data: MarketData, queries: Queries, symbols: Iterable[Symbol]) -> None:
    since = Micros(now() - DAY + MINUTE)
    for symbol in symbols:
        recent = await queries.trades(symbol, limit=RECENT_TRADES)
        market_data.restore_trades(symbol, reversed(recent.items))
        market_data.restore_candles(symbol, *await candles.newest(queries, symbol, since))
