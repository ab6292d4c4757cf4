"""A server follows Binance over loopback and hedges there: once, whatever becomes of the answers and of the server."""

import asyncio
import math
import sqlite3
from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path

import pytest

from clobster.audit import audit
from data.binance.simulator.orders import API_KEY, API_SECRET
from tests.e2e.test_market_maker import figure
from tests.simulators.binance import BinanceSimulator
from tests.support.server import Server, call

REAL = 'clobster_maker_inventory{book="real",market="BTCUSDT"}'
COST = 'clobster_maker_money{book="real",figure="hedge_cost",market="BTCUSDT"}'
OPEN = "clobster_hedges_open"
KEY = {"CLOBSTER_BINANCE_API_KEY": API_KEY, "CLOBSTER_BINANCE_API_SECRET": API_SECRET}


class Exchange:
    """A server that hedges, its venue, and a customer who buys of it."""

    def __init__(self, data_dir: Path, binance: BinanceSimulator) -> None:
        self.binance = binance
        self.database = data_dir / "clobster.db"
        self.server = Server(
            data_dir,
            CLOBSTER_FEED="binance",
            CLOBSTER_BINANCE_REST_URL=binance.rest_url,
            CLOBSTER_BINANCE_STREAM_URL=binance.stream_url,
            CLOBSTER_MAKER_INVENTORY="BTC=100:200:300",  # development gives it 200
            CLOBSTER_HEDGE="live",
            CLOBSTER_HEDGE_THRESHOLDS="BTC=0.05",
            CLOBSTER_HEDGE_ORDER_VALUE="1000000",
            CLOBSTER_HEDGE_MINUTE_VALUE="100000000",
            CLOBSTER_HEDGE_SLIPPAGE_PPM="50000",
            **KEY,
        )
        self._bought = 0

    async def start(self, **settings: str) -> None:
        """Start it, with settings other than usual, and wait for quotes."""
        usual = self.server.settings
        self.server.settings = usual | settings
        await asyncio.to_thread(self.server.start)
        self.server.settings = usual
        await until(lambda: self.figure('clobster_maker_levels{market="BTCUSDT",side="sell"}') > 0)

    def figure(self, name: str) -> float:
        return figure(self.server, name)

    async def sell(self) -> None:
        """Let the customer buy twice 0.03 BTC of the house, which is more than the threshold only together."""

        def buy() -> None:
            self.server.fund(42, USDT="10000")
            order = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.0300"}
            for _ in range(2):
                bought = call("POST", f"{self.server.url}/api/trading/orders", order, self.server.sign_in(42))
                assert (bought.status, bought.body["status"]) == (201, "filled")

        await asyncio.to_thread(buy)
        self._bought += 1

    def hedges(self) -> list[tuple[str, str, int, int]]:
        """Return state, name, base and quote of each hedge that is kept."""
        with sqlite3.connect(self.database) as connection:
            found = connection.execute("SELECT state, name, base, quote FROM hedges ORDER BY id").fetchall()
        connection.close()
        return found

    async def is_hedged(self) -> None:
        """Wait until all that was sold is bought back, and check that it was so by one order each time."""
        await until(lambda: len(self.hedges()) == self._bought and all(row[0] == "done" for row in self.hedges()))
        await until(lambda: self.figure(REAL) == 0)
        orders = self.binance.orders.orders
        assert [(order.side, order.status, order.executed) for order in orders] == [
            ("BUY", "FILLED", Decimal("0.06"))
        ] * self._bought
        assert [(name, base, quote) for _, name, base, quote in self.hedges()] == [
            (order.client_id, 6_000_000, math.ceil(order.spent * 10**6)) for order in orders
        ]
        assert self.figure(OPEN) == 0
        fees = float(sum(order.spent for order in orders)) * 0.001
        assert fees / 2 < self.figure(COST) < fees * 2  # the rest is how far prices were from the middle


async def until(met: Callable[[], bool], within_s: float = 30) -> None:
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(met):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.fixture
async def exchange(tmp_path: Path) -> AsyncIterator[Exchange]:
    async with BinanceSimulator(["BTCUSDT", "ETHUSDT"]).serving() as binance:
        opened = Exchange(tmp_path / "var", binance)
        try:
            yield opened
        finally:
            opened.server.kill()
    assert "Traceback" not in opened.server.log
    report = audit(opened.database)
    assert report.clean, report.lines
    with sqlite3.connect(opened.database) as connection:
        moved = connection.execute("SELECT DISTINCT reason FROM postings WHERE 3 IN (debit_owner, credit_owner)")
        assert {reason for (reason,) in moved} == {"deposit", "trade"}, "a hedge is no movement of the ledger"
    connection.close()


async def test_what_customers_buy_is_bought_back_once_whatever_becomes_of_the_answer(exchange: Exchange) -> None:
    orders = exchange.binance.orders
    await exchange.start()
    await exchange.sell()
    await exchange.is_hedged()
    for fault in ("lose_replies", "fail_after"):
        setattr(orders, fault, 1)
        await exchange.sell()
        await exchange.is_hedged()
        assert getattr(orders, fault) == 0
    assert exchange.figure("clobster_hedge_unknown_total") == 2
    assert orders.received == 3
    assert await asyncio.to_thread(exchange.server.stop) == 0


async def test_an_order_under_way_at_a_kill_is_looked_up_by_whoever_has_the_key(exchange: Exchange) -> None:
    orders = exchange.binance.orders
    await exchange.start()
    orders.delay_s = 0.5
    await exchange.sell()
    await until(lambda: orders.received == 1)
    exchange.server.kill()
    assert [state for state, *_ in exchange.hedges()] == ["sent"]
    await until(lambda: len(orders.orders) == 1)  # what was sent is not taken back

    await exchange.start(CLOBSTER_HEDGE="off", CLOBSTER_BINANCE_API_KEY="", CLOBSTER_BINANCE_API_SECRET="")
    assert exchange.figure(OPEN) == 1
    assert exchange.hedges()[0][1] in exchange.server.log
    assert exchange.figure(REAL) == -0.06
    exchange.server.kill()

    await exchange.start(CLOBSTER_HEDGE="off")
    await exchange.is_hedged()
    exchange.server.kill()

    await exchange.start()
    await exchange.is_hedged()
    assert orders.received == 1
    assert await asyncio.to_thread(exchange.server.stop) == 0
