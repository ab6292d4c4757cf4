"""Keeps the markets' accounts: counts committed trades and hedges, and writes the figures down now and then.

What was written last and the few trades and hedges since then give the figures back after a restart. Of those trades
the other venue's middle is not known any more, so they are `unpriced`.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from copy import copy
from typing import Final

import structlog

from engine.core.types import MARKET_MAKER, Symbol, TradeId
from engine.liquidity.external import Mid, Pair
from engine.liquidity.hedging import Hedge
from engine.liquidity.ports import MakerStore
from engine.liquidity.profit import Profit
from engine.sequencer.batch import Batch
from engine.sequencer.sequencer import Busy

log = structlog.get_logger()

KEEP_S: Final = 10.0
PAGE: Final = 1_000
MOST_PAGES: Final = 200  # trades that a start reads at most, in pages


class Bookkeeper:
    """The accounts of some markets, and of hedging them on paper."""

    def __init__(self, store: MakerStore, pairs: Iterable[Pair], newest: TradeId) -> None:
        """Open new accounts, in which trades after `newest` count."""
        self.pairs = {pair.market.symbol: pair for pair in pairs}
        self.profits = {symbol: Profit(symbol, last_trade=newest) for symbol in self.pairs}
        self.paper = {symbol: Profit(symbol, is_paper=True) for symbol in self.pairs}
        self._store = store
        self._kept: list[Profit] = []  # as they were kept last

    @classmethod
    async def open(cls, store: MakerStore, pairs: Iterable[Pair], newest: TradeId) -> "Bookkeeper":
        """Return the accounts as of the trade `newest`, the last one that is committed."""
        books = cls(store, pairs, newest)
        for kept in await store.profits():
            if kept.symbol in books.pairs:
                (books.paper if kept.is_paper else books.profits)[kept.symbol] = kept
        await books._catch_up(newest)
        for accounts in (books.profits, books.paper):
            for symbol, account in accounts.items():
                for hedge in await store.hedges(symbol, account.is_paper, account.last_hedge):
                    books.on_hedge(hedge, None)
        await books.keep()
        return books

    async def _catch_up(self, newest: TradeId) -> None:
        after: TradeId | None = min((profit.last_trade for profit in self.profits.values()), default=newest)
        pages = 0
        while after is not None and after < newest:
            if pages == MOST_PAGES:
                log.error("the market maker's accounts miss trades: too many since they were kept", after=after)
                break
            trades, after = await self._store.house_trades(after, PAGE)
            pages += 1
            for trade in trades:
                profit = self.profits.get(trade.symbol)
                if profit and trade.id > profit.last_trade:
                    profit.trade(trade, self.pairs[trade.symbol], None)
        for profit in self.profits.values():
            profit.last_trade = newest

    def on_batch(self, batch: Batch, mid: Callable[[Symbol], Mid | None]) -> None:
        """Count a committed batch's trades of the house; mid tells the other venue's middle now."""
        if not batch.trades:
            return
        for trade in batch.trades:
            profit = self.profits.get(trade.symbol)
            if profit and MARKET_MAKER in (trade.maker, trade.taker):
                profit.trade(trade, self.pairs[trade.symbol], mid(trade.symbol))
        for profit in self.profits.values():
            profit.last_trade = batch.trades[-1].id

    def on_hedge(self, hedge: Hedge, mid: Mid | None) -> None:
        """Count a hedge of which nothing more will come, once."""
        account = (self.paper if hedge.is_paper else self.profits)[hedge.symbol]
        if hedge.id > account.last_hedge:
            account.hedge(hedge, self.pairs[hedge.symbol], mid)

    async def run(self) -> None:
        """Keep the accounts every now and then."""
        while True:
            await asyncio.sleep(KEEP_S)
            await self.keep()

    async def keep(self) -> None:
        """Write down what has changed, be it that a day began; later, where the store has too much to do."""
        now = [copy(account) for account in (*self.profits.values(), *self.paper.values())]
        if now != self._kept:
            with suppress(Busy):
                await self._store.keep_profits(now)
                self._kept = now
