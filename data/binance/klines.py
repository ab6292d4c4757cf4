"""Binance's klines, read strictly and without IO.

A kline's prices are rounded to the nearest tick of our market, a half upwards: Binance's tick may be finer than ours,
and they are a reference that no money depends on. What does not look like klines is refused whole.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from engine.core.decimals import MalformedNumber, TooLarge, parse
from engine.core.market import Asset, Market
from engine.core.types import Atoms, Micros, Ticks
from engine.market_data.intervals import MINUTE
from engine.market_data.reference import ReferenceCandle

MAX_KLINES: Final = 1_000  # in an answer
_DECIMALS: Final = 8  # that Binance writes
_MILLISECOND: Final = 1_000  # Micros
_MAX_VOLUME: Final = 2**57  # atoms in a day: a month of them still fits a column

_Millis = Annotated[int, Meta(ge=0, lt=2**53)]


class MalformedKlines(ValueError):  # noqa: N818  the answer is at fault, not the program
    """An answer that is not what Binance gives for what was asked."""


class _Kline(Struct, array_like=True, gc=False):
    begin_ms: _Millis
    open: str
    high: str
    low: str
    close: str
    volume: str
    end_ms: _Millis  # the last millisecond in it; earlier than usual where Binance stopped for maintenance
    quote_volume: str
    trades: Annotated[int, Meta(ge=0)]
    taker_buy_volume: str
    taker_buy_quote_volume: str
    unused: str


_Klines = Annotated[list[_Kline], Meta(max_length=MAX_KLINES)]


class KlineReader:
    """Reads the klines of one market."""

    def __init__(self, market: Market, base: Asset, quote: Asset) -> None:
        self._market = market
        self._base, self._quote = 10**base.decimals, 10**quote.decimals

    def read(self, answer: object, minutes: int, since: Micros, until: Micros) -> list[ReferenceCandle]:
        """Return the klines of a length, which begin from since on and end by until. Raises MalformedKlines.

        One may be missing, where Binance was closed; they rise, and each begins where its length says.
        """
        try:
            klines = msgspec.convert(answer, _Klines)
        except (msgspec.ValidationError, UnicodeError) as error:  # half a surrogate is no text
            raise MalformedKlines(str(error)) from None
        size, earliest, found = minutes * MINUTE, since, list[ReferenceCandle]()
        for kline in klines:
            begin = Micros(kline.begin_ms * _MILLISECOND)
            if begin % size or not earliest <= begin <= until - size:
                raise MalformedKlines(f"a kline of {minutes} minutes begins at {kline.begin_ms}")
            if not kline.begin_ms <= kline.end_ms < (begin + size) // _MILLISECOND:
                raise MalformedKlines(f"the kline of {kline.begin_ms} ends at {kline.end_ms}")
            found.append(self._candle(kline, begin))
            earliest = Micros(begin + size)
        return found

    def _candle(self, kline: _Kline, begin: Micros) -> ReferenceCandle:
        try:
            prices = [self._ticks(text) for text in (kline.open, kline.high, kline.low, kline.close)]
            volume = _units(kline.volume) * self._base // 10**_DECIMALS
        except (MalformedNumber, TooLarge) as error:
            raise MalformedKlines(f"the kline of {kline.begin_ms} has a number that is none: {error}") from None
        first, high, low, last = prices
        if not (0 < low <= min(first, last) and max(first, last) <= high <= self._market.max_price):
            raise MalformedKlines(f"the kline of {kline.begin_ms} has impossible prices")
        if volume > _MAX_VOLUME:
            raise MalformedKlines(f"the kline of {kline.begin_ms} has an impossible volume")
        return ReferenceCandle(begin, first, high, low, last, Atoms(volume))

    def _ticks(self, text: str) -> Ticks:
        atoms, tick = _units(text) * self._quote, self._market.tick_atoms * 10**_DECIMALS
        return Ticks((2 * atoms + tick) // (2 * tick))


def _units(text: str) -> int:
    """Return a number of Binance's in units of 10**-8. Raises MalformedNumber or TooLarge."""
    value = parse(text, _DECIMALS)
    if value is None:
        raise MalformedNumber
    return value
