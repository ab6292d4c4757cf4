"""Binance's messages, read strictly: what is not exactly what Binance sends is refused whole."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from engine.core.types import Micros

Quantity = Annotated[str, Meta(pattern=r"\A[0-9]{1,20}(\.[0-9]{1,20})?\Z")]
Price = Annotated[str, Meta(pattern=r"\A(?=[0.]*[1-9])[0-9]{1,20}(\.[0-9]{1,20})?\Z")]
UpdateId = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Millis = Annotated[int, Meta(ge=0, lt=2**53)]
Levels = list[tuple[Price, Quantity]]

_Message = TypeVar("_Message")


class MalformedMessage(ValueError):  # noqa: N818  the message is at fault, not the program
    """A message that is not what Binance sends. Whoever was to take it is as it was before."""


class Snapshot(Struct, gc=False):
    """The answer of GET /api/v3/depth."""

    last: UpdateId = field(name="lastUpdateId")
    bids: Levels
    asks: Levels


class Diff(Struct, gc=False):
    """A depthUpdate: what rests at some prices after the updates from first to last."""

    first: UpdateId = field(name="U")
    last: UpdateId = field(name="u")
    bids: Levels = field(name="b")
    asks: Levels = field(name="a")


class BestPrices(Struct, gc=False):
    """A bookTicker: the best prices as of an update."""

    update_id: UpdateId = field(name="u")
    bid: Price = field(name="b")
    ask: Price = field(name="a")


class Trade(Struct, gc=False):
    """A trade of that venue's customers."""

    id: UpdateId = field(name="t")
    price: Price = field(name="p")
    quantity: Quantity = field(name="q")


class Bar(Struct, gc=False):
    """What traded there in a minute."""

    begin_ms: Millis = field(name="t")
    end_ms: Millis = field(name="T")  # the last millisecond in it
    open: Price = field(name="o")
    high: Price = field(name="h")
    low: Price = field(name="l")
    close: Price = field(name="c")
    volume: Quantity = field(name="v")
    trades: UpdateId = field(name="n")
    quote_volume: Quantity = field(name="q")
    taker_buy_volume: Quantity = field(name="V")
    taker_buy_quote_volume: Quantity = field(name="Q")
    closed: bool = field(name="x")

    @property
    def begin(self) -> Micros:
        """When its minute begins."""
        return Micros(self.begin_ms * 1000)

    def as_kline(self) -> list[int | str]:
        """Return it as GET /api/v3/klines would."""
        return [
            self.begin_ms,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.end_ms,
            self.quote_volume,
            self.trades,
            self.taker_buy_volume,
            self.taker_buy_quote_volume,
            "0",
        ]


class BarUpdate(Struct, gc=False):
    """A kline event: its minute as it is now."""

    bar: Bar = field(name="k")


def read(message: Mapping[str, Any], kind: type[_Message]) -> _Message:
    """Read a message as one of the kinds above. Raises MalformedMessage."""
    try:
        return msgspec.convert(message, kind)
    except (msgspec.ValidationError, UnicodeError) as error:  # half a surrogate is no text
        raise MalformedMessage(str(error)) from None
