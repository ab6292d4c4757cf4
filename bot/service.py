"""The bot, built and run. Telegram being away makes it wait; nothing of it ends the exchange."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from aiogram import Bot
from aiogram.client.session.middlewares.base import BaseRequestMiddleware
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter
from aiogram.types import BotCommand, Update
from msgspec import Struct

from bot.alarms import Alarms
from bot.alerts import Alerts
from bot.asks import WithdrawalAsks
from bot.bodies import Body
from bot.cards import Cards
from bot.chart.charts import Charts
from bot.chart.choices import ChosenThemes
from bot.conversations import Conversations
from bot.dispatcher import build_dispatcher
from bot.house import House
from bot.notices import Notices
from bot.outbox import Outbox
from bot.pace import Pace
from bot.people import People
from bot.purse import Purse
from bot.routers.start import Links
from bot.sending import Sender
from bot.session import REQUEST_S, Session
from bot.stores import Stores
from bot.summary import DailySummary
from bot.telling import Teller
from bot.texts import DEFAULT, LANGUAGES, Texts
from bot.trading import Trading
from bot.updates import Updates
from data.store.notices import NoticeRow
from engine.accounts.accounts import Accounts
from engine.core.types import Micros, UserId
from engine.ports import Clock
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy
from engine.withdrawals.withdrawals import Withdrawals

log = structlog.get_logger()

COMMANDS: Final = (
    "price",
    "chart",
    "buy",
    "sell",
    "orders",
    "cancel",
    "trades",
    "balance",
    "portfolio",
    "withdrawals",
    "deposit",
    "withdraw",
    "wallet",
    "limits",
    "alert",
    "alerts",
    "notify",
    "lang",
    "start",
    "help",
)
HEARD: Final = ("message", "callback_query", "inline_query")
POLL_S: Final = 25
LONGEST_PAUSE_S: Final = 30.0
GRACE_S: Final = 1.0  # for what is under way at a stop
CATCH_UP: Final = Micros(3_600 * 1_000_000)


class Webhook(Struct, frozen=True):
    """Where Telegram is to send updates, and the secret that comes with each."""

    url: str
    secret: str


class Service:
    """The bot. From before `prepare` to the end of `run`, `on_batch` and `notices.on_activity` are to hear of them."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str | None,
        links: Links,
        accounts: Accounts,
        trading: Trading,
        stores: Stores,
        withdrawals: Withdrawals,
        charts: Charts,
        themes: ChosenThemes,
        purse: Purse,
        house: House,
        clock: Clock,
        pace: Pace,
        alarms: Alarms,
        catch_up: Micros = CATCH_UP,
        webhook: Webhook | None = None,
        summary: DailySummary | None = None,
    ) -> None:
        """Build it. It asks for updates itself, or has them sent to a webhook, which passes them to `receive`."""
        self.pace = pace
        self._webhook = webhook
        answering = Session(api_url)
        answering.middleware(pace)
        self._bot = Bot(token, session=answering)
        self._telling_bot = Bot(token, session=Session(api_url))
        self._texts = Texts()
        self._accounts = accounts
        self._alarms = alarms
        self._summary = summary
        people = self._people = People(stores.chats, self._texts)
        self.outbox = Outbox(stores.notices, clock)
        self.sender = Sender(
            self._telling_bot,
            self.outbox,
            pace,
            accounts,
            people,
            stores.notifications,
            Teller(stores.queries, trading.markets, purse.wallet_links),
        )
        self.alerts = Alerts(stores.alerts, trading.market_data, trading.markets, clock, self._queue)
        self.notices = Notices(
            self.outbox, self.sender, stores, trading.assets, clock, self.alerts.on_missed, catch_up=catch_up
        )
        self.asks = WithdrawalAsks(self.notices, trading.assets)
        self.dispatcher = build_dispatcher(
            accounts=accounts,
            trading=trading,
            withdrawals=withdrawals,
            cards=Cards(stores.chats, trading.markets, clock),
            people=people,
            notifications=stores.notifications,
            notices=self.notices,
            links=links,
            conversations=Conversations(stores.chats, clock),
            alerts=self.alerts,
            alert_store=stores.alerts,
            charts=charts,
            themes=themes,
            purse=purse,
            house=house,
            texts=self._texts,
        )
        self.updates = Updates(self._bot, self.dispatcher, stores.chats, clock)

    def add_middleware(self, middleware: BaseRequestMiddleware) -> None:
        """Have everything that Telegram is asked go through a middleware, when its turn has come."""
        for bot in (self._bot, self._telling_bot):
            bot.session.middleware(middleware)

    async def prepare(self) -> None:
        """Take up where the last run stopped."""
        await _keep_trying("taking up", self._take_up)

    async def _take_up(self) -> None:
        await self.outbox.load()
        for user in self.outbox.waiting:
            self.sender.wake(user)
        await self.alerts.load()
        await self.notices.begin()

    def on_batch(self, batch: Batch) -> None:
        """Hear of a committed batch."""
        self.notices.on_batch(batch)
        try:
            self.alerts.on_batch(batch)
        except Exception:
            log.exception("alerts can't be looked at")  # trading goes on

    async def run(self) -> None:
        """Serve until cancelled; then finish what is under way, for a second at most."""
        loops = {
            "outbox": self.outbox.run,
            "notices": self.sender.run,
            "alarms": lambda: self._alarms.run(self._accounts, self._alarm),
            "alerts": self.alerts.run,
            "catching up": self.notices.catch_up,
        }
        if (summary := self._summary) is not None:
            loops["daily summary"] = lambda: summary.run(self._accounts, self._people, self.notices)
        tasks = [asyncio.create_task(_keep_trying(name, work), name=name) for name, work in loops.items()]
        try:
            await self._hear()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await asyncio.gather(self.updates.finish(GRACE_S), self.sender.finish(GRACE_S))
            await self.outbox.keep()
            await self._bot.session.close()
            await self._telling_bot.session.close()

    async def receive(self, body: bytes) -> None:
        """Take an update as Telegram sends it; return when it is kept. Raises Busy; what is no update is left out."""
        if self.updates.is_full:
            raise Busy
        try:
            update = Update.model_validate_json(body, context={"bot": self._bot})
        except ValueError:
            log.warning("what came as an update is none", size=len(body))
            return
        await self.updates.take([update])

    def _queue(self, notice: NoticeRow) -> None:
        """Let be told what is on disk already."""
        self.outbox.take(notice)
        self.sender.wake(notice.user)

    def _alarm(self, admin: UserId, subject: str, state: Body, rings: bool) -> None:
        self.notices.put(admin, f"alarm:{subject}", state, rings=rings)

    async def _hear(self) -> None:
        """Ask for updates, or have them sent, for ever."""
        offset, failures, known = None, 0, False
        while True:
            try:
                if not known:
                    await self._introduce()
                    known = True
                if self._webhook is not None:
                    await asyncio.Event().wait()
                found = await self._bot.get_updates(
                    offset=offset,
                    timeout=POLL_S,
                    allowed_updates=list(HEARD),
                    request_timeout=POLL_S + int(REQUEST_S),
                )
                await self.updates.take(found)
            except TelegramRetryAfter as told:
                await asyncio.sleep(told.retry_after)
                continue
            except Exception as error:  # of any kind: it is the only way to hear of Telegram again
                failures += 1
                pause = min(LONGEST_PAUSE_S, 2.0 ** min(failures, 10) / 4) * random.uniform(0.5, 1)  # noqa: S311
                log.warning("Telegram is not to be had", error=type(error).__name__, again_in_s=round(pause, 1))
                await asyncio.sleep(pause)
                continue
            failures = 0
            if found:
                offset = found[-1].update_id + 1

    async def _introduce(self) -> None:
        """Say how the bot will hear of updates, and what it understands."""
        me = await self._bot.me()
        if self._webhook is None:
            await self._bot.delete_webhook()
        else:
            secret = self._webhook.secret
            await self._bot.set_webhook(self._webhook.url, secret_token=secret, allowed_updates=list(HEARD))
        try:
            await self._list_commands()
        except TelegramAPIError as error:  # people can write to it all the same
            log.warning("the commands could not be listed", error=type(error).__name__)
        log.info("the bot listens", name=me.username)

    async def _list_commands(self) -> None:
        for language in LANGUAGES:
            say = self._texts.of(language)
            commands = [BotCommand(command=name, description=say(f"command.{name}")) for name in COMMANDS]
            await self._bot.set_my_commands(commands, language_code=None if language == DEFAULT else language)


async def _keep_trying(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Do it until it is done or cancelled; after an error, begin anew."""
    while True:
        try:
            await work()
            return
        except Exception:
            log.exception("a part of the bot has failed and begins anew", part=name)
        await asyncio.sleep(random.uniform(0.5, 1))  # noqa: S311
