"""TradingView's Universal Data Feed, asked as its widgets ask."""

from typing import Any

import pytest

from tests.webapp_api.house import House
from tests.webapp_api.test_candles import a_busy_hour, candles


async def history(house: House, **query: str | int) -> dict[str, Any]:
    answer = await house.nobody.get("/api/udf/history", params={"symbol": "BTCUSDT", "resolution": "1", **query})
    assert answer.status == 200, answer.body
    body: dict[str, Any] = answer.body
    return body


async def test_a_widget_finds_its_way(house: House) -> None:
    config = (await house.nobody.get("/api/udf/config")).body
    assert config["supports_search"] is True
    assert "1D" in config["supported_resolutions"]
    time = await house.nobody.get("/api/udf/time")
    assert int(time.body) == pytest.approx(house.clock() / 1e6, abs=5)
    found = (await house.nobody.get("/api/udf/search?query=btc&type=&exchange=&limit=30")).body
    assert [(each["symbol"], each["ticker"]) for each in found] == [("BTCUSDT", "BTCUSDT")]
    assert len((await house.nobody.get("/api/udf/search?query=usdt&limit=30")).body) == 2
    assert len((await house.nobody.get("/api/udf/search?query=usdt&limit=1")).body) == 1
    assert (await house.nobody.get("/api/udf/search?query=btc&type=stock&exchange=")).body == []
    assert (await house.nobody.get("/api/udf/search?query=doge")).body == []
    info = (await house.nobody.get(f"/api/udf/symbols?symbol={found[0]['full_name']}")).body
    assert (info["name"], info["session"], info["timezone"]) == ("BTCUSDT", "24x7", "Etc/UTC")
    assert (info["minmov"], info["pricescale"], info["volume_precision"]) == (1, 100, 4)
    assert info["supported_resolutions"] == config["supported_resolutions"]


@pytest.mark.parametrize("resolution", ["1", "60", "1D", "D", "W", "1M"])
async def test_bars_are_the_candles(house: House, resolution: str) -> None:
    await a_busy_hour(house)
    to = house.clock() // 1_000_000 + 100 * 86_400
    intervals = {"1": "1m", "60": "1h", "1D": "1d", "D": "1d", "W": "1w", "1M": "1M"}
    every = await candles(house, intervals[resolution])
    bars = await history(house, resolution=resolution, to=to, **{"from": 0})
    assert (bars["s"], len(bars["t"])) == ("ok", len(every))
    assert bars["t"] == [each["begin_at"] // 1000 for each in every]
    for column, name in (("o", "open"), ("h", "high"), ("l", "low"), ("c", "close"), ("v", "volume")):
        assert bars[column] == [float(each[name]) for each in every]


async def test_to_is_not_included_and_countback_counts_from_it(house: House) -> None:
    await a_busy_hour(house)
    begins = [each["begin_at"] // 1000 for each in await candles(house, "1m")]
    assert (await history(house, to=begins[10], countback=4, **{"from": begins[9]}))["t"] == begins[6:10]
    assert (await history(house, to=begins[10], countback=10**6, **{"from": 0}))["t"] == begins[:10]
    assert (await history(house, to=begins[10] + 1, **{"from": begins[9]}))["t"] == begins[9:11]


async def test_where_there_is_nothing_the_widget_is_told_where_to_look(house: House) -> None:
    await a_busy_hour(house)
    begins = [each["begin_at"] // 1000 for each in await candles(house, "1m")]
    assert await history(house, to=begins[0], **{"from": -5}) == {"s": "no_data"}
    assert await history(house, to=-1, countback=5, **{"from": -5}) == {"s": "no_data"}
    later = await history(house, to=begins[-1] + 9000, **{"from": begins[-1] + 6000})
    assert (later["s"], later["nextTime"] - begins[-1]) in (("no_data", 0), ("no_data", 60))
    assert await history(house, symbol="ETHUSDT", to=begins[0], countback=3, **{"from": 0}) == {"s": "no_data"}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("symbols", 404),
        ("symbols?symbol=NOPE", 404),
        ("search?query=b&limit=many", 400),
        ("history?symbol=NOPE&resolution=1&from=1&to=2", 404),
        ("history?symbol=BTCUSDT&resolution=7&from=1&to=2", 400),
        ("history?symbol=BTCUSDT&resolution=1&from=1", 400),
        ("history?symbol=BTCUSDT&resolution=1&from=x&to=2", 400),
        ("history?symbol=BTCUSDT&resolution=1&from=1&to=2&countback=0", 400),
        ("history?symbol=BTCUSDT&resolution=1&from=1&to=--2", 400),
    ],
)
async def test_what_makes_no_sense_is_told_in_its_words(house: House, path: str, status: int) -> None:
    answer = await house.nobody.get(f"/api/udf/{path}")
    assert (answer.status, answer.body["s"]) == (status, "error")
    assert answer.body["errmsg"]


async def test_prices_are_written_digit_by_digit(house: House) -> None:
    await a_busy_hour(house)
    to = house.clock() // 1_000_000
    path = f"{house.url}api/udf/history?symbol=BTCUSDT&resolution=1M&from=0&to={to}"
    async with house.session.get(path) as answer:
        text = await answer.text()
    assert '"o":[60000.00' in text
    assert '"c":[59990.00]' in text or ",59990.00]" in text
