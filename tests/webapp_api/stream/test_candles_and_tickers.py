"""The channels of candles, and tickers of a market in which nothing happens."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from engine.core.types import MarketState, Micros, Symbol
from engine.market_data.intervals import MINUTE, Interval
from engine.market_data.reference_price import ReferencePrice
from tests.support.batches import batch, level, trade
from tests.support.own_time import own_time
from tests.webapp_api.stream.world import Client, clock, world
from webapp_api.stream import public

BTC = Symbol("BTCUSDT")
MINUTES = "candles:BTCUSDT:1m"


def figures(message: dict[str, Any]) -> tuple[Any, ...]:
    data = message["data"]
    candle = data["candle"]
    return (
        data["closed"],
        candle["begin_at"],
        *(candle[name] for name in ("open", "high", "low", "close", "volume", "trades")),
    )


async def subscribed(client: Client, *channels: str) -> list[dict[str, Any]]:
    await client.ask(op="subscribe", id=1, channels=channels)
    return [await client.of(name) for name in channels]


async def test_a_candle_is_told_as_it_grows_and_once_more_when_it_is_over(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        (empty,) = await subscribed(client, MINUTES)
        assert (empty["type"], empty["data"]) == (
            "snapshot",
            {"symbol": "BTCUSDT", "interval": "1m", "closed": False, "candle": None},
        )
        minute = clock() // MINUTE
        begin = Micros(minute * MINUTE)
        there.publish(batch(trades=[trade(1, 100, 5, at=begin), trade(2, 120, 5, at=begin)]))
        assert figures(await client.of(MINUTES)) == (False, begin // 1000, "1.00", "1.20", "1.00", "1.20", "0.0010", 2)
        there.publish(batch(trades=[trade(3, 90, 5, at=begin)]))
        assert figures(await client.of(MINUTES)) == (False, begin // 1000, "1.00", "1.20", "0.90", "0.90", "0.0015", 3)
        there.publish(batch(trades=[trade(4, 95, 1, at=begin), trade(5, 80, 2, at=Micros(begin + MINUTE))]))
        closed, newest = await client.of(MINUTES), await client.of(MINUTES)
        assert figures(closed) == (True, begin // 1000, "1.00", "1.20", "0.90", "0.95", "0.0016", 4)
        assert figures(newest) == (False, begin // 1000 + 60_000, "0.80", "0.80", "0.80", "0.80", "0.0002", 1)
        assert newest["seq"] == closed["seq"] + 1
        late = await there.client()
        (snapshot,) = await subscribed(late, MINUTES)
        assert (snapshot["seq"], figures(snapshot)) == (newest["seq"], figures(newest))


async def test_every_interval_has_a_channel_and_many_trades_make_few_updates(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        names = [f"candles:BTCUSDT:{interval.value}" for interval in Interval]
        await subscribed(client, *names)
        for number in range(1, 201):
            there.publish(batch(trades=[trade(number, 100 + number, 1, at=clock())]))
        told = await client.rest()
        assert {message["channel"] for message in told} == set(names)
        assert len(told) <= 6 * len(names)
        newest = {message["channel"]: message["data"]["candle"] for message in told}
        assert newest["candles:BTCUSDT:1M"]["trades"] == 200


async def test_who_resumes_candles_after_a_change_nobody_heard_gets_a_snapshot(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        there.publish(batch(trades=[trade(1, 100, 5, at=clock())]))
        (first,) = await subscribed(client, MINUTES)
        await client.ask(op="unsubscribe", id=2, channels=[MINUTES])
        there.publish(batch(trades=[trade(2, 100, 5, at=Micros(clock() + MINUTE))]))
        await client.ask(op="subscribe", id=3, since={MINUTES: first["seq"]})
        told = [message for message in await client.rest() if "channel" in message]
        assert [message["data"]["candle"]["trades"] for message in told][-1] == 1
        assert [message["seq"] for message in told] == [first["seq"] + 1 + number for number in range(len(told))]


async def test_candles_of_no_such_interval_are_unknown(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for name in ("candles:BTCUSDT", "candles:BTCUSDT:2m", "candles:NOPE:1m", "candles:BTCUSDT:1m:"):
            answer = await client.ask(op="subscribe", id=1, channels=[name])
            assert answer["error"]["code"] == "unknown_channel"


async def test_a_reference_price_that_never_rests_is_told_now_and_then(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        (snapshot,) = await subscribed(client, "ticker:BTCUSDT")
        assert snapshot["data"]["reference"] is None
        began_s = time.monotonic()
        for number in range(150):
            there.market_data.on_reference(ReferencePrice(BTC, f"{number}.00000000", "1", "2", clock()))
            there.publish(batch(levels=[level("buy", 50, number + 1), level("buy", 99, 5)]))
            await asyncio.sleep(0.01)
        await asyncio.sleep(1.1)
        told = [message["data"] for message in await client.told_so_far()]
        assert 2 <= len(told) <= 4 + 2 * (time.monotonic() - began_s)
        assert told[-1]["reference"]["last"] == "149.00"
        assert told[-1]["last"] is None


async def test_the_ticker_of_a_silent_market_comes_every_second(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        there.publish(batch(trades=[trade(1, 100, 5, at=clock())]))
        (snapshot,) = await subscribed(client, "ticker:BTCUSDT")
        told = [snapshot, await client.of("ticker:BTCUSDT")]
        async with own_time() as time:
            told.append(await client.of("ticker:BTCUSDT"))
        assert time.s <= 1.1
        assert [message["seq"] - snapshot["seq"] for message in told] == [0, 1, 2]
        times = [message["data"].pop("at") for message in told]
        assert times == sorted(set(times))
        assert told[0]["data"] == told[1]["data"] == told[2]["data"]


async def test_a_ticker_tells_at_once_that_a_market_is_halted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(public, "REFRESH_S", 3_600)  # so that it is not told for want of other news
    async with world(tmp_path) as there:
        client = await there.client()
        (first,) = await subscribed(client, "ticker:BTCUSDT")
        await there.switch(MarketState.HALTED)
        assert (first["data"]["status"], (await client.of("ticker:BTCUSDT"))["data"]["status"]) == ("trading", "halted")
