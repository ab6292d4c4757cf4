"""Candles, statistics and TradingView's feed over HTTP."""

from typing import Any

import pytest

from engine.market_data.intervals import Interval
from tests.webapp_api.house import House

MINUTE_S = 60


async def a_busy_hour(house: House) -> int:
    """Trade at 60000 to 60020, ten minutes later at 59990, an hour of silence; return the first minute in ms.

    A minute has just begun then, and no test takes as long.
    """
    house.clock.ahead_s += MINUTE_S - house.clock() // 1_000_000 % MINUTE_S
    await house.quote({"59000.00": "9.0000"}, {"60000.00": "1.0000", "60020.00": "1.0000"})
    ada = await house.person(1, USDT=1_000_000, BTC=5)
    first = house.clock() // 1_000_000 // MINUTE_S * MINUTE_S * 1000
    await ada.place(price="60020.00", quantity="1.5000")
    house.clock.ahead_s += 10 * MINUTE_S
    await house.quote({"59990.00": "9.0000"}, {"60010.00": "1.0000"})
    await ada.place(side="sell", price="59990.00", quantity="0.5000")
    house.clock.ahead_s += 60 * MINUTE_S
    return int(first)


async def candles(house: House, interval: str, symbol: str = "BTCUSDT", **query: int) -> list[dict[str, Any]]:
    answer = await house.nobody.get(f"/api/markets/{symbol}/candles", params={"interval": interval, **query})
    assert answer.status == 200, answer.body
    assert (answer.body["symbol"], answer.body["interval"]) == (symbol, interval)
    found: list[dict[str, Any]] = answer.body["candles"]
    return found


async def test_minutes_without_trades_are_flat_and_the_list_has_no_gaps(house: House) -> None:
    first = await a_busy_hour(house)
    found = await candles(house, "1m")
    begins = [candle["begin_at"] for candle in found]
    assert begins == list(range(begins[0], begins[0] + len(found) * 60_000, 60_000))
    assert begins[0] == first
    assert len(found) == 71
    assert found[0] == {
        "begin_at": begins[0],
        "open": "60000.00",
        "high": "60020.00",
        "low": "60000.00",
        "close": "60020.00",
        "volume": "1.5000",
        "quote_volume": "90010.000000",
        "trades": 2,
        "taker_buy_volume": "1.5000",
        "taker_buy_quote_volume": "90010.000000",
        "reference": False,
        "reference_volume": None,
    }
    assert found[1] == found[0] | {
        "begin_at": begins[1],
        "open": "60020.00",
        "low": "60020.00",
        "volume": "0.0000",
        "quote_volume": "0.000000",
        "trades": 0,
        "taker_buy_volume": "0.0000",
        "taker_buy_quote_volume": "0.000000",
    }
    traded = [candle for candle in found if candle["trades"]]
    assert [candle["close"] for candle in traded] == ["60020.00", "59990.00"]
    assert (traded[1]["volume"], traded[1]["taker_buy_volume"]) == ("0.5000", "0.0000")
    assert found[-1]["close"] == "59990.00"


async def test_start_end_and_limit_choose_a_part(house: House) -> None:
    await a_busy_hour(house)
    every = await candles(house, "1m")
    begins = [candle["begin_at"] for candle in every]
    assert await candles(house, "1m", limit=3) == every[-3:]
    assert await candles(house, "1m", start=begins[10], limit=3) == every[10:13]
    assert await candles(house, "1m", start=begins[10] - 1, end=begins[12]) == every[10:13]
    assert await candles(house, "1m", start=begins[10] + 1, end=begins[12] + 59_999) == every[11:13]
    assert await candles(house, "1m", end=begins[12], limit=2) == every[11:13]
    assert await candles(house, "1m", start=0) == every
    assert await candles(house, "1m", end=begins[0] - 1) == []
    assert await candles(house, "1m", start=begins[3], end=begins[2]) == []
    assert await candles(house, "1m", start=begins[-1] + 60_000) == []
    assert await candles(house, "1m", start=10**18 - 1, end=10**18 - 1) == []
    assert await candles(house, "1M", start=0, end=10**18 - 1, limit=1000) != []
    assert await candles(house, "1M", end=0) == []


@pytest.mark.parametrize("interval", [each.value for each in Interval])
async def test_every_interval_has_all_that_traded(house: House, interval: str) -> None:
    await a_busy_hour(house)
    found = await candles(house, interval)
    assert sum(candle["trades"] for candle in found) == 3
    assert sum(float(candle["volume"]) for candle in found) == 2.0
    assert (found[0]["open"], found[-1]["close"]) == ("60000.00", "59990.00")


async def test_a_market_that_never_traded_has_no_candles(house: House) -> None:
    await a_busy_hour(house)
    assert await candles(house, "1m", "ETHUSDT") == []
    assert await candles(house, "1M", "ETHUSDT") == []


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("", (400, "invalid_parameter")),
        ("?interval=2m", (400, "invalid_parameter")),
        ("?interval=1m&limit=0", (400, "invalid_parameter")),
        ("?interval=1m&limit=1001", (400, "invalid_parameter")),
        ("?interval=1m&start=-1", (400, "invalid_parameter")),
        ("?interval=1m&end=yesterday", (400, "invalid_parameter")),
        ("?interval=1m&end=1.5", (400, "invalid_parameter")),
    ],
)
async def test_what_makes_no_sense_is_refused(house: House, query: str, refusal: tuple[int, str]) -> None:
    assert (await house.nobody.get(f"/api/markets/BTCUSDT/candles{query}")).problem == refusal


async def test_unknown_markets_are_refused(house: House) -> None:
    for path in ("candles?interval=1m", "stats"):
        assert (await house.nobody.get(f"/api/markets/NOPE/{path}")).problem == (404, "unknown_symbol")


async def test_the_ticker_tells_spread_average_and_the_close_before_the_day(house: House) -> None:
    nothing = (await house.nobody.get("/api/markets/ETHUSDT/ticker")).body
    named = ("spread", "weighted_average", "previous_close", "change_percent")
    assert [nothing[name] for name in named] == [None] * 4
    await a_busy_hour(house)
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert (ticker["spread"], ticker["previous_close"]) == ("20.00", None)
    assert ticker["weighted_average"] == "60002.5000"  # 120005 USDT for 2 BTC
    assert (ticker["change"], ticker["change_percent"]) == ("-10.00", "-0.01")
    house.clock.ahead_s += 23 * 3600 - 300  # the first two trades are older than a day, though nothing else happened
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert (ticker["trades"], ticker["volume"], ticker["open"]) == (1, "0.5000", "59990.00")
    assert (ticker["previous_close"], ticker["change_percent"]) == ("60020.00", "0.00")
    house.clock.ahead_s += 3600
    ticker = (await house.nobody.get("/api/markets/BTCUSDT/ticker")).body
    assert (ticker["trades"], ticker["weighted_average"], ticker["last"]) == (0, None, "59990.00")
    assert (ticker["previous_close"], ticker["change_percent"]) == ("59990.00", None)


async def test_statistics_of_a_market_and_of_the_whole_exchange(house: House) -> None:
    quiet = (await house.nobody.get("/api/stats")).body
    assert quiet["day"] == quiet["ever"] == {"trades": 0, "quote_volume": {"USDT": "0.000000"}}
    await a_busy_hour(house)
    house.clock.ahead_s += 23 * 3600 - 300
    stats = (await house.nobody.get("/api/markets/BTCUSDT/stats")).body
    assert stats == {
        "symbol": "BTCUSDT",
        "last": "59990.00",
        "day": {
            "trades": 1,
            "volume": "0.5000",
            "quote_volume": "29995.000000",
            "high": "59990.00",
            "low": "59990.00",
            "weighted_average": "59990.0000",
        },
        "ever": {
            "trades": 3,
            "volume": "2.0000",
            "quote_volume": "120005.000000",
            "high": "60020.00",
            "low": "59990.00",
            "weighted_average": "60002.5000",
        },
    }
    whole = (await house.nobody.get("/api/stats")).body
    assert whole["day"] == {"trades": 1, "quote_volume": {"USDT": "29995.000000"}}
    assert whole["ever"] == {"trades": 3, "quote_volume": {"USDT": "120005.000000"}}
    assert [market["symbol"] for market in whole["markets"]] == ["BTCUSDT", "ETHUSDT"]
    assert whole["markets"][0] == stats
    assert whole["markets"][1]["ever"]["high"] is None
