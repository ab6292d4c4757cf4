"""The bot, built and run. Telegram being away makes it wait; nothing of it ends the exchange."""

import asyncio
import random
from typing import Final

import structlog
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError, TelegramRetryAfter
from aiogram.types import BotCommand, Update

from bot.alarms import Alarms, State
from bot.asks import WithdrawalAsks
from bot.cards import Cards
from bot.chart.charts import Charts
from bot.chart.choices import ChosenThemes
from bot.guards import Answering, OnlyOnce
from bot.house import House
from bot.languages import Languages
from bot.notices import Notice, Notices
from bot.pace import Pace
from bot.purse import Purse
from bot.routers.account import account_router
from bot.routers.charts import chart_buttons_router, charts_router
from bot.routers.house import house_router
from bot.routers.inline import inline_router
from bot.routers.orders import orders_router
from bot.routers.public import public_router, silent_router
from bot.routers.purse import purse_router
from bot.routers.rest import rest_router
from bot.routers.start import Links, start_router
from bot.routers.withdrawals import withdrawals_router
from bot.summary import DailySummary
from bot.texts import DEFAULT, LANGUAGES, Texts
from bot.trading import Trading
from engine.accounts.accounts import Accounts
from engine.core.types import UserId
from engine.ports import Clock
from engine.withdrawals.withdrawals import Withdrawals

log = structlog.get_logger()

TELEGRAM: Final = "https://api.telegram.org"
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
    "lang",
    "start",
    "help",
)
HEARD: Final = ("message", "callback_query", "inline_query")
POLL_S: Final = 25
REQUEST_S: Final = 15.0
AT_ONCE: Final = 100  # updates that are worked on
LONGEST_PAUSE_S: Final = 30.0
GRACE_S: Final = 1.0  # for what is under way at a stop


class Service:
    """The bot. `notices.on_batch` is to be a listener of the sequencer while `run` runs."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str | None,
        links: Links,
        accounts: Accounts,
        trading: Trading,
        withdrawals: Withdrawals,
        charts: Charts,
        themes: ChosenThemes,
        purse: Purse,
        house: House,
        clock: Clock,
        pace: Pace,
        alarms: Alarms,
        summary: DailySummary | None = None,
    ) -> None:
        session = AiohttpSession(api=TelegramAPIServer.from_base((api_url or TELEGRAM).rstrip("/")), timeout=REQUEST_S)
        self._texts = Texts()
        session.middleware(pace)
        self._bot = Bot(token, session=session)
        languages = Languages(self._texts)
        self.notices = Notices(self._bot, pace, accounts, languages, trading.markets)
        self.asks = WithdrawalAsks(self.notices, trading.assets)
        self.dispatcher = build_dispatcher(
            accounts=accounts,
            trading=trading,
            withdrawals=withdrawals,
            cards=Cards(clock),
            languages=languages,
            notices=self.notices,
            links=links,
            charts=charts,
            purse=purse,
            house=house,
            texts=self._texts,
            themes=themes,
        )
        self._accounts = accounts
        self._alarms = alarms
        self._summary = summary
        self._working: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve until cancelled; then finish what is under way, for a second at most."""
        telling = [
            asyncio.create_task(self.notices.run(), name="notices"),
            asyncio.create_task(self._alarms.run(self._accounts, self._alarm), name="alarms"),
        ]
        if self._summary is not None:
            telling.append(asyncio.create_task(self._summary.run(self._bot, self._texts), name="daily summary"))
        try:
            await self._poll()
        finally:
            if self._working:
                await asyncio.wait(self._working, timeout=GRACE_S)
            left = [*self._working, *telling]
            for task in left:
                task.cancel()
            await asyncio.wait(left)
            await self._bot.session.close()

    def _alarm(self, admin: UserId, subject: str, state: State, rings: bool) -> None:
        self.notices.put(admin, ("alarm", subject), Notice(state.text, rings=rings))

    async def _poll(self) -> None:
        room, offset, failures, known = asyncio.Semaphore(AT_ONCE), None, 0, False
        while True:
            try:
                if not known:
                    await self._introduce()
                    known = True
                updates = await self._bot.get_updates(
                    offset=offset,
                    timeout=POLL_S,
                    allowed_updates=list(HEARD),
                    request_timeout=POLL_S + int(REQUEST_S),
                )
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
            for update in updates:
                offset = update.update_id + 1
                await room.acquire()
                task = asyncio.create_task(self._handle(update))
                self._working.add(task)
                task.add_done_callback(self._working.discard)
                task.add_done_callback(lambda _: room.release())

    async def _introduce(self) -> None:
        """Say that the bot will ask for its updates itself, and what it understands."""
        me = await self._bot.me()
        await self._bot.delete_webhook()
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

    async def _handle(self, update: Update) -> None:
        try:
            await self.dispatcher.feed_update(self._bot, update)
        except TelegramAPIError as error:
            log.warning("an answer did not reach Telegram", update=update.update_id, error=type(error).__name__)
        except Exception:
            log.exception("an update failed", update=update.update_id)


def build_dispatcher(
    *,
    accounts: Accounts,
    trading: Trading,
    withdrawals: Withdrawals,
    cards: Cards,
    languages: Languages,
    notices: Notices,
    links: Links,
    charts: Charts,
    themes: ChosenThemes,
    purse: Purse,
    house: House,
    texts: Texts,
) -> Dispatcher:
    """Return the dispatcher. What it is given here, handlers take by name, and `say` and `user` beside it."""
    dispatcher = Dispatcher(
        trading=trading,
        withdrawals=withdrawals,
        cards=cards,
        languages=languages,
        notices=notices,
        links=links,
        charts=charts,
        themes=themes,
        purse=purse,
        house=house,
        texts=texts,
        disable_fsm=True,
    )
    dispatcher.update.outer_middleware(OnlyOnce())
    answering = Answering(accounts, trading, languages, notices)
    dispatcher.message.middleware(answering)
    dispatcher.callback_query.middleware(answering)
    # The silent router stands between what is for everybody and what is for a person alone.
    dispatcher.include_routers(
        inline_router(),
        public_router(),
        charts_router(),
        silent_router(),
        chart_buttons_router(),
        start_router(),
        account_router(),
        purse_router(),
        house_router(house.administration),
        orders_router(),
        withdrawals_router(),
        rest_router(),
    )
    return dispatcher
