"""One client: what it says, who it is, what it follows."""

import asyncio
from typing import Final, assert_never

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import Struct

from engine.accounts.types import Scope
from engine.core.refusals import Refused
from engine.core.types import Micros, UserId
from engine.ports import Clock
from engine.sequencer.sequencer import Busy
from webapp_api.auth.key_guard import KeyGuard, hold
from webapp_api.auth.tokens import Guard
from webapp_api.limits import BATCH_COST, RateLimits, RequestClass
from webapp_api.refusals import InvalidRequest, Unauthorized
from webapp_api.stream import protocol
from webapp_api.stream.answers import Answers
from webapp_api.stream.channel import PublicChannel
from webapp_api.stream.orders import MAX_IN_FLIGHT, Desk, OrderEntry
from webapp_api.stream.outgoing import SLOW, Outgoing, Writers
from webapp_api.stream.private import PrivateChannel, PrivateChannels
from webapp_api.stream.public import PublicChannels
from webapp_api.stream.refusals import Internal, TooManyRequests, TooManySubscriptions, UnknownChannel
from webapp_api.stream.standing import Standing, standing

log = structlog.get_logger()

CLOSE_S: Final = 1.0  # what a client has for taking a close frame and answering it
MAX_FAULTS: Final = 100  # of one connection: messages that are no requests, and tokens and keys that are not good
MAX_SUBSCRIPTIONS: Final = 200  # of one connection
BUDGET: Final = 5_000  # a second and connection: an order costs 1, a batch BATCH_COST, another request REQUEST_COST
REQUEST_COST: Final = 50
FAIR_SHARE: Final = 64  # messages of one client that are handled before others get their turn
FLOOD: Final = "flood"
FAULTS: Final = "too_many_faults"
BINARY: Final = "binary_frame"
SESSION_ENDED: Final = "session_ended"
API_KEY_REVOKED: Final = "api_key_revoked"
ENDED_CODE: Final = 4001

_CODES: Final = {
    SLOW: WSCloseCode.TRY_AGAIN_LATER,
    FLOOD: WSCloseCode.POLICY_VIOLATION,
    FAULTS: WSCloseCode.POLICY_VIOLATION,
    BINARY: WSCloseCode.UNSUPPORTED_DATA,
    SESSION_ENDED: ENDED_CODE,
    API_KEY_REVOKED: ENDED_CODE,
}
_SECOND: Final = 1_000_000  # Micros

Socket = web.WebSocketResponse[bool]
Slow = protocol.Auth | protocol.Subscribe | protocol.Unsubscribe | protocol.Ping


class Services(Struct, frozen=True):
    """What all connections work with."""

    desk: Desk
    guard: Guard
    keys: KeyGuard
    limits: RateLimits
    clock: Clock
    writers: Writers
    public: PublicChannels
    private: PrivateChannels


class Connection:
    """One client's connection, from the handshake on. address is the network address from which it comes."""

    def __init__(self, services: Services, socket: Socket, transport: asyncio.Transport, address: str) -> None:
        self._services = services
        self._address = address
        self._socket = socket
        self._transport = transport
        self._out = Outgoing(services.writers, transport, self._dropped)
        self._answers = Answers(self._out.send)
        self._orders = OrderEntry(services.desk, self._answers)
        self._channels: dict[str, PublicChannel | PrivateChannel] = {}
        self._standing: Standing | None = None
        self._session_timer: asyncio.TimerHandle | None = None
        self._closing: asyncio.Task[None] | None = None
        self._faults = 0
        self._spent = 0
        self._spent_until = 0
        self._stopping = False

    async def run(self) -> None:
        """Serve the client until it leaves or is dropped."""
        heard = 0
        try:
            async for message in self._socket:
                if self._out.closed:
                    continue  # the close frame is on its way
                if message.type is WSMsgType.TEXT:
                    request = self._hear(message.data)
                    if request is not None:
                        await self._serve(request)
                elif message.type is WSMsgType.BINARY:
                    self._out.drop(BINARY)
                else:
                    break  # a broken frame: the socket is closed already, with the code that says how
                heard += 1
                if heard % FAIR_SHARE == 0:
                    await asyncio.sleep(0)
        finally:
            self._leave()
            if self._closing is not None:
                await asyncio.wait([self._closing])

    @property
    def owed(self) -> int:
        """How many answers the client still waits for."""
        return self._answers.waiting

    def stop(self) -> None:
        """Take no more orders; those taken are answered."""
        self._stopping = True

    def close(self, code: int, reason: str) -> None:
        """Close with a code and a reason; who does not take them within CLOSE_S is cut off."""
        self._out.close()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(code, reason))

    def session_ended(self, session: str) -> None:
        """Close if it is by this session that this connection speaks for an account."""
        if self._standing is not None and self._standing.session == session:
            self._out.drop(SESSION_ENDED)

    def key_revoked(self, key: str) -> None:
        """Close if it is by this API key that this connection speaks for an account."""
        if self._standing is not None and self._standing.key == key:
            self._out.drop(API_KEY_REVOKED)

    def _hear(self, raw: bytes) -> Slow | None:
        """Read a message and carry it out if it is an order, which most are; else return the request."""
        try:
            request = protocol.request(raw)
        except protocol.BadRequest as bad:
            self._refuse(bad.id, bad.op, bad.refused)
            self._count_fault()
            return None
        try:
            now = self._services.clock()
            if isinstance(request, protocol.Place):
                self._spend(1, now)
                self._orders.place(self._trader(now, 1), now, request)
            elif isinstance(request, protocol.Cancel):
                self._spend(1, now)
                self._orders.cancel(self._trader(now, 1), now, request)
            elif isinstance(request, protocol.Batch):
                self._spend(BATCH_COST, now)
                self._orders.batch(self._trader(now, BATCH_COST), now, request)
            else:
                self._spend(REQUEST_COST, now)
                return request
        except Refused as refused:
            self._refuse(request.id, protocol.op(request), refused)
        return None

    async def _serve(self, request: Slow) -> None:
        try:
            match request:
                case protocol.Auth():
                    await self._auth(request)
                case protocol.Subscribe():
                    await self._subscribe(request)
                case protocol.Unsubscribe():
                    self._unsubscribe(request)
                case protocol.Ping():
                    self._answer(request.id, "pong", {"time": self._services.clock() // 1000})
                case _:
                    assert_never(request)
        except Refused as refused:
            self._refuse(request.id, protocol.op(request), refused)
        except Exception:
            log.exception("serving a websocket request failed", op=protocol.op(request))
            self._refuse(request.id, protocol.op(request), Internal())

    async def _auth(self, request: protocol.Auth) -> None:
        services = self._services
        services.limits.of_address(RequestClass.LOG_IN, self._address).check()
        try:
            now = await standing(request, services.guard, services.keys, self._address)
        except Busy:
            raise
        except Refused:
            self._count_fault()
            raise
        before = self._standing
        if before is not None and (before.user != now.user or Scope.READ not in now.scopes):
            self._leave_private()
        self._standing = now
        self._stop_session_timer()
        if now.until is not None:
            left_s = (now.until - services.clock()) / _SECOND
            self._session_timer = asyncio.get_running_loop().call_later(left_s, self._sign_out)
        expires_at = None if now.until is None else now.until // 1000
        self._answer(request.id, "auth", {"account": now.user, "expires_at": expires_at})

    async def _subscribe(self, request: protocol.Subscribe) -> None:
        names, since = list(dict.fromkeys([*request.channels, *request.since])), request.since
        if not names:
            raise InvalidRequest("Name channels, or the last seq of each in since.")
        private = [name for name in names if self._services.public.get(name) is None]
        for name in private:
            if not self._services.private.has(name):
                raise UnknownChannel(channel=name)
        if len(self._channels.keys() | names) > MAX_SUBSCRIPTIONS:
            raise TooManySubscriptions(limit=MAX_SUBSCRIPTIONS)
        if private:  # the snapshot of each is looked up, as if it were asked for over HTTP
            standing, limits = self._speaks_for(self._services.clock(), Scope.READ), self._services.limits
            limits.of_account(RequestClass.READ, standing.user, len(private), key=standing.key).check()
        self._answer(request.id, "subscribe", {"channels": names})
        for name in names:
            channel = self._services.public.get(name)
            if channel is not None:
                self._channels[name] = channel
                channel.subscribe(self._out, since.get(name))
            else:
                await self._subscribe_private(name, since.get(name))
        await asyncio.sleep(0)  # one write for each of these: nobody piles up snapshots

    async def _subscribe_private(self, name: str, since: int | None) -> None:
        private = self._services.private
        channel = private.open(name, self._speaks_for(self._services.clock(), Scope.READ).user)
        self._channels[name] = channel
        if since is not None and channel.resume(self._out, since):
            return
        try:
            await channel.subscribe(self._out)
        except BaseException as error:
            self._channels.pop(name, None)
            private.leave(channel, self._out)
            if isinstance(error, TimeoutError):
                raise Busy(channel=name) from None
            raise

    def _unsubscribe(self, request: protocol.Unsubscribe) -> None:
        for name in request.channels:
            channel = self._channels.pop(name, None)
            if channel is not None:
                self._leave_channel(channel)
        self._answer(request.id, "unsubscribe", {"channels": request.channels})

    def _spend(self, cost: int, now: Micros) -> None:
        """Count a message. Raises TooManyRequests, which is a fault."""
        if now >= self._spent_until:
            self._spent, self._spent_until = 0, now + _SECOND
        self._spent += cost
        if self._spent > BUDGET:
            self._count_fault()
            raise TooManyRequests

    def _speaks_for(self, now: Micros, scope: Scope) -> Standing:
        """Return for whom this connection speaks. Raises Unauthorized, MissingScope, and Busy once it is stopping."""
        if self._stopping:
            raise Busy("The exchange is stopping; try again in a moment.")
        standing = self._standing
        if standing is None or (standing.until is not None and standing.until <= now):
            raise Unauthorized('Say {"op": "auth", …} with a good access token or an API key first.')
        hold(standing.scopes, scope)
        if standing.key:
            self._services.keys.used(standing.key, self._address)
        return standing

    def _trader(self, now: Micros, cost: int) -> UserId:
        """Return for whom this connection orders, and count it. Raises LimitReached, and as _speaks_for."""
        standing = self._speaks_for(now, Scope.TRADE)
        self._services.limits.spend_order(standing.user, now, cost, key=standing.key)
        return standing.user

    def _answer(self, id_: protocol.Id, op: str, result: object) -> None:
        self._at_once(protocol.answer(id_, op, result))

    def _refuse(self, id_: protocol.Id, op: str | None, refused: Refused) -> None:
        self._at_once(protocol.refusal(id_, op, refused, self._services.desk.assets))

    def _at_once(self, frame: bytes) -> None:
        self._answers.at_once(frame)
        if self._answers.waiting > 2 * MAX_IN_FLIGHT:
            self._out.drop(FLOOD)

    def _count_fault(self) -> None:
        self._faults += 1
        if self._faults > MAX_FAULTS:
            self._out.drop(FAULTS)

    def _sign_out(self) -> None:
        self._standing = None
        self._stop_session_timer()
        self._leave_private()
        self._refuse(None, "auth", Unauthorized("The token or the API key has expired."))

    def _leave(self) -> None:
        self._out.close()
        self._stop_session_timer()
        for channel in self._channels.values():
            self._leave_channel(channel)
        self._channels.clear()
        if self._closing is None and self._transport.get_write_buffer_size():
            self._abort_later()

    def _leave_private(self) -> None:
        for name, channel in list(self._channels.items()):
            if isinstance(channel, PrivateChannel):
                del self._channels[name]
                self._leave_channel(channel)

    def _leave_channel(self, channel: PublicChannel | PrivateChannel) -> None:
        if isinstance(channel, PrivateChannel):
            self._services.private.leave(channel, self._out)
        else:
            channel.unsubscribe(self._out)

    def _stop_session_timer(self) -> None:
        if self._session_timer is not None:
            self._session_timer.cancel()
            self._session_timer = None

    def _dropped(self, reason: str) -> None:
        log.info("websocket client dropped", reason=reason)
        self.close(_CODES.get(reason, WSCloseCode.INTERNAL_ERROR), reason)

    async def _close(self, code: int, reason: str) -> None:
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._socket.close(code=code, message=reason.encode())
        except TimeoutError:
            self._transport.abort()
        else:
            self._abort_later()

    def _abort_later(self) -> None:
        """Cut off a closed connection whose last bytes do not leave."""
        asyncio.get_running_loop().call_later(CLOSE_S, self._transport.abort)
