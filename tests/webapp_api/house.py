"""A whole exchange behind real HTTP on loopback, on a real SQLite file, and people who use it."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry

from data.binance.health import FeedHealth
from data.store.accounts import SqlAccounts
from data.store.api_keys import SqlApiKeys
from data.store.notifications import SqlNotifications
from data.store.opening import open_store
from data.store.queries import Queries
from data.store.reconciliation import SqlStops
from data.store.solvency import SqlSolvency
from data.store.store import Store
from data.store.wallet_links import SqlWalletLinks
from data.store.wallets import SqlWallets
from data.store.withdrawals import SqlWithdrawals
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.administration import Administration
from engine.accounts.api_keys import ApiKeys
from engine.accounts.last_use import LastUse
from engine.accounts.wallet_links import WalletLinks
from engine.accounts.wallets import Wallets
from engine.core.commands import Command, Deposit, ListAsset, ListMarket, Quote
from engine.core.decimals import MarketDecimals
from engine.core.events import Event
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, Micros, UserId
from engine.market_data.market_data import MarketData
from engine.reconciliation.fees import FeePayer
from engine.reconciliation.reconciler import Looked
from engine.reconciliation.stop import Stop
from engine.sequencer.sequencer import Sequencer
from engine.solvency.snapshots import Solvency
from engine.withdrawals.rules import Rules
from engine.withdrawals.withdrawals import Withdrawals
from tests.support.database import fresh
from tests.webapp_api.described import hold
from tests.webapp_api.launch import BOT_TOKEN, launch_data
from webapp_api.addresses import Addresses, parse_networks
from webapp_api.app import build_app
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.sealing import Seal, made_encryption_key
from webapp_api.auth.siws import Site
from webapp_api.auth.token_keys import KeyRing, TokenKey
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.deps import Arriving, Deps, Faucet, GiveAddress
from webapp_api.explorer import Explorer
from webapp_api.limits import Rate, RateLimits, RequestClass
from webapp_api.quoting import Quoting
from webapp_api.reconciling import Reconciling
from webapp_api.routes.telegram import TelegramHook
from webapp_api.settling import Settling
from webapp_api.stream.hub import MAX_CLIENTS, Hub
from webapp_api.watched import Watched

USDT, BTC, ETH = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8), Asset(AssetCode("ETH"), 8)
ASSETS = {asset.code: asset for asset in (USDT, BTC, ETH)}
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)
ETHUSDT = Market.of("ETHUSDT", ETH, USDT, tick_atoms=10**4, lot_atoms=10**4)
MARKETS = {"BTCUSDT": MarketDecimals(BTCUSDT, BTC, USDT), "ETHUSDT": MarketDecimals(ETHUSDT, ETH, USDT)}
ADMIN = 900_000_001  # the Telegram id of the one who runs the exchange
NO_BOT = TelegramHook("a secret of a bot that does not run")
DEV_SECRET = "a secret of development for tests"

JWT_SECRET = "a secret of access tokens for tests"
SITE = Site("https://clobster.test", "devnet", "https://t.me/clobster_bot/app")

FREELY = {each: Rate(10_000, 100_000) for each in RequestClass}
ADDRESS_FACTOR = 5

FREE = Rules(delay=Micros(0))  # of withdrawals: no limit but how many may be open

PATIENCE_S = 10.0  # a writer that has died fails a test, it does not hang it

LIMIT = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "50000.00", "quantity": "0.0100"}


class Clock:
    """The wall clock, put forward where a test wants to see what time does."""

    def __init__(self) -> None:
        self.ahead_s = 0

    def __call__(self) -> Micros:
        return Micros(time.time_ns() // 1000 + self.ahead_s * 1_000_000)


class Answer:
    """A status, a decoded body and headers."""

    def __init__(self, status: int, body: Any, headers: Any) -> None:
        self.status = status
        self.body = body
        self.headers = headers

    @property
    def problem(self) -> tuple[int, str]:
        """The status and the code of a refusal."""
        assert set(self.body) == {"error"}
        assert set(self.body["error"]) == {"code", "message", "details"}
        assert self.body["error"]["message"]
        return self.status, self.body["error"]["code"]


class Person:
    """Somebody who is signed in, or nobody where there is no token."""

    def __init__(self, session: aiohttp.ClientSession, tokens: dict[str, Any] | None = None) -> None:
        self._session = session
        self.tokens = tokens or {}
        self.token: str | None = self.tokens.get("access_token")
        self.id = UserId(self.tokens["account"]["id"]) if tokens else None

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Answer:
        headers = options.pop("headers", {})
        if self.token is not None:
            headers = {"Authorization": f"Bearer {self.token}"} | headers
        raw = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        async with self._session.request(method, path, headers=headers, **raw, **options) as answer:
            is_json = answer.headers.get("Content-Type") == "application/json"
            decoded = await answer.json() if is_json else await answer.text()
            hold(method, answer.url.raw_path, answer.status, answer.headers, decoded)
            return Answer(answer.status, decoded, answer.headers)

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        return await self.ask("POST", path, body, **options)

    async def patch(self, path: str, body: Any) -> Answer:
        return await self.ask("PATCH", path, body)

    async def delete(self, path: str) -> Answer:
        return await self.ask("DELETE", path)

    async def place(self, **change: Any) -> Answer:
        return await self.post("/api/trading/orders", LIMIT | change)

    async def balances(self) -> dict[str, tuple[str, str]]:
        """Return what they have, as {asset: (available, held)}."""
        found = (await self.get("/api/portfolio/balances")).body["balances"]
        return {each["asset"]: (each["available"], each["held"]) for each in found}


class House:
    """The exchange and its people. `nobody` is not signed in."""

    def __init__(self, deps: Deps, store: Store, session: aiohttp.ClientSession, clock: Clock, url: str) -> None:
        self.deps = deps
        self.store = store
        self.session = session
        self.clock = clock
        self.url = url
        self.nobody = Person(session)
        self.activity = ActivityFeed()
        self.reasons: list[str] = []
        self.feed: list[FeedHealth] = []
        self.watched = [Watched()]  # what whoever watches has seen, the newest last
        self._deposits = 0

    async def person(self, telegram_id: int, **amounts: int) -> Person:
        """Sign somebody in and give them whole units of assets."""
        raw = launch_data(telegram_id, self.clock() // 1_000_000)
        answer = await self.nobody.post("/api/auth/telegram", {"init_data": raw})
        assert answer.status == 200, answer.body
        person = Person(self.session, answer.body)
        assert person.id is not None
        for asset, amount in amounts.items():
            await self.deposit(person.id, AssetCode(asset), amount)
        return person

    async def deposit(self, user: UserId, asset: AssetCode, amount: int) -> None:
        self._deposits += 1
        atoms = Atoms(amount * 10 ** ASSETS[asset].decimals)
        await self.do(Deposit(self.clock(), user, asset, atoms, f"test:{self._deposits}"))

    async def quote(self, bids: dict[str, str], asks: dict[str, str]) -> None:
        """Let the market maker quote BTCUSDT: {price: quantity}, best first."""
        market = MARKETS["BTCUSDT"]

        def levels(side: dict[str, str]) -> Any:
            return tuple((market.price(price), market.quantity(quantity)) for price, quantity in side.items())

        await self.do(Quote(self.clock(), BTCUSDT.symbol, levels(bids), levels(asks), 7))

    async def do(self, command: Command) -> list[Event]:
        async with asyncio.timeout(PATIENCE_S):
            return await self.deps.sequencer.submit(command)


@asynccontextmanager
async def open_house(
    template: Path,
    folder: Path,
    *,
    dev_secret: str | None = DEV_SECRET,
    rates: Mapping[RequestClass, Rate] = FREELY,
    trusted_proxies: str = "",
    telegram_key: bytes | None = None,
    sockets_per_address: int = MAX_CLIENTS,
    deposits: GiveAddress | None = None,
    arriving: Arriving | None = None,
    faucet: Faucet | None = None,
    telegram_hook: TelegramHook | None = NO_BOT,
    rules: Rules = FREE,
) -> AsyncIterator[House]:
    """Open an exchange in a folder, from a copy of a database that has its tables."""
    place = fresh(folder / "exchange.db", template)
    clock = Clock()
    async with AsyncExitStack() as stack:
        store = await open_store(place)
        stack.push_async_callback(store.close)
        queries = await Queries.open(place)
        stack.push_async_callback(queries.close)
        start, exchange = await store.take_lead(), Exchange()
        exchange.restore(start)
        sequencer = Sequencer(exchange, store, start, clock)
        writer = asyncio.create_task(sequencer.run())
        async with asyncio.timeout(PATIENCE_S):
            for asset in ASSETS.values():
                await sequencer.submit(ListAsset(clock(), asset))
                await sequencer.submit(Deposit(clock(), MARKET_MAKER, asset.code, Atoms(10**15), f"house:{asset.code}"))
            for market in (BTCUSDT, ETHUSDT):
                await sequencer.submit(ListMarket(clock(), market))
        activity, people = ActivityFeed(), SqlAccounts(store, queries)
        accounts = Accounts(people, activity, clock)
        tokens = AccessTokens(KeyRing(TokenKey.of(JWT_SECRET)), clock)
        guard = Guard(tokens, accounts, clock)
        key_store = SqlApiKeys(store, queries)
        api_keys = ApiKeys(key_store, Seal(made_encryption_key()), activity, clock)
        last_use = LastUse(key_store, gather_s=0.01)
        stack.push_async_callback(last_use.close)
        keys = KeyGuard(api_keys, last_use, clock)
        market_data = MarketData([BTCUSDT.symbol, ETHUSDT.symbol], clock)
        limits = RateLimits(rates, ADDRESS_FACTOR, clock)
        addresses = Addresses(parse_networks(trusted_proxies))
        withdrawals = Withdrawals(sequencer, SqlWithdrawals(store, queries), ASSETS, rules, clock)
        explorer = Explorer(SITE.chain)
        hub = Hub(
            sequencer=sequencer,
            queries=queries,
            accounts=accounts,
            guard=guard,
            api_keys=api_keys,
            keys=keys,
            rates=limits,
            sockets_per_address=sockets_per_address,
            addresses=addresses,
            market_data=market_data,
            markets=MARKETS,
            assets=ASSETS,
            clock=clock,
            withdrawals=withdrawals,
            explorer=explorer,
        )
        sequencer.listeners += [market_data.on_batch, hub.on_batch]
        activity.listeners.append(hub.on_activity)
        registry = CollectorRegistry()
        registry.register(hub.metrics)
        registry.register(limits)
        reasons: list[str] = []
        settling = Settling(is_on=False)
        stop = Stop(SqlStops(store, queries), clock)
        reconciling = Reconciling(stop, FeePayer(0), Looked(), ASSETS, clock, is_on=False)
        solvency = Solvency(SqlSolvency(store, queries), clock, every=Micros(3_600_000_000), most=2)
        feed: list[FeedHealth] = []
        watched = [Watched()]
        deps = Deps(
            sequencer=sequencer,
            queries=queries,
            history=queries,
            accounts=accounts,
            administration=Administration(people, frozenset({ADMIN}), clock),
            wallets=Wallets(SqlWallets(store, queries), accounts, activity, clock, administrators=frozenset({ADMIN})),
            wallet_links=WalletLinks(SqlWalletLinks(store, queries), activity, clock),
            notifications=SqlNotifications(store, queries),
            site=SITE,
            tokens=tokens,
            guard=guard,
            api_keys=api_keys,
            keys=keys,
            limits=limits,
            addresses=addresses,
            market_data=market_data,
            hub=hub,
            markets=MARKETS,
            assets=ASSETS,
            clock=clock,
            registry=registry,
            not_ready=lambda: reasons,
            quoting=Quoting(),
            withdrawals=withdrawals,
            explorer=explorer,
            settling=settling,
            reconciling=reconciling,
            solvency=solvency,
            feed_health=lambda: feed,
            watched=lambda: watched[-1],
            bot_token=BOT_TOKEN,
            deposits=deposits,
            arriving=arriving,
            faucet=faucet,
            dev_secret=dev_secret,
            telegram_key=telegram_key,
            telegram_hook=telegram_hook,
        )
        server = await stack.enter_async_context(TestServer(build_app(deps)))
        stack.push_async_callback(hub.close)
        session = await stack.enter_async_context(
            aiohttp.ClientSession(server.make_url("/"), timeout=aiohttp.ClientTimeout(PATIENCE_S))
        )
        house = House(deps, store, session, clock, str(server.make_url("/")))
        house.reasons, house.feed, house.activity, house.watched = reasons, feed, activity, watched
        yield house
        sequencer.close()
        await writer
