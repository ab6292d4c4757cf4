"""What may go wrong, on command: each fault is a small struct, given by a test or over the control route.

A fault that counts (`times`) is over after so many requests; one that holds is over with `Heal`.
"""

from typing import Annotated, Final, TypeAlias, TypeVar, cast

from msgspec import Meta, Struct

Times: TypeAlias = Annotated[int, Meta(ge=1, le=1_000_000)]
Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=600)]


class _Fault(Struct, frozen=True, tag_field="fault", rename="camel"):
    pass


class Advance(_Fault, frozen=True, tag="advance"):
    """Close so many blocks at once. No fault, but the way to age blockhashes and to reach finality."""

    slots: Annotated[int, Meta(ge=1, le=10_000)] = 1


class DropSends(_Fault, frozen=True, tag="dropSends"):
    """Answer the next sends with their signature and lose the transactions."""

    times: Times = 1


class LoseReplies(_Fault, frozen=True, tag="loseReplies"):
    """Execute the next sends, and cut the connection instead of an answer."""

    times: Times = 1


class FailPreflight(_Fault, frozen=True, tag="failPreflight"):
    """Refuse the next sends with -32002, as if their simulation had failed with `err`."""

    times: Times = 1
    err: str = "AccountInUse"


class ExpireBlockhash(_Fault, frozen=True, tag="expireBlockhash"):
    """Accept a blockhash no more, whatever its age."""

    blockhash: str


class DropFork(_Fault, frozen=True, tag="dropFork"):
    """Drop the newest blocks, the one that is being filled among them, with all that is in them."""

    blocks: Annotated[int, Meta(ge=1, le=10_000)]


class HoldFinality(_Fault, frozen=True, tag="holdFinality"):
    """Let nothing more become final."""


class Unavailable(_Fault, frozen=True, tag="unavailable"):
    """Answer the next requests with HTTP status 503."""

    times: Times = 1_000_000


class RateLimited(_Fault, frozen=True, tag="rateLimited"):
    """Answer the next requests with HTTP status 429 and Retry-After."""

    times: Times = 1_000_000
    retry_after_s: Annotated[int, Meta(ge=0, le=3600)] = 1


class Unhealthy(_Fault, frozen=True, tag="unhealthy"):
    """Say to the next health checks, those before a send too, that the node is behind (-32005)."""

    times: Times = 1_000_000
    slots_behind: Times = 100


class Slow(_Fault, frozen=True, tag="slow"):
    """Wait before each of the next answers."""

    seconds: Seconds
    times: Times = 1_000_000


class Down(_Fault, frozen=True, tag="down"):
    """Refuse connections and cut those there are, for so many seconds: the control route is gone too."""

    seconds: Seconds


class StallPubSub(_Fault, frozen=True, tag="stallPubSub"):
    """Keep the sockets open and say nothing more. What happens meanwhile is never told."""


class CutPubSub(_Fault, frozen=True, tag="cutPubSub"):
    """Cut every socket."""


class Heal(_Fault, frozen=True, tag="heal"):
    """End every fault that holds or still counts."""


Fault: TypeAlias = (
    Advance
    | DropSends
    | LoseReplies
    | FailPreflight
    | ExpireBlockhash
    | DropFork
    | HoldFinality
    | Unavailable
    | RateLimited
    | Unhealthy
    | Slow
    | Down
    | StallPubSub
    | CutPubSub
    | Heal
)

Counted: TypeAlias = DropSends | LoseReplies | FailPreflight | Unavailable | RateLimited | Unhealthy | Slow
COUNTED: Final = (DropSends, LoseReplies, FailPreflight, Unavailable, RateLimited, Unhealthy, Slow)
C = TypeVar("C", bound=Counted)


class Faults:
    """The faults that still count, at most one of a kind."""

    def __init__(self) -> None:
        self._left: dict[type, tuple[Counted, int]] = {}

    def add(self, fault: Counted) -> None:
        """Let a fault count from now on."""
        self._left[type(fault)] = fault, fault.times

    def clear(self) -> None:
        """End them all."""
        self._left.clear()

    def take(self, kind: type[C]) -> C | None:
        """Return the fault of a kind, one time less; None where none counts."""
        fault, left = self._left.get(kind, (None, 0))
        if left <= 1:
            self._left.pop(kind, None)
        elif fault is not None:
            self._left[kind] = fault, left - 1
        return cast(C | None, fault)
