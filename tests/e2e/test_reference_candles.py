"""A whole server whose feed is Binance shows the time before its first trade, and stops while it still asks."""

import asyncio
import time
from pathlib import Path
from typing import Any

from tests.simulators.binance import BinanceSimulator
from tests.simulators.klines import Trouble
from tests.support.server import Server, call

MARKETS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def candles(server: Server, symbol: str, interval: str) -> list[dict[str, Any]]:
    answer = call("GET", f"{server.url}/api/markets/{symbol}/candles?interval={interval}&limit=1000")
    found: list[dict[str, Any]] = answer.body["candles"]
    return found


def wait_for_history(server: Server) -> None:
    until = time.monotonic() + 30
    while not all(len(candles(server, symbol, interval)) == 1000 for symbol in MARKETS for interval in ("1d", "5m")):
        assert time.monotonic() < until, server.log[-4000:]
        time.sleep(0.1)


def trade(server: Server) -> None:
    for person, side in ((1, "buy"), (2, "sell")):
        server.fund(person, USDT="100000", SOL="2")
        order = {"symbol": "SOLUSDT", "side": side, "type": "limit", "price": "150.00", "quantity": "1.000"}
        assert call("POST", f"{server.url}/api/trading/orders", order, server.sign_in(person)).status == 201


async def test_it_is_there_soon_and_apart_from_what_trades(tmp_path: Path) -> None:
    async with BinanceSimulator(MARKETS, first_s=0).serving() as binance:
        addresses = {"CLOBSTER_BINANCE_REST_URL": binance.rest_url, "CLOBSTER_BINANCE_STREAM_URL": binance.stream_url}
        server = Server(tmp_path / "var", CLOBSTER_FEED="binance", **addresses)
        try:
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(wait_for_history, server)
            await asyncio.to_thread(trade, server)
            days = await asyncio.to_thread(candles, server, "SOLUSDT", "1d")
            assert [each["reference"] for each in days] == [True] * 999 + [False]
            assert (days[-1]["trades"], days[-1]["volume"], days[-1]["high"]) == (1, "1.000", "150.00")
            assert {each["trades"] for each in days[:-1]} == {0}
            stats = await asyncio.to_thread(call, "GET", f"{server.url}/api/markets/SOLUSDT/stats")
            assert (stats.body["ever"]["trades"], stats.body["ever"]["high"]) == (1, "150.00")
            assert await asyncio.to_thread(server.stop) == 0
        finally:
            server.kill()


async def test_a_server_stops_whatever_binance_does(tmp_path: Path) -> None:
    async with BinanceSimulator(MARKETS, first_s=0).serving() as binance:
        binance.klines.troubles = [Trouble(500)] * 1000
        addresses = {"CLOBSTER_BINANCE_REST_URL": binance.rest_url, "CLOBSTER_BINANCE_STREAM_URL": binance.stream_url}
        server = Server(tmp_path / "var", CLOBSTER_FEED="binance", **addresses)
        try:
            await asyncio.to_thread(server.start)
            for _ in range(200):
                if len(binance.klines.asked) >= 12:  # three markets, four lengths each
                    break
                await asyncio.sleep(0.1)
            assert await asyncio.to_thread(candles, server, "BTCUSDT", "1d") == []
            assert await asyncio.to_thread(server.stop) == 0
            assert "binance gave no history" in server.log
        finally:
            server.kill()


async def test_nobody_is_asked_where_binance_is_not_the_feed(tmp_path: Path) -> None:
    async with BinanceSimulator(MARKETS, first_s=0).serving() as binance:
        server = Server(tmp_path / "var", CLOBSTER_FEED="recorded", CLOBSTER_BINANCE_REST_URL=binance.rest_url)
        try:
            await asyncio.to_thread(server.start)
            await asyncio.sleep(2)
            assert (await asyncio.to_thread(server.stop), binance.klines.asked) == (0, [])
        finally:
            server.kill()
