"""Recordings of Binance's streams and a player that keeps their pace.

A recording is a gzip file of lines `<local ns> <json>`: messages of the combined stream ({"stream", "data"}) and
answers of GET /api/v3/depth ({"lastUpdateId", …}) as they arrived. The recorder's clock is about 1.3 s behind the
exchange's, so only differences of its times mean anything.
"""

import asyncio
import gzip
import heapq
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

MAX_LAG_S = 1.0  # a player that falls further behind than this does not hurry after
_BREATH = 32  # messages in a row without a pause

_BUNDLED = files("data.binance") / "recordings"


class Recorded(msgspec.Struct, frozen=True, gc=False):
    """One message as it arrived. Exactly one of diff, ticker, trade and snapshot tells what it is."""

    at_ns: int  # by the recorder's clock
    symbol: str
    stream: str  # "btcusdt@depth@100ms"; empty for a snapshot
    data: dict[str, Any]


def bundled(symbol: str) -> Path:
    """Return the recording of a symbol that comes with this package. Raises FileNotFoundError."""
    path = Path(str(_BUNDLED / f"{symbol}.gz"))
    if not path.is_file():
        raise FileNotFoundError(f"no recording of {symbol} is bundled")
    return path


def read(path: Path, symbol: str) -> Iterator[Recorded]:
    """Read a recording from its start, one message at a time."""
    with gzip.open(path, "rb") as lines:
        for line in lines:
            at_ns, _, payload = line.partition(b" ")
            message = msgspec.json.decode(payload)
            stream = message.get("stream", "")
            yield Recorded(int(at_ns), symbol, stream, message["data"] if stream else message)
