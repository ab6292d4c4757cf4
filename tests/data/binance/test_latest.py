"""The mailbox between a feed's connection and its reader."""

import asyncio

from msgspec.structs import replace

from data.binance.latest import Latest
from engine.core.types import Micros, Symbol
from engine.ports import ExternalBook

BTC = ExternalBook(Symbol("BTCUSDT"), 1, Micros(0), (), ())
ETH = ExternalBook(Symbol("ETHUSDT"), 1, Micros(0), (), ())


async def test_a_slow_reader_gets_the_newest_book_of_each_symbol() -> None:
    latest = Latest()
    latest.put(BTC)
    latest.put(ETH)
    for update in range(2, 1_000):
        latest.put(replace(BTC, update_id=update))
    latest.put(replace(BTC, update_id=0, in_sync=False))
    assert await latest.take() == replace(BTC, update_id=0, in_sync=False)
    assert await latest.take() == ETH


async def test_a_reader_waits_for_a_book_and_closing_wakes_it() -> None:
    latest = Latest()
    reading = asyncio.create_task(latest.take())
    await asyncio.sleep(0)
    latest.put(BTC)
    assert await reading == BTC
    reading = asyncio.create_task(latest.take())
    await asyncio.sleep(0)
    latest.close()
    assert await reading is None
    latest.put(BTC)
    assert await latest.take() is None
