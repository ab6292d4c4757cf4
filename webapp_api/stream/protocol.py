"""What clients say on /api/ws, and how they are answered.

A request is {"op": …, "id": …, …}; its answer carries the same op and id, and a result or an error. Messages of a
channel are {"channel": …, "seq": n, "type": "snapshot" | "update", "data": …}.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Struct

from engine.core.market import Asset
from engine.core.refusals import Refused
from webapp_api import batch_wire, wire
from webapp_api.errors import problem
from webapp_api.refusals import InvalidRequest, MalformedBody
from webapp_api.stream.frames import text_frame

MAX_CHANNELS: Final = 100  # named in one request

Seq = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Id = Annotated[str, msgspec.Meta(max_length=64)] | int | None


class _Request(Struct, tag_field="op", forbid_unknown_fields=True, kw_only=True, gc=False):
    id: Id = None


class Auth(_Request, tag="auth"):
    """Say who one is: by a token, or by an API key with a signature over what is sent of the other three fields.

    A connection speaks for one account at a time; saying it again prolongs or replaces that.
    """

    token: Annotated[str, msgspec.Meta(max_length=1024)] | None = None
    api_key: Annotated[str, msgspec.Meta(max_length=128)] | None = None
    timestamp: Seq | None = None
    recv_window: Annotated[str, msgspec.Meta(max_length=16)] | Annotated[int, msgspec.Meta(ge=0)] | None = None
    signature: Annotated[str, msgspec.Meta(max_length=512)] | None = None


class Subscribe(_Request, tag="subscribe"):
    """Get a snapshot and then updates of some channels. Again gives a new snapshot.

    since names the last seq that one has of a channel: what came after it is told instead of a snapshot, where it is
    still held.
    """

    channels: Annotated[list[wire.Name], msgspec.Meta(max_length=MAX_CHANNELS)] = []
    since: Annotated[dict[wire.Name, Seq], msgspec.Meta(max_length=MAX_CHANNELS)] = {}


class Unsubscribe(_Request, tag="unsubscribe"):
    """Get no more of some channels."""

    channels: Annotated[list[wire.Name], msgspec.Meta(max_length=MAX_CHANNELS)]


class Ping(_Request, tag="ping"):
    """Ask whether anybody is there."""


class Place(_Request, tag="order.place"):
    """Place an order."""

    params: wire.PlaceOrder


class Cancel(_Request, tag="order.cancel"):
    """Cancel an order."""

    params: wire.CancelOrder


class Batch(_Request, tag="order.batch"):
    """Place and cancel many orders."""

    params: batch_wire.Batch


Request = Place | Cancel | Batch | Auth | Subscribe | Unsubscribe | Ping


class _Peek(Struct):
    """What can still be said of a request that is not good."""

    id: Id = None
    op: str | None = None


class _Answer(Struct, gc=False):
    id: Id
    op: str
    result: object


class _Refusal(Struct, gc=False):
    id: Id
    op: str | None
    error: wire.Problem


class _Message(Struct, gc=False):
    channel: str
    seq: int
    type: Literal["snapshot", "update"]
    data: object


class BadRequest(Exception):  # noqa: N818  it is answered, with what could be read of it
    """A message that is not a request."""

    def __init__(self, refused: Refused, id_: Id = None, op: str | None = None) -> None:
        super().__init__(str(refused))
        self.refused = refused
        self.id = id_
        self.op = op


_REQUEST: Final[msgspec.json.Decoder[Request]] = msgspec.json.Decoder(Request)
_PEEK: Final = msgspec.json.Decoder(_Peek)


def request(raw: bytes) -> Request:
    """Read a request. Raises BadRequest, with its id and op where they can be told."""
    try:
        wire.refuse_nul(raw)
        return _REQUEST.decode(raw)
    except InvalidRequest as nul:
        refused = nul
    except msgspec.ValidationError as error:
        refused = InvalidRequest(str(error)[:200])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise BadRequest(MalformedBody("The message is not valid JSON.")) from None
    try:
        seen = _PEEK.decode(raw)
    except (msgspec.DecodeError, UnicodeError, RecursionError):  # it reads further than what was wrong
        raise BadRequest(refused) from None
    raise BadRequest(refused, seen.id, seen.op[:32] if seen.op else None)


def op(asked: Request) -> str:
    """Return the op that a request names."""
    return str(asked.__struct_config__.tag)


def answer(id_: Id, op: str, result: object) -> bytes:
    """Return the frame of an answer."""
    return text_frame(wire.encode(_Answer(id_, op, result)))


def refusal(id_: Id, op: str | None, refused: Refused, assets: Mapping[str, Asset]) -> bytes:
    """Return the frame of a refusal."""
    return text_frame(wire.encode(_Refusal(id_, op, problem(refused, assets).error)))


def snapshot(channel: str, seq: int, data: object) -> bytes:
    """Return the frame of a channel's state at seq."""
    return text_frame(wire.encode(_Message(channel, seq, "snapshot", data)))


def update(channel: str, seq: int, data: object) -> bytes:
    """Return the frame of what changed in a channel from seq - 1 to seq."""
    return text_frame(wire.encode(_Message(channel, seq, "update", data)))
