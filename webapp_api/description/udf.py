"""`/api/udf`: TradingView's Universal Data Feed, for its widgets."""

from typing import Annotated, Final

from msgspec import Meta

from webapp_api import udf_wire
from webapp_api.description.operation import LIMIT, Operation, Parameter, Symbol, Text
from webapp_api.udf import INTERVALS

TAG: Final = "udf"

Resolution = Annotated[str, Meta(extra_json_schema={"enum": list(INTERVALS)})]
Seconds = Annotated[int, Meta(gt=-(10**18), lt=10**18)]
Bars = Annotated[int, Meta(ge=1, lt=10**18)]

SYMBOL: Final = Parameter("symbol", Symbol, "The market's name.", required=True)

OPERATIONS: Final = (
    Operation(
        name="udf_config",
        method="GET",
        path="/api/udf/config",
        summary="What this feed can do",
        reply=udf_wire.Config,
    ),
    Operation(
        name="udf_symbols",
        method="GET",
        path="/api/udf/symbols",
        summary="What a chart must know of a market",
        parameters=(SYMBOL,),
        reply=udf_wire.SymbolInfo,
        errors=("unknown_symbol",),
        refusal=udf_wire.Trouble,
    ),
    Operation(
        name="udf_search",
        method="GET",
        path="/api/udf/search",
        summary="The markets that a text finds",
        parameters=(
            Parameter("query", str, "A part of a market's name or pair."),
            Parameter("type", str, "Only markets of this type."),
            Parameter("exchange", str, "Only markets of this exchange."),
            LIMIT,
        ),
        reply=list[udf_wire.Found],
        errors=("invalid_parameter",),
        refusal=udf_wire.Trouble,
    ),
    Operation(
        name="udf_history",
        method="GET",
        path="/api/udf/history",
        summary="Bars of a market, oldest first: at most 1000, the newest of what is asked for",
        parameters=(
            SYMBOL,
            Parameter("resolution", Resolution, "How long a bar lasts.", required=True),
            Parameter("from", Seconds, "Only bars that begin then or later; in seconds.", 0),
            Parameter("to", Seconds, "Only bars that begin earlier; in seconds.", required=True),
            Parameter("countback", Bars, "How many bars, whatever from says."),
        ),
        reply=udf_wire.Bars | udf_wire.NoData,
        errors=("unknown_symbol", "invalid_parameter", "busy"),
        refusal=udf_wire.Trouble,
    ),
    Operation(
        name="udf_time",
        method="GET",
        path="/api/udf/time",
        summary="The server's time in seconds",
        reply=Text("text/plain", "Digits."),
    ),
)
