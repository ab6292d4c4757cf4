"""The JSON of TradingView's Universal Data Feed, in its own words and units: times in seconds, prices as numbers.

Numbers are written digit by digit from our decimals and never become floats on the way.
Source: TradingView, Charting Library, "UDF adapter".
"""

from typing import Annotated

import msgspec
from msgspec import Raw, Struct

from webapp_api.wire import Problem

Number = Annotated[Raw, msgspec.Meta(extra_json_schema={"type": "number"})]


class Exchange(Struct):
    """An entry of the symbol search's filter."""

    value: str
    name: str
    desc: str


class SymbolType(Struct):
    """An entry of the symbol search's other filter."""

    name: str
    value: str


class Config(Struct):
    """What this feed can do."""

    supported_resolutions: list[str]
    exchanges: list[Exchange]
    symbols_types: list[SymbolType]
    supports_search: bool = True
    supports_time: bool = True
    supports_group_request: bool = False
    supports_marks: bool = False
    supports_timescale_marks: bool = False


class SymbolInfo(Struct):
    """What a chart must know of a market. A price has steps of minmov / pricescale."""

    name: str
    ticker: str
    description: str
    type: str
    exchange: str
    listed_exchange: str
    currency_code: str
    session: str
    timezone: str
    minmov: int
    pricescale: int
    volume_precision: int
    supported_resolutions: list[str]
    intraday_multipliers: list[str]
    daily_multipliers: list[str]
    weekly_multipliers: list[str]
    monthly_multipliers: list[str]
    has_intraday: bool = True
    has_daily: bool = True
    has_weekly_and_monthly: bool = True
    format: str = "price"
    data_status: str = "streaming"


class Found(Struct):
    """A market that the symbol search found."""

    symbol: str
    full_name: str
    description: str
    exchange: str
    ticker: str
    type: str


class Bars(Struct, tag_field="s", tag="ok"):
    """Bars as columns: begin, open, high, low, close, volume; oldest first."""

    t: list[int]
    o: list[Number]
    h: list[Number]
    l: list[Number]  # noqa: E741  TradingView's name
    c: list[Number]
    v: list[Number]


class NoData(Struct, rename={"next_time": "nextTime"}, omit_defaults=True, tag_field="s", tag="no_data"):
    """There are no bars in what was asked for. next_time is the newest bar before; without it there is none."""

    next_time: int | None = None


class Trouble(Struct, tag_field="s", tag="error"):
    """Why there is no answer, for TradingView's adapter and, beside it, as everywhere else."""

    errmsg: str
    error: Problem
