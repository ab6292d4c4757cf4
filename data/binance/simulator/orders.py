"""Binance's orders: one account that trades against the recorded book."""

import asyncio
import hashlib
import hmac
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from data.binance.simulator.errors import Refusal, of_status
from data.binance.simulator.rest import MIN_NOTIONAL, STEPS, TICK, Rest
from data.binance.simulator.venue import Market

API_KEY = "simulated-key"
API_SECRET = "simulated-secret"  # noqa: S105  of play money
FEE = Decimal("0.001")
MAX_RECV_WINDOW_MS = 60_000


@dataclass
class Order:
    """An order and what it did."""

    id: int
    client_id: str
    market: Market
    side: str
    type: str
    time_in_force: str
    quantity: Decimal
    price: Decimal
    at_ms: int
    status: str = "NEW"
    fills: list[dict[str, str | int]] = field(default_factory=list)

    @property
    def executed(self) -> Decimal:
        """How much has traded."""
        return sum((Decimal(fill["qty"]) for fill in self.fills), Decimal())

    @property
    def spent(self) -> Decimal:
        """How much of the quote asset has changed hands."""
        return sum((Decimal(fill["qty"]) * Decimal(fill["price"]) for fill in self.fills), Decimal())

    def view(self) -> dict[str, Any]:
        """Return it as Binance shows it, without its fills."""
        return {
            "symbol": self.market.symbol,
            "orderId": self.id,
            "orderListId": -1,
            "clientOrderId": self.client_id,
            "price": f"{self.price:.8f}",
            "origQty": f"{self.quantity:.8f}",
            "executedQty": f"{self.executed:.8f}",
            "cummulativeQuoteQty": f"{self.spent:.8f}",
            "status": self.status,
            "timeInForce": self.time_in_force,
            "type": self.type,
            "side": self.side,
            "time": self.at_ms,
            "updateTime": self.at_ms,
            "isWorking": True,
        }


class Orders:
    """Answers by route; prices are those of the recorded book, which a trade here leaves as it is.

    Faults, each for the next so many orders: lose_replies carries the order out and cuts the connection, fail_after
    carries it out and answers 504, fail_before answers 503 and does nothing, refusals are what to answer with.
    delay_s is how long a request is on its way before it is looked at; unseen is how many look-ups find nothing where
    there is something. received counts requests for an order, as soon as they are on their way.
    """

    def __init__(self, rest: Rest, *, key: str = API_KEY, secret: str = API_SECRET) -> None:
        self.orders: list[Order] = []
        self.balances = {"USDT": Decimal(1_000_000), "BTC": Decimal(10), "ETH": Decimal(100)}
        self.lose_replies = 0
        self.fail_after = 0
        self.fail_before = 0
        self.unseen = 0
        self.received = 0
        self.delay_s = 0.0
        self.refusals: list[Refusal] = []
        self._rest = rest
        self._key = key
        self._secret = secret.encode()
        self._ids = itertools.count(1)
        self._late: set[asyncio.Task[None]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/v3/order", self._post),
            web.get("/api/v3/order", self._get),
            web.delete("/api/v3/order", self._delete),
            web.get("/api/v3/myTrades", self._my_trades),
            web.get("/api/v3/account", self._account),
        ]

    async def _post(self, request: web.Request) -> web.StreamResponse:
        raw, body = request.rel_url.raw_query_string, await request.text()
        # A client that has given up waiting does not take back what it sent, so this goes on by itself.
        return await asyncio.shield(asyncio.create_task(self._placed(request, raw, body)))

    async def _placed(self, request: web.Request, raw: str, body: str) -> web.StreamResponse:
        self.received += 1
        await asyncio.sleep(self.delay_s)
        parameters = self._signed(request, raw, body)
        if self.refusals:
            raise self.refusals.pop(0)
        if self.fail_before > 0:
            self.fail_before -= 1
            raise of_status(503)
        order = self._place(parameters)
        if self.lose_replies > 0:
            self.lose_replies -= 1
            if request.transport is not None:
                request.transport.abort()
        if self.fail_after > 0:
            self.fail_after -= 1
            raise of_status(504)
        return web.json_response(order.view() | {"transactTime": order.at_ms, "fills": order.fills})

    async def _get(self, request: web.Request) -> web.Response:
        order = self._find(self._signed(request, request.rel_url.raw_query_string, ""), self.orders)
        if order is None or self.unseen > 0:
            self.unseen = max(0, self.unseen - 1)
            raise Refusal(-2013, "Order does not exist.")
        return web.json_response(order.view())

    async def _delete(self, request: web.Request) -> web.Response:
        parameters = self._signed(request, request.rel_url.raw_query_string, await request.text())
        order = self._find(parameters, [each for each in self.orders if each.status == "NEW"])
        if order is None:
            raise Refusal(-2011, "Unknown order sent.")
        order.status = "CANCELED"
        return web.json_response(order.view())

    async def _my_trades(self, request: web.Request) -> web.Response:
        parameters = self._signed(request, request.rel_url.raw_query_string, "")
        symbol, order_id = self._rest.market(parameters).symbol, parameters.get("orderId")
        found = [
            {"symbol": symbol, "id": fill["tradeId"], "orderId": order.id, "time": order.at_ms, **fill}
            for order in self.orders
            if order.market.symbol == symbol and order_id in (None, str(order.id))
            for fill in order.fills
        ]
        return web.json_response(found)

    async def _account(self, request: web.Request) -> web.Response:
        self._signed(request, request.rel_url.raw_query_string, "")
        balances = [
            {"asset": asset, "free": f"{amount:.8f}", "locked": "0.00000000"} for asset, amount in self.balances.items()
        ]
        return web.json_response({"canTrade": True, "accountType": "SPOT", "balances": balances})

    def _place(self, parameters: Mapping[str, str]) -> Order:
        market = self._rest.market(parameters)
        side, kind = _one_of(parameters, "side", "BUY", "SELL"), _one_of(parameters, "type", "LIMIT", "MARKET")
        quantity, price, time_in_force = _number(parameters, "quantity"), Decimal(0), "GTC"
        if kind == "LIMIT":
            price = _number(parameters, "price")
            time_in_force = _one_of(parameters, "timeInForce", "GTC", "IOC", "FOK")
            if price % Decimal(TICK):
                raise Refusal(-1013, "Filter failure: PRICE_FILTER")
        if quantity % Decimal(STEPS[market.symbol]):
            raise Refusal(-1013, "Filter failure: LOT_SIZE")
        if not market.book.in_sync:
            raise of_status(503)
        if quantity * (price or market.book.asks[0][0]) < Decimal(MIN_NOTIONAL):
            raise Refusal(-1013, "Filter failure: NOTIONAL")
        client_id = parameters.get("newClientOrderId") or f"simulated-{len(self.orders) + 1}"
        if any(order.client_id == client_id and order.status == "NEW" for order in self.orders):
            raise Refusal(-2010, "Duplicate order sent.")
        order = Order(
            len(self.orders) + 1, client_id, market, side, kind, time_in_force, quantity, price, self._rest.now_ms()
        )
        self._fill(order)
        self.orders.append(order)
        return order

    def _fill(self, order: Order) -> None:
        """Trade an order, whole or not at all. Raises Refusal."""
        book, buys = order.market.book, order.side == "BUY"
        fills = list(_matches(order, book.asks if buys else book.bids))
        executed = sum((quantity for _, quantity in fills), Decimal())
        spent = sum((price * quantity for price, quantity in fills), Decimal())
        if order.time_in_force == "FOK" and executed < order.quantity:
            fills, executed, spent = [], Decimal(), Decimal()
        base, quote = order.market.symbol.removesuffix("USDT"), "USDT"
        given, taken, gives, takes = (quote, base, spent, executed) if buys else (base, quote, executed, spent)
        if self.balances[given] < gives:
            raise Refusal(-2010, "Account has insufficient balance for requested action.")
        self.balances[given] -= gives
        self.balances[taken] += takes * (1 - FEE)
        for price, quantity in fills:
            fee = (quantity if buys else quantity * price) * FEE
            order.fills.append(
                {
                    "price": f"{price:.8f}",
                    "qty": f"{quantity:.8f}",
                    "commission": f"{fee:.8f}",
                    "commissionAsset": taken,
                    "tradeId": next(self._ids),
                }
            )
        if executed == order.quantity:
            order.status = "FILLED"
        elif order.type == "MARKET" or order.time_in_force != "GTC":
            order.status = "EXPIRED"

    def _find(self, parameters: Mapping[str, str], orders: list[Order]) -> Order | None:
        symbol = self._rest.market(parameters).symbol
        client_id, order_id = parameters.get("origClientOrderId"), parameters.get("orderId")
        if client_id is None and order_id is None:
            raise Refusal(-1102, "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!")
        found = (
            order
            for order in reversed(orders)
            if order.market.symbol == symbol
            and client_id in (None, order.client_id)
            and order_id in (None, str(order.id))
        )
        return next(found, None)

    def _signed(self, request: web.Request, raw_query: str, body: str) -> dict[str, str]:
        """Return the parameters of a request that is signed and in time. Raises Refusal."""
        if request.headers.get("X-MBX-APIKEY") != self._key:
            raise Refusal(-2015, "Invalid API-key, IP, or permissions for action.", 401)
        parameters = dict(parse_qsl(body, keep_blank_values=True)) | dict(parse_qsl(raw_query, keep_blank_values=True))
        signed = "".join(
            "&".join(part for part in raw.split("&") if not part.startswith("signature=")) for raw in (raw_query, body)
        )
        expected = hmac.new(self._secret, signed.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(parameters.get("signature", "").lower().encode(), expected.encode()):
            raise Refusal(-1022, "Signature for this request is not valid.")
        at_ms, window_ms = parameters.get("timestamp", ""), parameters.get("recvWindow", "5000")
        if not (at_ms.isdecimal() and window_ms.isdecimal() and int(window_ms) <= MAX_RECV_WINDOW_MS):
            raise Refusal(-1102, "Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.")
        now_ms = self._rest.now_ms()
        if not (int(at_ms) < now_ms + 1_000 and now_ms - int(at_ms) <= int(window_ms)):
            raise Refusal(-1021, "Timestamp for this request is outside of the recvWindow.")
        return parameters


def _matches(order: Order, side: Any) -> Iterator[tuple[Decimal, Decimal]]:
    left = order.quantity
    for price, quantity in side:
        is_too_dear = order.type == "LIMIT" and (price > order.price if order.side == "BUY" else price < order.price)
        if is_too_dear or not left:
            return
        traded = min(left, quantity)
        left -= traded
        yield price, traded


def _one_of(parameters: Mapping[str, str], name: str, *values: str) -> str:
    value = parameters.get(name)
    if value is None:
        raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.")
    if value not in values:
        raise Refusal(-1106 if name == "timeInForce" else -1117, f"Invalid {name}.")
    return value


def _number(parameters: Mapping[str, str], name: str) -> Decimal:
    try:
        value = Decimal(parameters.get(name, ""))
    except InvalidOperation:
        raise Refusal(-1102, f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.") from None
    if not (value.is_finite() and value > 0):
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'.")
    return value
