"""The house's quotes from start to stop: which feed is followed, who quotes it, what hedges, what fills the charts."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Final

import structlog

from clobster.config import Settings
from clobster.liquidity import hedge_settings, maker_settings
from clobster.markets import Listing
from clobster.metrics import FeedMetrics, MakerMetrics
from data.binance.feed import Followed, is_reachable
from data.binance.hedge import open_hedger
from data.binance.history import History
from data.binance.live import BinanceFeed
from data.binance.recorded import RecordedFeed
from data.binance.settings import FeedSettings
from data.store.liquidity import SqlMakerStore
from data.store.reference import SqlReference
from engine.core.exchange import Exchange
from engine.core.types import MARKET_MAKER, TradeId
from engine.liquidity.bookkeeping import Bookkeeper
from engine.liquidity.external import Pair
from engine.liquidity.hedger import Hedging
from engine.liquidity.maker import MarketMaker
from engine.liquidity.stops import Alarm
from engine.market_data.market_data import MarketData
from engine.ports import Clock, ExternalBook, Hedger
from engine.sequencer.sequencer import Sequencer
from webapp_api.quoting import Quoting

log = structlog.get_logger()

MILLIS: Final = 1_000


class NoFeed:
    """The feed where none is wanted: not one book."""

    def __init__(self) -> None:
        self._closed = asyncio.Event()
        self._books: tuple[ExternalBook, ...] = ()

    async def books(self) -> AsyncIterator[ExternalBook]:
        """Yield nothing until closed."""
        await self._closed.wait()
        for book in self._books:
            yield book

    async def close(self) -> None:
        """End `books`."""
        self._closed.set()


class MarketMaking:
    """Built with the exchange, run once its markets are listed and nobody quotes them."""

    def __init__(
        self,
        settings: Settings,
        listing: Listing,
        exchange: Exchange,
        sequencer: Sequencer,
        market_data: MarketData,
        store: SqlMakerStore,
        reference: SqlReference,
        clock: Clock,
    ) -> None:
        self.followed = Followed()
        self.quoting = Quoting()
        self.alarms: list[Callable[[Alarm], None]] = []  # told of every stop that begins or ends
        self.metrics = (MakerMetrics(), FeedMetrics(self.followed.health))
        self._settings = settings
        self._listing = listing
        self._exchange = exchange
        self._sequencer = sequencer
        self._market_data = market_data
        self._store = store
        self._clock = clock
        assets = {asset.code: asset for asset in listing.assets}
        self._pairs = [Pair(market, assets[market.base], assets[market.quote]) for market in listing.markets]
        self._history = History(
            [(pair.market, pair.base, pair.quote) for pair in self._pairs],
            reference,
            clock,
            rest_url=settings.binance_rest_url,
        )

    async def run(self) -> None:
        """Quote what the feed shows, hedge it, and let charts show what the feed knows of the time before."""
        feed = await self._feed()
        async with AsyncExitStack() as stack:
            maker, hedging = await self._hire(feed, await self._venue(stack))
            async with asyncio.TaskGroup() as tasks:
                beside = [tasks.create_task(hedging.run(), name="hedging")]
                if isinstance(feed, BinanceFeed):
                    beside.append(tasks.create_task(self._history.run(), name="history"))
                await maker.run()
                for task in beside:
                    task.cancel()

    async def _feed(self) -> BinanceFeed | RecordedFeed | NoFeed:
        """Return the feed that the settings ask for; finding out may take seconds."""
        settings, url = self._settings, self._settings.binance_rest_url
        match settings.feed:
            case "off":
                return NoFeed()
            case "binance":
                self.followed.feed = self._live()
            case "recorded":
                self.followed.feed = self._recorded()
            case "auto" if await is_reachable(url):
                log.info("quoting from binance", url=url)
                self.followed.feed = self._live()
            case "auto":
                log.info("binance does not answer; quoting from the bundled recording", url=url)
                self.followed.feed = self._recorded()
        return self.followed.feed

    def _live(self) -> BinanceFeed:
        return BinanceFeed(
            [pair.market.symbol for pair in self._pairs],
            self._clock,
            rest_url=self._settings.binance_rest_url,
            stream_url=self._settings.binance_stream_url,
            settings=FeedSettings(stale_s=self._settings.maker_stale_ms / MILLIS),
            on_price=self._market_data.on_reference,
            on_bar=self._history.on_bar,
        )

    def _recorded(self) -> RecordedFeed:
        symbols = [pair.market.symbol for pair in self._pairs]
        return RecordedFeed(symbols, self._clock, on_price=self._market_data.on_reference)

    async def _venue(self, stack: AsyncExitStack) -> Hedger | None:
        """Return where to hedge if there is a key; what was sent is looked up there even when hedging is off now."""
        key, secret = self._settings.binance_api_key, self._settings.binance_api_secret
        if not (key and secret):
            return None
        markets = [(pair.market, pair.base, pair.quote) for pair in self._pairs]
        url = self._settings.binance_rest_url
        return await stack.enter_async_context(
            open_hedger(url, key.get_secret_value(), secret.get_secret_value(), markets)
        )

    async def _hire(
        self, feed: BinanceFeed | RecordedFeed | NoFeed, venue: Hedger | None
    ) -> tuple[MarketMaker, Hedging]:
        """Return the market maker on a feed, and what hedges it."""
        store, state = self._store, self._exchange.state
        books = await Bookkeeper.open(store, self._pairs, TradeId(state.next_trade - 1))
        stopped = await store.stopped()
        # As of now, and not of the start: the first start has funded it since. Later changes it hears of by itself.
        funds = [balance.changed() for balance in state.ledger if balance.owner == MARKET_MAKER]
        quoting = maker_settings(self._settings, self._listing)
        states = {symbol: venue.market.state for symbol, venue in state.venues.items()}
        maker = MarketMaker(self._sequencer, feed, books, store, funds, stopped, self._clock, quoting, states=states)
        hedge = hedge_settings(self._settings, self._listing)
        hedging = Hedging(maker, books, store, venue, quoting.inventory, self._clock, hedge)
        self.metrics[0].watch(maker, hedging)
        self.quoting.watch(maker)
        maker.alarms += self.alarms
        return maker, hedging
