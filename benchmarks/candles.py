"""What a trade costs in candles and tickers: in memory after the commit, and as rows within it.

Beside it a bare loop that keeps nothing but one market's open, high, low, close and volume by minute in a dict. Every
run is checked against that loop's totals.

JSON keys, all in microseconds a trade: memory_us and rows_us (batches of BATCH trades), one_by_one_us (memory, batches
of a single trade), total_us (memory_us + rows_us), bare_us; and verified.
"""

import argparse
import gc
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from data.store import rows, statements
from data.store.migrate import sqlite_url, upgrade
from engine.core.events import Traded
from engine.core.types import Atoms, Lots, Micros, OrderId, Side, Symbol, Ticks, TradeId, UserId, WithdrawalId
from engine.market_data.intervals import MINUTE, Interval
from engine.market_data.market_data import MarketData
from engine.sequencer.batch import Batch

SYMBOLS = (Symbol("BTCUSDT"), Symbol("ETHUSDT"), Symbol("SOLUSDT"))
START = 1_700_000_000_000_000
BATCH = 100
ROUNDS = 5

Bars = dict[tuple[str, int], list[int]]


def some_trades(count: int) -> list[Traded]:
    """Make trades of all markets, twenty a second: a minute of a market has four hundred."""
    chance = random.Random(42)
    trades, price = [], 6_000_000
    for number in range(1, count + 1):
        price += chance.randrange(-50, 51)
        quantity = chance.randrange(1, 1000)
        trades.append(
            Traded(
                TradeId(number),
                chance.choice(SYMBOLS),
                Micros(START + number * 50_000),
                Ticks(price),
                Lots(quantity),
                Atoms(price * quantity),
                chance.choice((Side.BUY, Side.SELL)),
                OrderId(0),
                UserId(3),
                Atoms(1),
                OrderId(number),
                UserId(1000),
                Atoms(1),
                number,
            )
        )
    return trades


def batches(trades: Sequence[Traded], size: int) -> list[Batch]:
    """Put trades into committed batches of this size."""
    return [
        Batch(
            epoch=1,
            first_seq=begin + 1,
            last_seq=begin + size,
            at=trades[begin].at,
            commands=b"",
            digest=b"",
            next_order=OrderId(1),
            next_trade=TradeId(1),
            next_withdrawal=WithdrawalId(1),
            events=[],
            assets=[],
            markets=[],
            orders=[],
            trades=list(trades[begin : begin + size]),
            postings=[],
            balances=[],
            levels=[],
            deposits=[],
            withdrawals=[],
        )
        for begin in range(0, len(trades), size)
    ]


def bare(trades: Sequence[Traded]) -> Bars:
    """Keep the bars of minutes, and nothing else."""
    bars: Bars = {}
    for trade in trades:
        key = trade.symbol, trade.at // MINUTE
        price = trade.price
        bar = bars.get(key)
        if bar is None:
            bars[key] = [price, price, price, price, trade.quantity]
            continue
        if price > bar[1]:
            bar[1] = price
        if price < bar[2]:
            bar[2] = price
        bar[3] = price
        bar[4] += trade.quantity
    return bars


def in_memory(made: Sequence[Batch], bars: Bars) -> tuple[float, bool]:
    """Feed the batches to MarketData; return seconds and whether the newest candle and the day are the bare loop's."""
    now = Micros(made[-1].trades[-1].at)
    data = MarketData(SYMBOLS, lambda: now)
    started = time.perf_counter()
    for batch in made:
        data.on_batch(batch)
    seconds = time.perf_counter() - started
    right = True
    for symbol in SYMBOLS:
        last = [bar for (of, _), bar in bars.items() if of == symbol][-1]
        candle = data.candle(symbol, Interval.ONE_MINUTE)
        assert candle is not None
        right &= [candle.open, candle.high, candle.low, candle.close, candle.volume] == last
        right &= data.ticker(symbol).volume == sum(bar[4] for (of, _), bar in bars.items() if of == symbol)
    return seconds, right


def as_rows(made: Sequence[Batch], bars: Bars) -> tuple[float, bool]:
    """Write the batches' candles in one transaction each, its begin and commit not counted; return the same."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "exchange.sqlite"
        upgrade(sqlite_url(path))
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")  # there are no markets here; the look-up is the writer's
        seconds = 0.0
        for batch in made:
            connection.execute("BEGIN IMMEDIATE")
            started = time.perf_counter()
            statements.CANDLES.run(connection, rows.candle_rows(batch.trades))
            seconds += time.perf_counter() - started
            connection.execute("COMMIT")
        kept = connection.execute("SELECT open, high, low, close, volume FROM candles WHERE minutes = 1").fetchall()
        connection.close()
    return seconds, sorted(kept) == sorted(map(tuple, bars.values()))


def main() -> None:
    """Measure all, alternating, and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--trades", type=int, default=100_000)
    arguments = parser.parse_args()

    trades = some_trades(arguments.trades)
    many, single = batches(trades, BATCH), batches(trades, 1)
    gc.collect()
    gc.freeze()  # as the server does after its start
    taken: dict[str, list[float]] = {"bare": [], "memory": [], "one_by_one": [], "rows": []}
    verified = True
    for _ in range(ROUNDS):
        started = time.perf_counter()
        bars = bare(trades)
        taken["bare"].append(time.perf_counter() - started)
        for name, measured in (
            ("memory", in_memory(many, bars)),
            ("one_by_one", in_memory(single, bars)),
            ("rows", as_rows(many, bars)),
        ):
            taken[name].append(measured[0])
            verified &= measured[1]

    us = {f"{name}_us": round(statistics.median(found) / len(trades) * 1e6, 2) for name, found in taken.items()}
    us["total_us"] = round(us["memory_us"] + us["rows_us"], 2)
    print(f"microseconds a trade, {len(trades):,} trades in {len(SYMBOLS)} markets, median of {ROUNDS} runs")
    print(f"  a bare loop over a dict              {us['bare_us']:>6.2f}")
    print(f"  candles and ticker, batches of {BATCH:<6}{us['memory_us']:>6.2f}")
    print(f"  the same, batches of one             {us['one_by_one_us']:>6.2f}")
    print(f"  rows of candles, batches of {BATCH:<9}{us['rows_us']:>6.2f}")
    print(f"  candles, ticker and rows together    {us['total_us']:>6.2f}")
    print("  every run agreed with the bare loop" if verified else "  NOT VERIFIED")
    if arguments.json:
        print(json.dumps({**us, "verified": verified}))
    sys.exit(not verified)


if __name__ == "__main__":
    main()
