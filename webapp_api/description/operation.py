"""One operation of the API: who may ask, what is asked, what is answered, and what may be refused."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from data.store.queries import Status
from engine.core.types import Side
from webapp_api.asked import MAX_LIMIT
from webapp_api.auth.access import Rule, Who, rule_of
from webapp_api.wire import MAX_BODY, Error

SIGNED_IN: Final = ("unauthorized", "busy")  # whether a session still lives may have to be looked up
BY_KEY: Final = ("malformed", "invalid_credentials", "expired", "missing_scope", "address_not_allowed")
NOT_BY_KEY: Final = ("malformed", "needs_a_session")
LIMITED: Final = "too_many_requests"
WITH_BODY: Final = ("malformed", "invalid_request", "payload_too_large")
NO_ADDRESS: Final = (  # where a deposit address is asked for
    "unknown_asset",
    "invalid_parameter",
    "deposits_off",
    "deposits_unavailable",
    "too_many_deposit_addresses",
)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path or of the query. type is what msgspec makes a schema of; default is None or shown.

    Those of the path are required anyway. in_header says that it is a header.
    """

    name: str
    type: Any
    description: str
    default: str | int | None = None
    required: bool = False
    in_header: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """An answer that is no JSON."""

    content_type: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """A method of a path.

    name is what generated clients call it. body and reply are types, None where there is none; reply may be a Text.
    refusal is the type of the answer that refuses; csv says that the answer may also be asked for as CSV.
    parameters that stand in the path are of the path, the others of the query or the header. errors are the codes of
    refusals besides those that its rule and its body bring along.
    """

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    summary: str
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    body_required: bool = True
    status: HTTPStatus = HTTPStatus.OK
    reply: Any
    errors: tuple[str, ...] = ()
    refusal: Any = Error
    csv: bool = False

    @property
    def rule(self) -> Rule:
        """Who may ask."""
        return rule_of(self.method, self.path)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code with which this may be refused, each once."""
        rule = self.rule
        implied: tuple[str, ...] = WITH_BODY if self.body is not None else ()
        if rule.who in (Who.ADMIN, Who.OPERATOR):
            implied = ("forbidden", *implied)
        if rule.who is not Who.ANYBODY:
            implied = (*SIGNED_IN, *(BY_KEY if rule.scope is not None else NOT_BY_KEY), *implied)
        elif rule.by_name:
            implied = (*SIGNED_IN, *implied)
        limited = (LIMITED,) if self.limited else ()
        return tuple(dict.fromkeys((*implied, *limited, *self.errors)))

    @property
    def limited(self) -> bool:
        """Whether this is counted, and every answer says what remains."""
        return self.rule.counts_as is not None


Count = Annotated[int, Meta(ge=1, le=MAX_LIMIT)]
Id = Annotated[int, Meta(ge=1, lt=10**18)]
Time = Annotated[int, Meta(ge=0, lt=10**18)]
CursorValue = Annotated[int, Meta(ge=0, lt=10**18)]
Symbol = Annotated[str, Meta(examples=["BTCUSDT"])]
AssetName = Annotated[str, Meta(examples=["USDT"])]

LIMIT: Final = Parameter("limit", Count, "How many at most.", 100)
CURSOR: Final = Parameter("cursor", CursorValue, "The next_cursor of the page before; left out for the first page.")
SYMBOL: Final = Parameter("symbol", Symbol, "Only this market.")
ASSET: Final = Parameter("asset", AssetName, "Only this asset.")
DEPOSITED: Final = Parameter("asset", AssetName, "The asset.", required=True)
SNAPSHOT: Final = Parameter("snapshot_id", Id, "That of a snapshot that is kept; left out for the newest.")
SIDE: Final = Parameter("side", Side, "Only this side.")
START: Final = Parameter("start", Time, "Only what happened then or later, in ms.")
END: Final = Parameter("end", Time, "Only what happened before, in ms.")
STATUS: Final = Parameter("status", Status, "Only open orders, only closed ones, or all.", "all")

FORMAT: Final = Parameter("format", Literal["json", "csv"], "The answer as JSON or as CSV.", "json")
MARKET: Final = Parameter("symbol", Symbol, "The market's name.")
ORDER_ID: Final = Parameter("id", Id, "The order's id.")
QUOTED: Final = Parameter("symbol", Symbol, "The market's name, or all.")
ACCOUNT_ID: Final = Parameter("id", Id, "The account's id.")
SESSION_ID: Final = Parameter("id", Annotated[str, Meta(min_length=1)], "The session's id.")

BODY_LIMIT: Final = f"JSON of at most {MAX_BODY // 1024} KiB; unknown fields are refused."
