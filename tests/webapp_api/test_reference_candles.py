"""Charts of the time before a market's first trade, over HTTP, and all figures that must not know of it."""

from data.store.reference import SqlReference
from data.store.rows import CANDLE_MINUTES
from engine.core.types import Atoms, Micros, Ticks
from engine.market_data.intervals import DAY, MINUTE, Interval
from engine.market_data.reference import ReferenceCandle
from tests.webapp_api.house import BTCUSDT, House
from tests.webapp_api.test_candles import a_busy_hour, candles
from tests.webapp_api.test_udf import history

NOTHING = {
    "volume": "0.0000",
    "quote_volume": "0.000000",
    "trades": 0,
    "taker_buy_volume": "0.0000",
    "taker_buy_quote_volume": "0.000000",
}


async def two_days_before(house: House) -> int:
    """Know what another venue did in the two days before this hour; return when that ends, in ms."""
    reference = SqlReference(house.store, house.deps.queries)
    until = Interval.ONE_HOUR.begin(house.clock())
    since = Micros((until - 2 * DAY) // DAY * DAY)
    for minutes in CANDLE_MINUTES:
        size = minutes * MINUTE
        prices = [Ticks(price) for price in (5_500_000, 5_600_050, 5_400_000, 5_550_000)]
        begins = range(since, until - size + 1, size)
        known = [ReferenceCandle(Micros(begin), *prices, Atoms(minutes * 10**8)) for begin in begins]
        await reference.add(BTCUSDT.symbol, minutes, known, since)
    return until // 1000


async def test_a_candle_says_whether_it_is_a_reference_and_keeps_the_volumes_apart(house: House) -> None:
    end = await two_days_before(house)
    first = await a_busy_hour(house)
    found = await candles(house, "1m", start=end - 60_000, limit=1000)
    assert found[0] == NOTHING | {
        "begin_at": end - 60_000,
        "open": "55000.00",
        "high": "56000.50",
        "low": "54000.00",
        "close": "55500.00",
        "reference": True,
        "reference_volume": "1.00000000",
    }
    begins = [each["begin_at"] for each in found]
    assert begins == list(range(begins[0], begins[-1] + 60_000, 60_000))
    traded = next(number for number, each in enumerate(found) if each["trades"])
    assert begins[traded] in (first, first + 60_000)
    for each in found[1:traded]:  # nobody knows what happened, and nothing did here
        assert each == NOTHING | {
            "begin_at": each["begin_at"],
            **dict.fromkeys(("open", "high", "low", "close"), "55500.00"),
            "reference": True,
            "reference_volume": "0.00000000",
        }
    assert {(each["reference"], each["reference_volume"]) for each in found[traded:]} == {(False, None)}


async def test_an_interval_in_which_both_would_fall_is_our_own_alone(house: House) -> None:
    await two_days_before(house)
    await a_busy_hour(house)
    for interval in ("1h", "12h", "1d", "3d", "1w", "1M"):
        own = [each for each in await candles(house, interval) if not each["reference"]]
        assert sum(each["trades"] for each in own) == 3
        assert (own[0]["open"], max(each["high"] for each in own)) == ("60000.00", "60020.00")
        assert {each["reference_volume"] for each in own} == {None}


async def test_longer_intervals_are_put_together(house: House) -> None:
    end = await two_days_before(house)
    found = await candles(house, "2h", end=end - 4 * 3_600_000, limit=1)
    assert (found[0]["reference_volume"], found[0]["high"], found[0]["low"]) == ("120.00000000", "56000.50", "54000.00")
    assert sum(float(each["reference_volume"]) for each in await candles(house, "1M")) == 2880.0


async def test_tickers_statistics_and_trades_do_not_know_of_it(house: House) -> None:
    market = "/api/markets/BTCUSDT"
    paths = (f"{market}/stats", f"{market}/trades", "/api/stats")
    before = [(await house.nobody.get(path)).body for path in paths]
    ticker = (await house.nobody.get(f"{market}/ticker")).body
    await two_days_before(house)
    for path, body in zip(paths, before, strict=True):
        after = (await house.nobody.get(path)).body
        assert after | {"at": 0} == body | {"at": 0}
    assert (await house.nobody.get(f"{market}/ticker")).body | {"at": 0} == ticker | {"at": 0}

    await a_busy_hour(house)
    stats = (await house.nobody.get(f"{market}/stats")).body
    for part in ("day", "ever"):
        assert (stats[part]["trades"], stats[part]["volume"], stats[part]["low"]) == (3, "2.0000", "59990.00")
    ticker = (await house.nobody.get(f"{market}/ticker")).body
    assert (ticker["previous_close"], ticker["open"], ticker["low"]) == (None, "60000.00", "59990.00")
    assert (await house.nobody.get("/api/stats")).body["ever"]["trades"] == 3


async def test_a_widget_sees_the_prices_and_no_volume(house: House) -> None:
    end = await two_days_before(house) // 1000
    bars = await history(house, to=end, countback=3, **{"from": 0})
    assert (bars["t"], bars["v"]) == ([end - 180, end - 120, end - 60], [0.0] * 3)
    assert (bars["o"], bars["h"], bars["c"]) == ([55000.0] * 3, [56000.5] * 3, [55500.0] * 3)
    await a_busy_hour(house)
    every = await candles(house, "1h")
    bars = await history(house, resolution="60", to=house.clock() // 1_000_000, **{"from": 0})
    assert bars["t"] == [each["begin_at"] // 1000 for each in every]
    assert bars["c"] == [float(each["close"]) for each in every]
    assert bars["v"] == [float(each["volume"]) for each in every]
    assert sum(bars["v"]) == 2.0
