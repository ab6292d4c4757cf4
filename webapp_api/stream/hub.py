"""All clients of /api/ws, and what they are told when a batch is committed."""

import asyncio
import socket
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import WSCloseCode, web

from data.store.queries import Queries
from engine.accounts.accounts import Accounts
from engine.accounts.api_keys import ApiKeys
from engine.accounts.types import Activity
from engine.core.decimals import MarketDecimals
from engine.core.market import Asset
from engine.core.types import UserId
from engine.market_data.market_data import MarketData
from engine.ports import Clock
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy, Sequencer
from engine.settlement.fills import Fill
from engine.settlement.types import SettlementState
from engine.withdrawals.types import Withdrawal
from engine.withdrawals.withdrawals import Withdrawals
from webapp_api import wire
from webapp_api.addresses import Addresses, neighbourhood
from webapp_api.auth.key_guard import KeyGuard
from webapp_api.auth.tokens import Guard
from webapp_api.explorer import Explorer
from webapp_api.limits import RateLimits
from webapp_api.refusals import MalformedBody
from webapp_api.stream.connection import CLOSE_S, Connection, Services, Socket
from webapp_api.stream.metrics import StreamMetrics
from webapp_api.stream.orders import Desk
from webapp_api.stream.outgoing import Limits, Writers
from webapp_api.stream.private import PrivateChannels, Read
from webapp_api.stream.public import PublicChannels
from webapp_api.stream.reads import Reads
from webapp_api.stream.refusals import ForbiddenOrigin, TooManySockets
from webapp_api.stream.views import ACCOUNT, BALANCES, ORDERS, TRADES, WITHDRAWALS, AccountViews
from webapp_api.withdrawals import WithdrawalViews

log = structlog.get_logger()

MAX_CLIENTS: Final = 10_000
MAX_MESSAGE: Final = 256 * 1024  # bytes: what is far too much of something is still told so, with its id
HEARTBEAT_S: Final = 20.0
SEND_BUFFER: Final = 128 * 1024  # bytes in the kernel; only what is behind it is seen to lag, so not megabytes
ANSWER_S: Final = 2.0  # for answering what was taken before a stop

RECENT_WITHDRAWALS: Final = 100  # in a snapshot

_TRIES: Final = 200


class Hub:
    """The WebSocket edge. Make it inside the running loop; register `metrics` with the program's registry.

    on_batch is a listener of the sequencer and comes after `MarketData.on_batch`; on_activity is one of the
    `ActivityFeed`, on_settlement one of settlement's fills. public_url is where browsers find us,
    "https://clobster.example"; empty where there is nothing but the host they ask. limits are of clients that read
    slowly, rates of those that ask too often.
    """

    def __init__(
        self,
        *,
        sequencer: Sequencer,
        queries: Queries,
        accounts: Accounts,
        guard: Guard,
        api_keys: ApiKeys,
        keys: KeyGuard,
        rates: RateLimits,
        addresses: Addresses,
        market_data: MarketData,
        markets: Mapping[str, MarketDecimals],
        assets: Mapping[str, Asset],
        clock: Clock,
        withdrawals: Withdrawals,
        explorer: Explorer,
        public_url: str = "",
        limits: Limits | None = None,
        sockets_per_address: int = MAX_CLIENTS,
    ) -> None:
        self.metrics = StreamMetrics()
        self._public_host = _host(public_url)
        self._addresses = addresses
        self._connections: set[Connection] = set()
        self._sockets_per_address = sockets_per_address
        self._sockets: Counter[str | bytes] = Counter()  # open, by address
        self._one_left = asyncio.Event()
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers = Writers(limits or Limits(), self.metrics)
        self._public = PublicChannels(market_data, markets, clock() // 1000)
        views = AccountViews(markets, assets)
        self._explorer = explorer
        reads = Reads(queries, accounts, markets, views, explorer)
        self._withdrawals = WithdrawalViews(withdrawals, assets, explorer)
        self._withdrawal_changes = 0
        withdrawals.listeners.append(self.on_withdrawal)

        async def latest_withdrawals(user: UserId) -> tuple[int, list[object]]:
            changes = self._withdrawal_changes
            found = await withdrawals.of(user, RECENT_WITHDRAWALS)
            return changes, [self._withdrawals.view(each) for each in found]

        snapshots: dict[str, Read] = {
            ORDERS: reads.orders,
            TRADES: reads.trades,
            BALANCES: reads.balances,
            ACCOUNT: reads.activity,
            WITHDRAWALS: latest_withdrawals,
        }
        self.private = PrivateChannels(snapshots, views, lambda: sequencer.seq, clock)
        self._services = Services(
            desk=Desk(sequencer, markets, assets, reads.order, self._tasks),
            guard=guard,
            keys=keys,
            limits=rates,
            clock=clock,
            writers=self._writers,
            public=self._public,
            private=self.private,
        )
        accounts.ended.append(self._session_ended)
        api_keys.revoked.append(self._key_revoked)

    def on_batch(self, batch: Batch) -> None:
        """Tell everybody what a committed batch did."""
        try:
            self._public.on_batch(batch)
            self.private.on_batch(batch)
        except Exception:  # the writer must not suffer
            log.exception("publishing a batch failed", seq=batch.last_seq)

    def on_activity(self, activity: Activity) -> None:
        """Tell an account what happened to it."""
        try:
            self.private.on_activity(activity)
        except Exception:  # whoever acted must not suffer
            log.exception("publishing an activity failed", kind=activity.kind.value)

    def on_withdrawal(self, withdrawal: Withdrawal) -> None:
        """Tell an account what became of a withdrawal."""
        self._withdrawal_changes += 1
        try:
            view = self._withdrawals.view(withdrawal)
            self.private.on_withdrawal(withdrawal.asked.user, self._withdrawal_changes, view)
        except Exception:  # whoever changed it must not suffer
            log.exception("publishing a withdrawal failed", withdrawal=withdrawal.asked.id)

    def on_settlement(self, fills: Sequence[Fill], state: SettlementState, signature: str | None) -> None:
        """Tell accounts how far trades of theirs have come on the chain."""
        try:
            self.private.on_settlement(
                fills, wire.Settlement(state.value, signature, self._explorer.transaction(signature))
            )
        except Exception:  # settlement must not suffer
            log.exception("publishing a settlement failed", trade=fills[0].id)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve `GET /api/ws`. Raises ForbiddenOrigin, TooManySockets, and Busy where there are too many clients."""
        origin = request.headers.get("Origin")
        if origin is not None:  # programs send none
            host = _host(origin)
            if not host or host not in (request.host.lower(), self._public_host):
                raise ForbiddenOrigin
        if self._closed or len(self._connections) >= MAX_CLIENTS:
            raise Busy
        address = self._addresses.of(request)
        with self._counted(neighbourhood(address)):
            return await self._serve(request, address)

    @contextmanager
    def _counted(self, address: str | bytes) -> Iterator[None]:
        """Count a socket of an address while it is open. Raises TooManySockets."""
        if self._sockets[address] >= self._sockets_per_address:
            raise TooManySockets(limit=self._sockets_per_address)
        self._sockets[address] += 1
        try:
            yield
        finally:
            self._sockets[address] -= 1
            if not self._sockets[address]:
                del self._sockets[address]

    async def _serve(self, request: web.Request, address: str) -> web.StreamResponse:
        websocket: Socket = web.WebSocketResponse(
            timeout=CLOSE_S, heartbeat=HEARTBEAT_S, compress=False, max_msg_size=MAX_MESSAGE, decode_text=False
        )
        try:
            await websocket.prepare(request)
        except ValueError:  # aiohttp decodes the key before it looks what it is made of
            raise MalformedBody("The handshake's headers could not be read.") from None
        transport = request.transport
        if transport is None:  # it left during the handshake
            return websocket
        _bound_send_buffer(transport)
        connection = Connection(self._services, websocket, transport, address)
        self._connections.add(connection)
        self.metrics.clients = len(self._connections)
        try:
            await connection.run()
        finally:
            self._connections.discard(connection)
            self._one_left.set()
            self.metrics.clients = len(self._connections)
        return websocket

    async def close(self) -> None:
        """Answer what was taken, send every client away and take no new ones."""
        self._closed = True
        for connection in self._connections:
            connection.stop()
        for _ in range(_TRIES):
            if not any(connection.owed for connection in self._connections):
                break
            await asyncio.sleep(ANSWER_S / _TRIES)
        await asyncio.sleep(0)  # the last answers are written at the end of a loop turn
        self._public.close()
        for connection in list(self._connections):
            connection.close(WSCloseCode.GOING_AWAY, "shutting_down")
        while self._connections:
            self._one_left.clear()
            await self._one_left.wait()
        self.private.close()
        await asyncio.gather(*self._tasks)
        self._writers.close()

    def _session_ended(self, session: str) -> None:
        for connection in self._connections:
            connection.session_ended(session)

    def _key_revoked(self, key: str) -> None:
        for connection in self._connections:
            connection.key_revoked(key)


def _host(url: str) -> str:
    """Return the host, and port where it is named, that a page is from; empty where that can't be told."""
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _bound_send_buffer(transport: asyncio.Transport) -> None:
    peer = transport.get_extra_info("socket")
    if peer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
