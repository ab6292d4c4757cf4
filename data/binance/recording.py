"""Recordings of Binance's streams and a player that keeps their pace.

A recording is a gzip file of lines `<local ns> <json>`: messages of the combined stream ({"stream", "data"}) and
answers of GET /api/v3/depth ({"lastUpdateId", ...}) as they arrived. The recorder's clock is about 1.3 s behind the
exchange's, so only differences of its times mean anything.
"""

import asyncio
import gzip
import heapq
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from engine.core.types import Symbol

MAX_LAG_S = 1.0  # a player further behind than this (the machine slept) goes on from there instead of hurrying
_BREATH = 32  # messages after which a player in a hurry lets others run

_BUNDLED = Path(__file__).with_name("recordings")


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One message as it arrived; data is a depth snapshot where stream is empty."""

    at_ns: int  # by the recorder's clock
    symbol: Symbol
    stream: str  # "btcusdt@depth@100ms"
    data: dict[str, Any]

    @property
    def is_snapshot(self) -> bool:
        """Whether this is an answer of GET /api/v3/depth."""
        return not self.stream

    @property
    def is_diff(self) -> bool:
        """Whether this is a depthUpdate."""
        return "@depth" in self.stream


def bundled(symbol: str) -> Path | None:
    """Return the recording of a symbol that comes with this package, if there is one."""
    path = _BUNDLED / f"{symbol}.gz"
    return path if path.is_file() else None


def read(path: Path, symbol: Symbol) -> Iterator[Recorded]:
    """Read a recording from its start, a message at a time."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            at_ns, _, payload = line.partition(b" ")
            message = msgspec.json.decode(payload)
            stream = message.get("stream", "")
            yield Recorded(int(at_ns), symbol, stream, message["data"] if stream else message)


def read_together(paths: dict[Symbol, Path]) -> Iterator[Recorded]:
    """Read several recordings of the same hour as one."""
    return heapq.merge(*(read(path, symbol) for symbol, path in paths.items()), key=lambda message: message.at_ns)


async def play(
    messages: Iterable[Recorded],
    *,
    speed: float = 1.0,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Recorded, None]:
    """Yield messages `speed` times as fast as they were recorded; math.inf is as fast as they can be read.

    now is in seconds and never goes back.
    """
    first_ns = -1
    start_s = 0.0
    for count, message in enumerate(messages):
        if first_ns < 0:
            first_ns, start_s = message.at_ns, now()
        wait_s = start_s + (message.at_ns - first_ns) / 1e9 / speed - now()
        if wait_s < -MAX_LAG_S:
            start_s -= wait_s
        if wait_s > 0 or count % _BREATH == 0:
            await sleep(max(0.0, wait_s))
        yield message
