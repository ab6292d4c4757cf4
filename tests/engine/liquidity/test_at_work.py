"""The market maker on the recording, with everything real behind it."""

import asyncio
import time
from pathlib import Path

from data.binance.recorded import RecordedFeed
from engine.core.types import Symbol
from engine.liquidity.maker import MakerSettings
from tests.engine.liquidity.house import house, running
from tests.engine.liquidity.markets import BTCUSDT, ETHUSDT


async def test_both_markets_follow_the_recording_while_somebody_trades(tmp_path: Path) -> None:
    async with house(tmp_path / "exchange.db") as exchange:
        await exchange.fund(exchange.ann, USDT=100_000, BTC=1, ETH=10)
        exchange.feed = RecordedFeed([BTCUSDT.symbol, ETHUSDT.symbol], exchange.clock, speed=10.0)
        before, started_s = exchange.sequencer.seq, time.monotonic()
        async with running(exchange.hire(MakerSettings(), now=time.monotonic)):
            await exchange.until(lambda: bool(exchange.resting().bids) and bool(exchange.resting("ETHUSDT").bids))
            for turn in range(10):
                await asyncio.sleep(0.2)
                symbol = Symbol("BTCUSDT" if turn % 2 else "ETHUSDT")
                await exchange.trade(exchange.ann, "buy" if turn % 4 < 2 else "sell", 500, symbol)
                await exchange.until(lambda: True)
                bids, asks = exchange.resting(symbol).bids, exchange.resting(symbol).asks
                assert 5 <= len(bids) <= 15
                assert 5 <= len(asks) <= 15
        commands = exchange.sequencer.seq - before
        books = 2 * 10 * (time.monotonic() - started_s)
        assert 20 < commands < 20 + books
        assert exchange.resting().bids == exchange.resting("ETHUSDT").asks == ()
