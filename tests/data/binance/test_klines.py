"""Klines as Binance writes them, and answers that are none."""

from typing import Any

import pytest

from data.binance.klines import MAX_KLINES, KlineReader, MalformedKlines
from engine.core.market import Asset, Market
from engine.core.types import AssetCode, Micros
from engine.market_data.intervals import HOUR
from engine.market_data.reference import ReferenceCandle

USDT, BTC, SOL = Asset(AssetCode("USDT"), 6), Asset(AssetCode("BTC"), 8), Asset(AssetCode("SOL"), 9)
READER = KlineReader(Market.of("BTCUSDT", BTC, USDT, tick_atoms=10**4, lot_atoms=10**4), BTC, USDT)

SINCE_MS = 1_723_075_200_000
SINCE, UNTIL = Micros(SINCE_MS * 1000), Micros(SINCE_MS * 1000 + 5 * HOUR)
HOUR_MS = HOUR // 1000


def kline(number: int = 0, **change: Any) -> list[Any]:
    """Return the kline of an hour after SINCE."""
    begin = SINCE_MS + number * HOUR_MS
    fields = {
        "begin": begin,
        "open": "55133.00000000",
        "high": "55410.12000000",
        "low": "55000.01000000",
        "close": "55200.10000000",
        "volume": "1804.22931000",
        "end": begin + HOUR_MS - 1,
        "quote_volume": "99581930.63472240",
        "trades": 214511,
        "taker_buy_volume": "912.33718000",
        "taker_buy_quote_volume": "50356402.96221890",
        "unused": "0",
    } | change
    return list(fields.values())


def read(*klines: Any) -> list[ReferenceCandle]:
    return READER.read(list(klines), 60, SINCE, UNTIL)


def test_a_kline_is_told_in_our_ticks_and_atoms() -> None:
    (candle,) = read(kline())
    assert candle == ReferenceCandle(SINCE, 5513300, 5541012, 5500001, 5520010, 180422931000)


@pytest.mark.parametrize(
    ("text", "ticks"),
    [("55133.00499999", 5513300), ("55133.005", 5513301), ("55133.00999999", 5513301), ("0055133", 5513300)],
)
def test_a_price_between_ticks_is_rounded_to_the_nearest(text: str, ticks: int) -> None:
    assert read(kline(open=text))[0].open == ticks


def test_a_volume_has_the_decimals_of_its_asset() -> None:
    reader = KlineReader(Market.of("SOLUSDT", SOL, USDT, tick_atoms=10**4, lot_atoms=10**6), SOL, USDT)
    (candle,) = reader.read([kline(volume="1.00000001")], 60, SINCE, UNTIL)
    assert candle.volume == 1_000_000_010


def test_hours_may_be_missing_or_end_early_where_binance_was_closed() -> None:
    found = read(kline(0, end=SINCE_MS + 14_838), kline(3), kline(4))
    assert [candle.begin for candle in found] == [SINCE, SINCE + 3 * HOUR, SINCE + 4 * HOUR]
    assert read() == []


@pytest.mark.parametrize(
    "answer",
    [
        {},
        None,
        "klines",
        {"code": -1121, "msg": "Invalid symbol."},
        [{}],
        [[]],
        [None],
        [kline()[:11]],
        [kline(begin=str(SINCE_MS))],
        [kline(begin=float(SINCE_MS))],
        [kline(begin=-1)],
        [kline(begin=10**30)],
        [kline(begin=SINCE_MS + 1)],
        [kline(begin=SINCE_MS + HOUR_MS // 2)],
        [kline(-1)],  # before what was asked for
        [kline(5)],  # not over by UNTIL
        [kline(0), kline(0)],
        [kline(1), kline(0)],
        [kline(end=SINCE_MS - 1)],
        [kline(end=SINCE_MS + HOUR_MS)],
        [kline(open=55133)],
        [kline(open=55133.0)],
        [kline(open=None)],
        [kline(open="")],
        [kline(open="NaN")],
        [kline(high="Infinity")],
        [kline(low="-1")],
        [kline(close="5e4")],
        [kline(close="5 5200.1")],
        [kline(close="٥٥٢٠٠")],
        [kline(close="55200.100000001")],
        [kline(high="1" * 400)],
        [kline(high="99999999999")],
        [kline(low="0")],
        [kline(low="0.00499999")],
        [kline(low="55133.01")],  # above the open
        [kline(low="55200.00", open="55300.00", close="55199.99")],
        [kline(high="55132.99")],
        [kline(high="55150.00")],  # below the close
        [kline(volume="-1")],
        [kline(volume="9999999999")],  # bitcoins in an hour
        [kline(volume=1.5)],
        [kline(trades=-1)],
        [kline(trades="1")],
        [kline()] * (MAX_KLINES + 1),
    ],
)
def test_what_does_not_look_like_klines_is_refused_whole(answer: Any) -> None:
    with pytest.raises(MalformedKlines):
        READER.read(answer, 60, SINCE, UNTIL)
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], list) and len(answer[0]) == 12:
        with pytest.raises(MalformedKlines):
            read(kline(1), *answer, kline(4))
