"""The Telegram bot joined to the exchange. aiogram takes seconds to import, so this waits until the API is open."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from bot.alarms import Alarms
from clobster import limits
from clobster.bot_metrics import BotMetrics
from clobster.config import Settings
from clobster.identity import Identity
from clobster.probes import probes
from data.binance.health import FeedHealth
from data.store.queries import Queries
from data.store.store import Store
from data.store.summaries import SqlSummaries
from data.store.themes import SqlThemes
from engine.core.decimals import MarketDecimals
from engine.core.market import Asset
from engine.core.types import AssetCode, Micros, UserId
from engine.market_data.market_data import MarketData
from engine.market_data.valuation import Valuation
from engine.ports import Clock
from engine.sequencer.sequencer import Sequencer
from engine.withdrawals.withdrawals import Withdrawals
from webapp_api.limits import RequestClass
from webapp_api.portfolio import CURRENCY
from webapp_api.quoting import Quoting
from webapp_api.reconciling import Reconciling
from webapp_api.refusals import LimitReached
from webapp_api.routes.telegram import PATH, TelegramHook
from webapp_api.settling import Settling
from webapp_api.switching import MarketSwitch

if TYPE_CHECKING:
    from bot.purse import GiveAddress
    from bot.service import Service, Webhook
    from clobster.tracing.tracing import Tracing

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Telegram:
    """What the bot needs. `run` is a loop that talks to a remote: whatever becomes of it, trading goes on."""

    settings: Settings
    people: Identity
    sequencer: Sequencer
    queries: Queries
    market_data: MarketData
    markets: dict[str, MarketDecimals]
    assets: dict[str, Asset]
    withdrawals: Withdrawals
    clock: Clock
    alarms: Alarms
    store: Store
    hook: TelegramHook | None
    metrics: BotMetrics
    deposits: "GiveAddress | None"
    quoting: Quoting
    summaries: SqlSummaries
    themes: SqlThemes
    feed_health: Callable[[], list[FeedHealth]]
    settling: Settling
    reconciling: Reconciling
    tracing: "Tracing | None"

    @property
    def is_wanted(self) -> bool:
        """Say whether there is a bot to run: the token that development makes up is nobody's at Telegram."""
        return self.settings.bot_token is not None or self.settings.telegram_api_url is not None

    async def run(self) -> None:
        """Serve the bot until cancelled, where one is wanted."""
        if not self.is_wanted:
            log.info("no bot runs, as CLOBSTER_BOT_TOKEN is not set")
            return
        try:
            service = await asyncio.to_thread(self._build)
            self.metrics.watch(service)
            if self.tracing is not None:
                service.add_middleware(self.tracing.telegram())
            self.sequencer.listeners.append(service.on_batch)
            self.people.activity.listeners.append(service.notices.on_activity)
            self.withdrawals.asks = service.asks
            try:
                await service.prepare()
                if self.hook is not None:
                    self.hook.receive = service.receive
                await service.run()
            finally:
                self.withdrawals.asks = None
                if self.hook is not None:
                    self.hook.receive = None
                self.sequencer.listeners.remove(service.on_batch)
                self.people.activity.listeners.remove(service.notices.on_activity)
        except Exception:
            log.exception("the bot has ended; the exchange goes on without it")

    def _build(self) -> "Service":
        from bot.chart.charts import Charts
        from bot.chart.choices import ChosenThemes
        from bot.house import House
        from bot.pace import Pace
        from bot.purse import Allowance, Purse
        from bot.routers.start import Links
        from bot.service import Service
        from bot.stores import Stores
        from bot.summary import DailySummary
        from bot.trading import Trading

        valued = (each.market for each in self.markets.values())
        trading = Trading(
            sequencer=self.sequencer,
            queries=self.queries,
            market_data=self.market_data,
            valuation=Valuation(self.market_data, self.assets, valued, CURRENCY),
            markets=self.markets,
            assets=self.assets,
            clock=self.clock,
            count_read=self._count_read,
            count_order=lambda user: self.people.limits.spend_order(user, self.clock(), 1),
        )
        return Service(
            token=self.people.bot_token,
            api_url=self.settings.telegram_api_url,
            links=Links(self.settings.public_url, self.settings.mini_app_url),
            accounts=self.people.accounts,
            trading=trading,
            stores=Stores.of(self.store, self.queries),
            withdrawals=self.withdrawals,
            clock=self.clock,
            pace=Pace(),
            alarms=self.alarms,
            webhook=self._webhook(),
            catch_up=Micros(self.settings.telegram_catch_up_s * 1_000_000),
            themes=ChosenThemes(self.themes),
            charts=Charts(self.queries, self.markets, self.assets, self.clock),
            purse=Purse(
                give_address=self.deposits,
                wallets=self.people.wallets,
                wallet_links=self.people.wallet_links,
                site=self.people.site,
                network=self.people.site.chain,
                assets=tuple(AssetCode(code) for code in self.assets),
                allowances=tuple(
                    Allowance(what.value, f"{rate.per_s:g}", rate.burst)
                    for what, rate in limits.rates(self.settings).items()
                    if what is not RequestClass.LOG_IN
                ),
            ),
            house=House(
                self.people.administration,
                self.quoting,
                MarketSwitch(self.sequencer, self.markets, self.clock),
                probes(self.sequencer, self.feed_health, self.settling, self.reconciling),
                limits.of_the_exchange(self.settings),
            ),
            summary=DailySummary(
                self.summaries,
                self.settings.admins,
                self.settings.summary_hour,
                self.markets,
                self.assets,
                self.clock,
            ),
        )

    def _webhook(self) -> "Webhook | None":
        from bot.service import Webhook

        if self.hook is None:
            return None
        return Webhook(self.settings.public_url.rstrip("/") + PATH, self.hook.secret)

    def _count_read(self, user: UserId) -> None:
        allowance = self.people.limits.of_account(RequestClass.READ, user)
        if allowance.wait_s:
            raise LimitReached(retry_after=allowance.wait_s)
