"""A real exchange on a real SQLite file behind a real /api/ws on loopback, and clients that talk to it."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from msgspec.structs import replace

from data.store.accounts import SqlAccounts
from data.store.api_keys import SqlApiKeys
from data.store.queries import Queries
from data.store.sqlite import SqliteStore
from data.store.withdrawals import SqlWithdrawals
from engine.accounts.accounts import Accounts
from engine.accounts.activity import ActivityFeed
from engine.accounts.api_keys import ApiKeys
from engine.accounts.last_use import LastUse
from engine.accounts.types import TELEGRAM, Device, TelegramUser
from engine.core.commands import CancelOrder, Deposit, ListAsset, ListMarket
from engine.core.decimals import MarketDecimals
from engine.core.exchange import Exchange
from engine.core.market import Asset, Market
from engine.core.refusals import Refused
from engine.core.types import MARKET_MAKER, AssetCode, Atoms, MarketState, Micros, OrderId, UserId
from engine.market_data.market_data import MarketData
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Sequencer
from engine.withdrawals.rules import Rules
from engine.withdrawals.withdrawals import Withdrawals
from tests.support.database import ensure_database
from tests.support.own_time import TICK_S, own_time
from webapp_api.addresses import Addresses
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.sealing import Seal, made_encryption_key
from webapp_api.auth.token_keys import KeyRing, TokenKey
from webapp_api.auth.tokens import AccessTokens, Guard
from webapp_api.errors import error_middleware
from webapp_api.explorer import Explorer
from webapp_api.limits import Rate, RateLimits, RequestClass
from webapp_api.stream.hub import Hub
from webapp_api.stream.outgoing import Limits

USDT, BTC = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8)
BTCUSDT = Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4)
ASSETS = {asset.code: asset for asset in (USDT, BTC)}
MARKETS = {"BTCUSDT": MarketDecimals(BTCUSDT, BTC, USDT)}
FREELY = {each: Rate(10_000, 100_000) for each in RequestClass}
PATIENCE_S = 5.0


def clock() -> Micros:
    return Micros(time.time_ns() // 1000)


class Client:
    """One WebSocket. `say` sends, `hear` gives the next message, `heard` waits for one of a kind and keeps the rest."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self._kept: list[dict[str, Any]] = []

    async def say(self, **request: Any) -> None:
        await self.socket.send_str(json.dumps(request))

    async def hear(self) -> dict[str, Any]:
        if self._kept:
            return self._kept.pop(0)
        return await self._receive()

    async def heard(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        for message in self._kept:
            if wanted(message):
                self._kept.remove(message)
                return message
        while not wanted(message := await self._receive()):
            self._kept.append(message)
        return message

    async def answer(self, id_: Any) -> dict[str, Any]:
        return await self.heard(lambda message: message.get("id") == id_ and "channel" not in message)

    async def of(self, channel: str) -> dict[str, Any]:
        return await self.heard(lambda message: message.get("channel") == channel)

    async def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and return its answer."""
        await self.say(**request)
        return await self.answer(request.get("id"))

    async def silence(self, seconds: float = 0.2) -> bool:
        """Say whether nothing more comes."""
        return not await self.rest(seconds)

    async def rest(self, quiet_s: float = 0.15) -> list[dict[str, Any]]:
        """Return all that comes until nothing does for a while, in which the server in this process had its turns."""
        async with own_time() as time:
            while True:
                since_s, receiving = time.s, asyncio.create_task(self._receive())
                while not receiving.done() and time.s - since_s < quiet_s:
                    await asyncio.wait([receiving], timeout=TICK_S)
                if not receiving.done():
                    receiving.cancel()
                    await asyncio.wait([receiving])
                    kept, self._kept = self._kept, []
                    return kept
                self._kept.append(receiving.result())

    async def told_so_far(self) -> list[dict[str, Any]]:
        """Return all that came before the answer to a ping, and so before what was asked earlier was done."""
        await self.ask(op="ping", id="so far")
        kept, self._kept = self._kept, []
        return kept

    async def closed(self) -> tuple[int | None, str]:
        """Return the code and the reason with which the server closes, whatever it says before."""
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self.socket.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.socket.close_code, message.extra or ""

    async def _receive(self) -> dict[str, Any]:
        async with asyncio.timeout(PATIENCE_S):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        heard: dict[str, Any] = json.loads(message.data)
        return heard


class Gated(SqliteStore):
    """A store whose commits wait while the gate is shut, and that tells of them late while `told` is not set."""

    gate: asyncio.Event
    told: asyncio.Event

    async def commit(self, batch: Batch) -> None:
        await self.gate.wait()
        await super().commit(batch)
        await self.told.wait()


class World:
    """The exchange, its hub, and where it listens."""

    def __init__(
        self,
        exchange: Exchange,
        sequencer: Sequencer,
        store: Gated,
        queries: Queries,
        hub: Hub,
        market_data: MarketData,
        accounts: Accounts,
        api_keys: ApiKeys,
        tokens: AccessTokens,
    ) -> None:
        self.exchange = exchange
        self.sequencer = sequencer
        self.store = store
        self.gate, self.told = store.gate, store.told
        self.queries = queries
        self.hub = hub
        self.market_data = market_data
        self.accounts = accounts
        self.api_keys = api_keys
        self.tokens = tokens
        self.port = 0
        self.session: aiohttp.ClientSession
        self._people = 0
        self._clients: list[Client] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/ws"

    async def person(self, **amounts: int) -> tuple[UserId, str]:
        """Return somebody with these whole units of assets, and an access token of theirs."""
        self._people += 1
        person = await self.accounts.person(TelegramUser(id=self._people, first_name="Ada"))
        signed_in = await self.accounts.open_session(person, TELEGRAM, Device())
        user = signed_in.account.id
        for asset, amount in amounts.items():
            atoms = Atoms(amount * 10 ** ASSETS[AssetCode(asset)].decimals)
            await self.sequencer.submit(Deposit(clock(), user, AssetCode(asset), atoms, f"{user}:{asset}"))
        return user, self.tokens.issue(user, signed_in.session)

    async def client(self, token: str | None = None) -> Client:
        """Return a new client, signed in where a token is given."""
        client = Client(await self.session.ws_connect(self.url, autoping=True))
        self._clients.append(client)
        if token is not None:
            assert "result" in await client.ask(op="auth", id="auth", token=token)
        return client

    def cut_off(self) -> None:
        """Let go of all clients' connections: one that is only forgotten is complained of when it is collected."""
        for client in self._clients:
            client.socket._response.close()

    def publish(self, batch: Batch) -> None:
        """Tell the listeners of a batch as if it had been committed."""
        for listener in self.sequencer.listeners:
            listener(batch)

    async def fund_the_maker(self) -> None:
        for asset in ASSETS.values():
            amount = Atoms(10_000_000 * 10**asset.decimals)
            await self.sequencer.submit(Deposit(clock(), MARKET_MAKER, asset.code, amount, f"house:{asset.code}"))

    async def switch(self, state: MarketState) -> None:
        await self.sequencer.submit(ListMarket(clock(), replace(BTCUSDT, state=state)))

    async def settled(self) -> None:
        """Return when all commands given so far are published, to sockets too."""
        with suppress(Refused):
            await self.sequencer.submit(CancelOrder(clock(), UserId(1), OrderId(1)))
        await asyncio.sleep(0.12)


@asynccontextmanager
async def exchange_in(path: Path) -> AsyncIterator[tuple[Gated, Exchange, Sequencer]]:
    """Open an exchange that lists BTCUSDT; its writer runs."""
    ensure_database(path)
    store = await Gated.open(path)
    store.gate, store.told = asyncio.Event(), asyncio.Event()
    store.gate.set()
    store.told.set()
    try:
        start, exchange = await store.take_lead(), Exchange()
        exchange.restore(start)
        sequencer = Sequencer(exchange, store, start, clock)
        async with asyncio.TaskGroup() as tasks:  # a writer that dies ends the test
            tasks.create_task(sequencer.run())
            for asset in (USDT, BTC):
                await sequencer.submit(ListAsset(clock(), asset))
            await sequencer.submit(ListMarket(clock(), BTCUSDT))
            yield store, exchange, sequencer
            store.gate.set()
            store.told.set()
            sequencer.close()
    finally:
        await store.close()


@asynccontextmanager
async def world(
    folder: Path,
    *,
    limits: Limits | None = None,
    public_url: str = "",
    rates: Mapping[RequestClass, Rate] = FREELY,
) -> AsyncIterator[World]:
    """Open everything in a folder; the exchange runs, and /api/ws listens."""
    path = folder / "exchange.sqlite"
    async with exchange_in(path) as (store, exchange, sequencer), AsyncExitStack() as stack:
        queries = await Queries.open(path)
        stack.push_async_callback(queries.close)
        activity = ActivityFeed()
        accounts = Accounts(SqlAccounts(store, queries), activity, clock)
        key_store = SqlApiKeys(store, queries)
        api_keys = ApiKeys(key_store, Seal(made_encryption_key()), activity, clock)
        last_use = LastUse(key_store, gather_s=0.01)
        stack.push_async_callback(last_use.close)
        tokens = AccessTokens(KeyRing(TokenKey.of("a secret of access tokens for tests")), clock)
        market_data = MarketData([BTCUSDT.symbol], clock)
        hub = Hub(
            sequencer=sequencer,
            queries=queries,
            accounts=accounts,
            guard=Guard(tokens, accounts, clock),
            api_keys=api_keys,
            keys=KeyGuard(api_keys, last_use, clock),
            rates=RateLimits(rates, 5, clock),
            addresses=Addresses(),
            market_data=market_data,
            markets=MARKETS,
            assets=ASSETS,
            clock=clock,
            withdrawals=Withdrawals(sequencer, SqlWithdrawals(store, queries), ASSETS, Rules(), clock),
            explorer=Explorer("devnet"),
            public_url=public_url,
            limits=limits,
        )
        sequencer.listeners += [market_data.on_batch, hub.on_batch]
        activity.listeners.append(hub.on_activity)
        app = web.Application(middlewares=[error_middleware(ASSETS)])
        app.router.add_get("/api/ws", hub.handle)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        stack.push_async_callback(hub.close)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made = World(exchange, sequencer, store, queries, hub, market_data, accounts, api_keys, tokens)
        made.port = runner.addresses[0][1]
        made.session = await stack.enter_async_context(aiohttp.ClientSession())
        stack.callback(made.cut_off)
        yield made
