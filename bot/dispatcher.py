"""Every update's way: to whom it belongs, and which router answers it."""

from aiogram import Dispatcher

from bot.alerts import Alerts
from bot.cards import Cards
from bot.chart.charts import Charts
from bot.chart.choices import ChosenThemes
from bot.conversations import Conversations
from bot.guards import Answering
from bot.house import House
from bot.notices import Notices
from bot.people import People
from bot.purse import Purse
from bot.routers.account import account_router
from bot.routers.alerts import alerts_router
from bot.routers.charts import chart_buttons_router, charts_router
from bot.routers.house import house_router
from bot.routers.inline import inline_router
from bot.routers.notify import notify_router
from bot.routers.orders import orders_router
from bot.routers.public import public_router, silent_router
from bot.routers.purse import purse_router
from bot.routers.rest import rest_router
from bot.routers.start import Links, start_router
from bot.routers.wallets import wallets_router
from bot.routers.withdrawals import withdrawals_router
from bot.texts import Texts
from bot.trading import Trading
from data.store.notifications import SqlNotifications
from data.store.price_alerts import SqlPriceAlerts
from engine.accounts.accounts import Accounts
from engine.withdrawals.withdrawals import Withdrawals


def build_dispatcher(
    *,
    accounts: Accounts,
    trading: Trading,
    withdrawals: Withdrawals,
    cards: Cards,
    people: People,
    notifications: SqlNotifications,
    notices: Notices,
    links: Links,
    conversations: Conversations,
    alerts: Alerts,
    alert_store: SqlPriceAlerts,
    charts: Charts,
    themes: ChosenThemes,
    purse: Purse,
    house: House,
    texts: Texts,
) -> Dispatcher:
    """Return the dispatcher. What it is given here, handlers take by name, and `say`, `user` and `state` beside it."""
    dispatcher = Dispatcher(
        storage=conversations,
        trading=trading,
        cards=cards,
        people=people,
        notifications=notifications,
        notices=notices,
        links=links,
        alerts=alerts,
        alert_store=alert_store,
        withdrawals=withdrawals,
        charts=charts,
        themes=themes,
        purse=purse,
        house=house,
        texts=texts,
    )
    answering = Answering(accounts, trading, people, notices)
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
        notify_router(),
        alerts_router(),
        orders_router(),
        withdrawals_router(),
        wallets_router(),
        rest_router(),
    )
    return dispatcher
