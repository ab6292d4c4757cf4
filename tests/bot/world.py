"""A whole exchange with its bot, and a Telegram on loopback between the bot and people."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from bot.alarms import Alarms
from bot.chart.charts import Charts
from bot.chart.choices import ChosenThemes
from bot.house import House as Running
from bot.pace import Pace
from bot.purse import Allowance, GiveAddress, Purse
from bot.routers.start import Links
from bot.service import Service, Webhook
from bot.stores import Stores
from bot.trading import Trading
from clobster.probes import probes
from data.store.themes import SqlThemes
from engine.core.types import AssetCode, Micros, UserId
from engine.market_data.valuation import Valuation
from tests.simulators.telegram import PATIENCE_S, Person, Sent, Telegram, buttons, telegram
from tests.webapp_api.house import ADMIN, ASSETS, FREELY, MARKETS, House, open_house
from tests.webapp_api.launch import BOT_TOKEN
from webapp_api.limits import Rate, RequestClass
from webapp_api.refusals import LimitReached
from webapp_api.routes.telegram import PATH, TelegramHook
from webapp_api.switching import MarketSwitch

PAGE = "https://clobster.test"
OF_THE_EXCHANGE = ("withdrawals: 5 open at most", "quoting: 15 levels")
MINI_APP = "https://t.me/clobster_bot/app"
EDIT_S = 0.05  # between two changes of an alarm's message


class World:
    """What a test has: the exchange, Telegram, and the bot between them."""

    def __init__(self, house: House, api: Telegram, build: Callable[[], Service], alarms: Alarms) -> None:
        self.house = house
        self.alarms = alarms
        self.telegram = api
        self.service = build()
        self.task: asyncio.Task[None] | None = None
        self._build = build

    async def prepare(self) -> None:
        """Let the bot hear of what happens; `start` lets it speak."""
        self.house.deps.sequencer.listeners.append(self.service.on_batch)
        self.house.activity.listeners.append(self.service.notices.on_activity)
        await self.service.prepare()

    def start(self) -> None:
        """Start the bot."""
        self.task = asyncio.create_task(self.service.run())

    async def stop(self) -> None:
        """Stop it."""
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait([self.task])
            self.task = None

    async def reopen(self) -> None:
        """Start another bot in place of one that was stopped."""
        self.service = self._build()
        await self.prepare()
        self.start()

    async def restart(self, *, kill: bool = False) -> None:
        """Stop it and start another one, which knows what is on disk. One that is killed writes nothing down before."""
        if kill:
            self.service.outbox._store = Nowhere()  # type: ignore[assignment]
        self.deafen()
        await self.stop()
        await self.reopen()

    def deafen(self) -> None:
        """Let the bot hear nothing any more of what happens."""
        self.house.deps.sequencer.listeners.remove(self.service.on_batch)
        self.house.activity.listeners.remove(self.service.notices.on_activity)

    async def trader(self, telegram_id: int, name: str = "Ada", language: str = "en", **amounts: int) -> Person:
        """Return somebody who has an account with so much in it."""
        person = self.telegram.person(telegram_id, name, language)
        owner = await self.house.person(telegram_id)
        for asset, amount in amounts.items():
            assert owner.id is not None
            await self.house.deposit(owner.id, AssetCode(asset), amount)
        return person

    async def balances(self, telegram_id: int) -> dict[str, tuple[str, str]]:
        """Return what somebody has, as the API tells it: {asset: (available, held)}."""
        return await (await self.house.person(telegram_id)).balances()

    async def orders(self, telegram_id: int) -> int:
        """Return how many orders somebody has ever placed."""
        found = await (await self.house.person(telegram_id)).get("/api/trading/orders")
        return len(found.body["orders"])


@asynccontextmanager
async def open_world(
    template: Path,
    folder: Path,
    *,
    rates: Mapping[RequestClass, Rate] = FREELY,
    pace: Pace | None = None,
    starts: bool = True,
    ring_s: float = 60.0,
    tells_all: bool = False,
    catch_up_s: int = 3_600,
    patience_s: float = PATIENCE_S,
    hook: TelegramHook | None = None,
    deposits: GiveAddress | None = None,
) -> AsyncIterator[World]:
    """Open an exchange that quotes BTCUSDT at 60000 and 60010, with a bot.

    Deposits and sign-ins are told where tells_all says so: every test makes them.
    """
    async with open_house(template, folder, rates=rates, telegram_hook=hook) as house, telegram(BOT_TOKEN) as api:
        deps = house.deps
        api.patience_s = patience_s
        allowed = {what: rate for what, rate in rates.items() if what is not RequestClass.LOG_IN}

        def count_read(user: UserId) -> None:
            wait_s = deps.limits.of_account(RequestClass.READ, user).wait_s
            if wait_s:
                raise LimitReached(retry_after=wait_s)

        trading = Trading(
            sequencer=deps.sequencer,
            queries=deps.queries,
            market_data=deps.market_data,
            valuation=Valuation(
                deps.market_data, ASSETS, (each.market for each in MARKETS.values()), AssetCode("USDT")
            ),
            markets=MARKETS,
            assets=ASSETS,
            clock=house.clock,
            count_read=count_read,
            count_order=lambda user: deps.limits.spend_order(user, house.clock(), 1),
        )
        alarms = Alarms(frozenset({ADMIN}), edit_s=EDIT_S, ring_s=ring_s)

        def build() -> Service:
            service = Service(
                token=BOT_TOKEN,
                api_url=api.url,
                links=Links(PAGE, MINI_APP),
                accounts=deps.accounts,
                trading=trading,
                stores=Stores.of(house.store, deps.queries),
                clock=house.clock,
                pace=pace or Pace(chat_s=0.01),
                withdrawals=deps.withdrawals,
                themes=ChosenThemes(SqlThemes(house.store, deps.queries)),
                charts=Charts(deps.queries, MARKETS, ASSETS, house.clock),
                purse=Purse(
                    deposits,
                    deps.wallets,
                    deps.wallet_links,
                    deps.site,
                    "devnet",
                    tuple(ASSETS),
                    tuple(Allowance(what.value, f"{rate.per_s:g}", rate.burst) for what, rate in allowed.items()),
                ),
                house=Running(
                    deps.administration,
                    deps.quoting,
                    MarketSwitch(deps.sequencer, deps.markets, deps.clock),
                    probes(deps.sequencer, deps.feed_health, deps.settling, deps.reconciling),
                    OF_THE_EXCHANGE,
                ),
                alarms=alarms,
                catch_up=Micros(catch_up_s * 1_000_000),
                webhook=None if hook is None else Webhook(house.url.rstrip("/") + PATH, hook.secret),
            )
            if hook is not None:
                hook.receive = service.receive
            if not tells_all:
                service.notices._deposit = service.notices._activity = lambda _: None  # type: ignore[method-assign]
            return service

        await house.quote({"60000": "2", "59990": "5"}, {"60010": "2", "60020": "5"})
        world = World(house, api, build, alarms)
        await world.prepare()
        if starts:
            world.start()
        try:
            yield world
        finally:
            await world.stop()


def labels(message: Sent) -> list[str]:
    """Return what a message's buttons say."""
    return [each["text"] for each in buttons(message)]


class Nowhere:
    """The disk of a process that was killed: nothing is written any more."""

    async def keep(self, *_: object) -> None:
        """Write nothing, as nobody waits for it any more."""
