"""Which feed a server follows, and whether Binance can be followed at all."""

import aiohttp
import structlog

from data.binance.health import FeedHealth
from data.binance.live import BinanceFeed
from data.binance.recorded import RecordedFeed

log = structlog.get_logger()

REACH_S = 3.0


class Followed:
    """Which feed is followed, once one is chosen: what operators see of it is asked for from the start on."""

    def __init__(self) -> None:
        self.feed: BinanceFeed | RecordedFeed | None = None

    def health(self) -> list[FeedHealth]:
        """Return how each market is doing; nothing where no feed is followed."""
        return [] if self.feed is None else self.feed.health()


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
