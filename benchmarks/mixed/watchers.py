"""Sockets that only watch: each holds a book, and says how late it heard of trades and what it missed."""

import asyncio
import contextlib
import time
import zlib
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import aiohttp
import msgspec

from benchmarks.mixed.client import Client

CHECKED: Final = 25  # levels a side that a checksum covers
HEARD: Final = "trade heard"  # as an operation of the figures: from the trade's time to the watcher


class Prices:
    """The best prices of each market, as a watcher heard them last."""

    def __init__(self) -> None:
        self._best: dict[str, tuple[str | None, str | None]] = {}

    def hear(self, symbol: str, bid: str | None, ask: str | None) -> None:
        """Take prices; a side that is empty now keeps its last one."""
        last_bid, last_ask = self._best.get(symbol, (None, None))
        self._best[symbol] = bid or last_bid, ask or last_ask

    def best(self, symbol: str, side: str) -> Decimal | None:
        """Return the best price of a side, else the other side's, else None."""
        bid, ask = self._best.get(symbol, (None, None))
        price = (bid or ask) if side == "buy" else (ask or bid)
        return None if price is None else Decimal(price)


class Watcher:
    """One socket on the book, trades and ticker of one market."""

    def __init__(self, client: Client, symbol: str, prices: Prices, *, checks: bool) -> None:
        self.messages = 0
        self.snapshots = 0  # beyond the first of each channel: what was spared a slow reader
        self.checked = 0
        self.wrong: list[str] = []
        self._client = client
        self._symbol = symbol
        self._prices = prices
        self._checks = checks
        self._seq: dict[str, int] = {}
        self._book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}

    async def run(self) -> None:
        """Watch until cancelled."""
        socket = await self._client.socket()
        try:
            channels = [f"{name}:{self._symbol}" for name in ("depth", "trades", "ticker")]
            await socket.send_json({"op": "subscribe", "channels": channels})
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(msgspec.json.decode(message.data))
        finally:
            await socket.close()
        self.wrong.append(f"a watcher's socket ended with {socket.close_code}")

    def _hear(self, said: dict[str, Any]) -> None:
        channel = said.get("channel")
        if channel is None:
            return
        self.messages += 1
        name, data = channel.partition(":")[0], said["data"]
        if said["type"] == "snapshot":
            self.snapshots += channel in self._seq
        elif said["seq"] != self._seq[channel] + 1:
            self.wrong.append(f"{channel} went from {self._seq[channel]} to {said['seq']}")
        self._seq[channel] = said["seq"]
        if name == "ticker":
            self._prices.hear(self._symbol, data["bid"], data["ask"])
        elif name == "trades" and said["type"] == "update":
            now_ms = time.time() * 1e3
            at_s = time.perf_counter() - self._client.began
            for trade in data:
                self._client.figures.add(HEARD, at_s, max(0.0, now_ms - trade["created_at"]) / 1e3)
        elif name == "depth" and self._checks:
            self._follow(said["type"], data)

    def _follow(self, kind: str, data: dict[str, Any]) -> None:
        if kind == "snapshot":
            self._book = {"bids": {}, "asks": {}}
        for side, levels in self._book.items():
            for price, quantity in data[side]:
                if quantity == "0":
                    levels.pop(price, None)
                else:
                    levels[price] = quantity
        if (told := data.get("checksum")) is not None:
            self.checked += 1
            if _checksum(self._book) != told:
                self.wrong.append(f"the book of {self._symbol} is another at {data['seq']}")


def _checksum(book: dict[str, dict[str, str]]) -> int:
    bids = sorted(book["bids"], key=float, reverse=True)[:CHECKED]
    asks = sorted(book["asks"], key=float)[:CHECKED]
    best = [f"{price}:{book['bids'][price]}" for price in bids] + [f"{price}:{book['asks'][price]}" for price in asks]
    return zlib.crc32(",".join(best).encode())


class Watchers:
    """Many of them. In a context: they watch while it lasts."""

    def __init__(self, client: Client, symbols: Sequence[str], count: int) -> None:
        self.prices = Prices()
        # One of each market follows its book; many that did so would measure this process and not the exchange.
        self.each = [
            Watcher(client, symbols[number % len(symbols)], self.prices, checks=number < len(symbols))
            for number in range(max(count, len(symbols)))
        ]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Watchers":
        """Open all."""
        self._tasks = [asyncio.create_task(watcher.run()) for watcher in self.each]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close all."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    @property
    def wrong(self) -> Counter[str]:
        """What was wrong, with how often."""
        return Counter(line for watcher in self.each for line in watcher.wrong)
