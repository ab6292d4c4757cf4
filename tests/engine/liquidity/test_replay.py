"""The market maker's rule over the whole recording, both symbols."""

import math

import pytest

from data.binance.recorded import RecordedFeed
from engine.core.types import Micros, Symbol
from engine.liquidity.quoting import LadderSettings, ladder
from tests.engine.liquidity.markets import PAIRS, PLENTY

TICK = 10**6  # 0.01 in 10**-8


def units(text: str) -> int:
    return int(text.replace(".", ""))


@pytest.mark.parametrize(("symbol", "markup_ppm"), [("BTCUSDT", 0), ("ETHUSDT", 300)])
async def test_every_ladder_of_the_recording_stands_within_a_tick_of_the_market_and_never_crosses(
    symbol: str, markup_ppm: int
) -> None:
    settings = LadderSettings(markup_ppm=markup_ppm)
    ladders = 0
    async for book in RecordedFeed([Symbol(symbol)], lambda: Micros(0), speed=math.inf, repeat=False).books():
        if not book.in_sync:
            continue
        result = ladder(book, PAIRS[symbol], settings, PLENTY)
        ladders += 1
        (bid, _), (ask, _) = result.bids[0], result.asks[0]
        assert bid < ask
        assert len(result.bids) >= 5
        assert len(result.asks) >= 5
        # the venue's best level of a lot at least: less than that is no level here
        best_bid = next(units(price) for price, quantity in book.bids if units(quantity) >= 10**4)
        best_ask = next(units(price) for price, quantity in book.asks if units(quantity) >= 10**4)
        assert best_bid * (10**6 - markup_ppm) - TICK * 10**6 < bid * TICK * 10**6
        assert bid * TICK <= units(book.bids[0][0])
        assert ask * TICK * 10**6 < best_ask * (10**6 + markup_ppm) + TICK * 10**6
        assert ask * TICK >= units(book.asks[0][0])
    assert ladders > 3_400
