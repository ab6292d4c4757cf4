"""Orders of ours on Binance.

Binance refuses a client order id twice only while its first order is open, so an order that may have been filled must
never be sent again: whoever gets no answer looks it up. A request is signed within CALL_S, void RECV_WINDOW_MS after
that, and matched within ENGINE_S; an order that is not known after all this never will be.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

import aiohttp
import structlog
from msgspec import Struct, field

from data.binance.messages import MalformedMessage, Quantity, UpdateId, read
from data.binance.retries import reason
from data.binance.streams import open_client
from engine.core.decimals import MarketDecimals
from engine.core.market import Asset, Market
from engine.core.types import BUY, Atoms
from engine.ports import HedgeOrder, HedgeRefused, HedgeResult, HedgeUnknown

log = structlog.get_logger()

RECV_WINDOW_MS: Final = 5_000
ENGINE_S: Final = 10.0
MARGIN_S: Final = 5.0  # for clocks that differ
CALL_S: Final = 10.0
USUAL_FEE: Final = Fraction(1, 1000)  # where Binance does not tell it

ENDED: Final = {"FILLED", "CANCELED", "EXPIRED", "EXPIRED_IN_MATCH", "REJECTED"}
OFF_TIME: Final = -1021
NO_SUCH_ORDER: Final = -2013
NOT_TO_BE_CANCELLED: Final = -2011
# Codes that leave open what has happened, with whatever status; a duplicate says that there is an order of this name.
OPEN_CODES: Final = {-1000, -1001, -1006, -1007}
DUPLICATE: Final = (-2010, "Duplicate order sent.")


class _Fill(Struct):
    price: Quantity
    quantity: Quantity = field(name="qty")
    fee: Quantity = field(name="commission")
    fee_asset: str = field(name="commissionAsset")


class _Order(Struct):
    id: UpdateId = field(name="orderId")
    client_id: str = field(name="clientOrderId")
    symbol: str
    side: str
    price: Quantity
    quantity: Quantity = field(name="origQty")
    base: Quantity = field(name="executedQty")
    quote: Quantity = field(name="cummulativeQuoteQty")
    status: str
    fills: list[_Fill] | None = None


class _Market:
    def __init__(self, market: Market, base: Asset, quote: Asset) -> None:
        self.decimals = MarketDecimals(market, base, quote)
        self.base_scale, self.quote_scale = 10**base.decimals, 10**quote.decimals


class BinanceHedger:
    """Sends limit orders that are immediate or cancelled; see `engine.ports.Hedger`.

    Prices and quantities go out as our market has them: where Binance's tick or step is coarser, it refuses.
    """

    life_s = CALL_S + RECV_WINDOW_MS / 1000 + ENGINE_S + MARGIN_S

    def __init__(self, client: Any, api_error: type[Exception], markets: Iterable[tuple[Market, Asset, Asset]]) -> None:
        """`markets` come with their base and quote."""
        self._client = client
        self._api_error = api_error
        self._markets = {market.symbol: _Market(market, base, quote) for market, base, quote in markets}
        self._knows_time = False

    async def place(self, order: HedgeOrder) -> HedgeResult:
        """Send an order once. Raises HedgeRefused or HedgeUnknown."""
        decimals = self._markets[order.symbol].decimals
        wanted = {
            "symbol": order.symbol,
            "side": _side(order),
            "type": "LIMIT",
            "timeInForce": "IOC",
            "quantity": decimals.show_quantity(order.quantity),
            "price": decimals.show_price(order.price),
            "newClientOrderId": order.client_id,
            "newOrderRespType": "FULL",
        }
        try:
            answer = await self._in_time(self._client.create_order, wanted)
        except aiohttp.ClientConnectorError as error:
            raise HedgeRefused(f"Binance is not reached: {error}") from error  # nothing was sent
        except self._api_error as error:
            if _leaves_open(error):
                raise HedgeUnknown(str(error)) from error
            raise HedgeRefused(str(error)) from error
        except Exception as error:  # a lost answer, in whatever way
            raise HedgeUnknown(reason(error)) from error
        return await self._result(order, answer)

    async def look_up(self, order: HedgeOrder) -> HedgeResult | None:
        """Return what has become of an order by its client_id, None where Binance knows none. Raises HedgeUnknown."""
        try:
            answer = await self._in_time(self._client.get_order, _name(order))
        except Exception as error:
            if getattr(error, "code", 0) == NO_SUCH_ORDER:
                return None
            raise HedgeUnknown(reason(error)) from error
        return await self._result(order, answer)

    async def cancel(self, order: HedgeOrder) -> HedgeResult | None:
        """Let nothing more of an order trade, and return what has; None where there is none. Raises HedgeUnknown."""
        try:
            await self._in_time(self._client.cancel_order, _name(order))
        except Exception as error:
            if getattr(error, "code", 0) != NOT_TO_BE_CANCELLED:  # it has ended, or never began
                raise HedgeUnknown(reason(error)) from error
        return await self.look_up(order)

    async def _in_time(self, call: Any, wanted: dict[str, Any]) -> Any:
        """Ask, and once more where Binance has refused our clock: then it has done nothing."""
        async with asyncio.timeout(CALL_S):
            if not self._knows_time:
                await self._ask_for_time()
            try:
                return await call(**wanted)
            except self._api_error as error:
                if getattr(error, "code", 0) != OFF_TIME:
                    raise
                log.warning("binance refuses our clock, so it is set anew")
                await self._ask_for_time()
                return await call(**wanted)

    async def _ask_for_time(self) -> None:
        try:
            server_ms = int((await self._client.get_server_time())["serverTime"])
        except Exception as error:  # nothing has been sent that matters; our own clock may do
            log.warning("binance does not tell its time", error=reason(error))
            return
        self._client.timestamp_offset = server_ms - time.time_ns() // 1_000_000
        self._knows_time = True

    async def _result(self, order: HedgeOrder, answer: Mapping[str, Any]) -> HedgeResult:
        try:
            told = read(answer, _Order)
        except MalformedMessage as malformed:
            raise HedgeUnknown(f"Binance's answer is no order: {malformed}") from malformed
        market = self._markets[order.symbol]
        asked = (market.decimals.show_quantity(order.quantity), market.decimals.show_price(order.price))
        ours = (order.client_id, order.symbol, _side(order), *map(Fraction, asked))
        if (told.client_id, told.symbol, told.side, Fraction(told.quantity), Fraction(told.price)) != ours:
            raise HedgeUnknown(f"Binance knows another order by the name {order.client_id}")
        base, quote = Fraction(told.base), Fraction(told.quote)
        fee = await self._fee(told, market, quote) if base else Fraction(0)
        # What is no whole number of atoms is counted against us.
        exchanged = -(-quote * market.quote_scale // 1) if order.side is BUY else quote * market.quote_scale // 1
        return HedgeResult(
            is_final=told.status in ENDED,
            base=Atoms(base * market.base_scale // 1),
            quote=Atoms(exchanged),
            fee=Atoms(-(-fee * market.quote_scale // 1)),
        )

    async def _fee(self, order: _Order, market: "_Market", quote: Fraction) -> Fraction:
        """Return what an order's fee is worth in the quote asset."""
        try:
            async with asyncio.timeout(CALL_S):
                fills = order.fills
                if fills is None:
                    trades = await self._client.get_my_trades(symbol=order.symbol, orderId=order.id)
                    fills = [read(trade, _Fill) for trade in trades]
                worth = Fraction(0)
                for fill in fills:
                    worth += Fraction(fill.fee) * await self._price(fill, market)
        except Exception as error:
            log.warning("binance does not tell a fee, so the usual one is counted", error=reason(error))
            return quote * USUAL_FEE
        return worth

    async def _price(self, fill: _Fill, market: "_Market") -> Fraction:
        rules = market.decimals.market
        if fill.fee_asset == rules.quote:
            return Fraction(1)
        if fill.fee_asset == rules.base:
            return Fraction(fill.price)
        answer = await self._client.get_symbol_ticker(symbol=f"{fill.fee_asset}{rules.quote}")
        return Fraction(answer["price"])


@contextlib.asynccontextmanager
async def open_hedger(
    rest_url: str, key: str, secret: str, markets: Iterable[tuple[Market, Asset, Asset]]
) -> AsyncIterator[BinanceHedger]:
    """Make orders on Binance possible with the key of an account; nothing is asked yet."""
    async with open_client(rest_url.rstrip("/"), key, secret) as (library, client):
        client.REQUEST_RECVWINDOW = RECV_WINDOW_MS
        yield BinanceHedger(client, library.exceptions.BinanceAPIException, markets)


def _side(order: HedgeOrder) -> str:
    return "BUY" if order.side is BUY else "SELL"


def _name(order: HedgeOrder) -> dict[str, Any]:
    return {"symbol": order.symbol, "origClientOrderId": order.client_id}


def _leaves_open(error: Exception) -> bool:
    """Tell whether a refusal leaves open what has happened: Binance says so, or it was somebody else who answered."""
    code, message, status = getattr(error, "code", 0), getattr(error, "message", ""), getattr(error, "status_code", 0)
    is_known = isinstance(code, int) and code < 0
    return status >= 500 or not is_known or code in OPEN_CODES or (code, message) == DUPLICATE
