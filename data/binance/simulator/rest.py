"""Binance's public REST interface over a venue."""

import asyncio
import time
from collections import deque
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from aiohttp import web

from data.binance.simulator.errors import Refusal, invalid_symbol, of_status
from data.binance.simulator.faults import Faults
from data.binance.simulator.venue import Market, Venue
from engine.core.types import Symbol

STEPS = {"BTCUSDT": "0.00001000", "ETHUSDT": "0.00010000"}
TICK = "0.01000000"
MIN_NOTIONAL = "5.00000000"


class Rest:
    """Answers by route.

    depth_requests counts what was asked; refusals are what the next requests for depth are refused with,
    depth_delay_s is how long an answer is on its way. clock_skew_ms is added to the server's time.
    """

    def __init__(self, venue: Venue, faults: Faults) -> None:
        self.depth_requests = 0
        self.depth_delay_s = 0.0
        self.refusals: deque[Refusal] = deque()
        self.clock_skew_ms = 0
        self._venue = venue
        self._faults = faults

    def refuse_depth(self, times: int, status: int = 429, retry_after_s: int | None = 1) -> None:
        """Refuse the next requests for depth."""
        self.refusals += [of_status(status, retry_after_s) for _ in range(times)]

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/v3/ping", self._ping),
            web.get("/api/v3/time", self._time),
            web.get("/api/v3/depth", self._depth),
            web.get("/api/v3/trades", self._trades),
            web.get("/api/v3/klines", self._klines),
            web.get("/api/v3/exchangeInfo", self._exchange_info),
            web.get("/api/v3/ticker/bookTicker", self._book_ticker),
            web.get("/api/v3/ticker/price", self._price),
            web.get("/api/v3/ticker/24hr", self._day),
        ]

    def now_ms(self) -> int:
        """Return the server's time."""
        return time.time_ns() // 1_000_000 + self.clock_skew_ms

    def market(self, parameters: Mapping[str, str]) -> Market:
        """Return the market that a request names. Raises Refusal."""
        if "symbol" not in parameters:
            raise Refusal(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        market = self._venue.markets.get(Symbol(parameters["symbol"]))
        if market is None:
            raise invalid_symbol()
        return market

    async def _ping(self, _: web.Request) -> web.Response:
        return web.json_response({})

    async def _time(self, _: web.Request) -> web.Response:
        return web.json_response({"serverTime": self.now_ms()})

    async def _depth(self, request: web.Request) -> web.Response:
        self.depth_requests += 1
        if self.refusals:
            raise self.refusals.popleft()
        market, limit = self.market(request.query), _limit(request, 100, 5_000)
        if not market.book.in_sync:  # the recording has not come to its snapshot yet
            raise of_status(503)
        answer: dict[str, Any] = {
            "lastUpdateId": market.book.last_update_id,
            "bids": market.book.bids.top(limit),
            "asks": market.book.asks.top(limit),
        }
        if self._faults.old_snapshots > 0:
            self._faults.old_snapshots -= 1
            answer = market.first_snapshot
        await asyncio.sleep(self.depth_delay_s)
        return web.json_response(answer, headers={"X-MBX-USED-WEIGHT-1M": "250"})

    async def _trades(self, request: web.Request) -> web.Response:
        market, limit = self.market(request.query), _limit(request, 500, 1_000)
        return web.json_response([_trade(event) for event in market.trades[-limit:]])

    async def _klines(self, request: web.Request) -> web.Response:
        """Tell the minutes that are over since the program's start; of all longer intervals nothing is known."""
        minutes, limit = self.market(request.query).minutes, _limit(request, 500, 1_000)
        since_ms, until_ms = _whole(request, "startTime", 0), _whole(request, "endTime", 2**53)
        known = minutes.ended if request.query.get("interval") == "1m" else ()
        found = [kline for kline in known if since_ms <= kline["t"] <= until_ms][:limit]
        return web.json_response([[kline[name] for name in "tohlcvTqnVQB"] for kline in found])

    async def _exchange_info(self, request: web.Request) -> web.Response:
        markets = [self.market(request.query)] if "symbol" in request.query else self._venue.markets.values()
        answer = {
            "timezone": "UTC",
            "serverTime": self.now_ms(),
            "rateLimits": [
                {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6_000},
                {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
                {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
                {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300_000},
            ],
            "exchangeFilters": [],
            "symbols": [_rules(market.symbol) for market in markets],
        }
        return web.json_response(answer)

    async def _book_ticker(self, request: web.Request) -> web.Response:
        best = _best(self.market(request.query))
        return web.json_response(best)

    async def _price(self, request: web.Request) -> web.Response:
        market = self.market(request.query)
        if not market.trades:
            raise of_status(503)
        return web.json_response({"symbol": market.symbol, "price": market.trades[-1]["p"]})

    async def _day(self, request: web.Request) -> web.Response:
        market = self.market(request.query)
        best, trades = _best(market), market.trades
        if not trades:
            raise of_status(503)
        prices = [Decimal(trade["p"]) for trade in trades]
        first, last = prices[0], prices[-1]
        volume = sum((Decimal(trade["q"]) for trade in trades), Decimal())
        quote_volume = sum((Decimal(trade["p"]) * Decimal(trade["q"]) for trade in trades), Decimal())
        answer = {
            **best,
            "priceChange": f"{last - first:.8f}",
            "priceChangePercent": f"{(last - first) / first * 100:.3f}",
            "weightedAvgPrice": f"{quote_volume / volume:.8f}",
            "prevClosePrice": trades[0]["p"],
            "lastPrice": trades[-1]["p"],
            "lastQty": trades[-1]["q"],
            "openPrice": trades[0]["p"],
            "highPrice": f"{max(prices):.8f}",
            "lowPrice": f"{min(prices):.8f}",
            "volume": f"{volume:.8f}",
            "quoteVolume": f"{quote_volume:.8f}",
            "openTime": trades[0]["T"],
            "closeTime": self.now_ms(),
            "firstId": trades[0]["t"],
            "lastId": trades[-1]["t"],
            "count": len(trades),
        }
        return web.json_response(answer)


def filters(symbol: str) -> list[dict[str, Any]]:
    """Return a symbol's filters as exchangeInfo shows them."""
    step = STEPS.get(symbol, "0.00010000")
    return [
        {"filterType": "PRICE_FILTER", "minPrice": TICK, "maxPrice": "1000000.00000000", "tickSize": TICK},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000.00000000", "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "88.00000000", "stepSize": "0.00000000"},
        {
            "filterType": "NOTIONAL",
            "minNotional": MIN_NOTIONAL,
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ]


def _rules(symbol: str) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "icebergAllowed": False,
        "ocoAllowed": False,
        "quoteOrderQtyMarketAllowed": False,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": filters(symbol),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _best(market: Market) -> dict[str, Any]:
    if not market.book.in_sync:
        raise of_status(503)
    (bid, bid_quantity), (ask, ask_quantity) = market.book.bids.top(1)[0], market.book.asks.top(1)[0]
    return {"symbol": market.symbol, "bidPrice": bid, "bidQty": bid_quantity, "askPrice": ask, "askQty": ask_quantity}


def _trade(event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": event["t"],
        "price": event["p"],
        "qty": event["q"],
        "quoteQty": f"{Decimal(event['p']) * Decimal(event['q']):.8f}",
        "time": event["T"],
        "isBuyerMaker": event["m"],
        "isBestMatch": event["M"],
    }


def _limit(request: web.Request, usual: int, most: int) -> int:
    return max(1, min(_whole(request, "limit", usual), most))


def _whole(request: web.Request, name: str, usual: int) -> int:
    text = request.query.get(name, str(usual))
    if not (text.isdecimal() and len(text) <= 20):
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'.")
    return int(text)
