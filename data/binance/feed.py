"""Which feed a server follows."""

from collections.abc import Sequence

import aiohttp
import structlog

from data.binance.health import FeedHealth
from data.binance.live import REST_URL, STREAM_URL, BinanceFeed
from data.binance.recorded import RecordedFeed
from data.binance.tape import OnPrice
from engine.core.types import Symbol
from engine.ports import Clock

log = structlog.get_logger()

REACH_S = 3.0


class Followed:
    """Which feed is followed, once one is chosen: what operators see of it is asked for from the start on."""

    def __init__(self) -> None:
        self.feed: BinanceFeed | RecordedFeed | None = None

    def health(self) -> list[FeedHealth]:
        """Return how each market is doing; nothing where no feed is followed."""
        return [] if self.feed is None else self.feed.health()


async def choose_feed(
    symbols: Sequence[Symbol],
    clock: Clock,
    *,
    rest_url: str = REST_URL,
    stream_url: str = STREAM_URL,
    reach_s: float = REACH_S,
    on_price: OnPrice | None = None,
) -> BinanceFeed | RecordedFeed:
    """Return Binance's feed where it answers a ping within reach_s seconds, else the bundled recording."""
    if await is_reachable(rest_url, reach_s):
        log.info("quoting from binance", url=rest_url)
        return BinanceFeed(symbols, clock, rest_url=rest_url, stream_url=stream_url, on_price=on_price)
    log.info("binance does not answer; quoting from the bundled recording", url=rest_url)
    return RecordedFeed(symbols, clock, on_price=on_price)


async def is_reachable(rest_url: str, reach_s: float = REACH_S) -> bool:
    """Return whether Binance's REST interface answers a ping in time."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=reach_s)) as session,
            session.get(f"{rest_url.rstrip('/')}/api/v3/ping") as answer,
        ):
            return answer.ok
    except (aiohttp.ClientError, TimeoutError, OSError):
        return False
