"""One update of a market's depth to thousands of sockets, beside a bare loop of aiohttp sends in the same run.

The hub and the bare handler run in this process, on uvloop like the exchange; the sockets are those of a second
process, which only reads. An update is over when its bytes are with the kernel for every socket. Both ways take turns,
and the median of each counts.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import multiprocessing
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from pathlib import Path

import uvloop
from aiohttp import web

from benchmarks.clients import open_socket
from tests.support.batches import batch, level
from tests.webapp_api.stream.world import BTCUSDT, World, world
from webapp_api.stream import protocol
from webapp_api.stream.connection import CLOSE_S
from webapp_api.stream.depth import DepthData

SOCKETS = 5_000
ROUNDS = 15
SPARE_FILES = 200  # that a process needs besides its sockets
CHANGES = 5  # levels a side in an update
SUBSCRIBE = b'{"op":"subscribe","channels":["depth:BTCUSDT"]}'


class Bare:
    """The yardstick: sockets that aiohttp serves."""

    def __init__(self) -> None:
        self.sockets: list[web.WebSocketResponse] = []

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Keep a socket."""
        opened = web.WebSocketResponse(compress=False, timeout=CLOSE_S)
        await opened.prepare(request)
        self.sockets.append(opened)
        with contextlib.suppress(ConnectionError):
            await opened.receive()
        return opened


@contextlib.asynccontextmanager
async def listening(bare: Bare) -> AsyncIterator[int]:
    """Serve the yardstick; give its port."""
    app = web.Application()
    app.router.add_get("/ws", bare.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_S)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def listen(pipe: Connection, hub_port: int, bare_port: int, sockets: int) -> None:
    """Be the second process: open all sockets, then read until told to stop."""
    raise_limit()

    async def run() -> None:
        opened = [await open_socket(hub_port, "/api/ws", ignore, [SUBSCRIBE]) for _ in range(sockets)]
        opened += [await open_socket(bare_port, "/ws", ignore, []) for _ in range(sockets)]
        pipe.send(len(opened))
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)
        await asyncio.gather(*(each.close() for each in opened))

    uvloop.run(run())


def ignore(_: object, __: bytes) -> None:
    """Take what was heard."""


async def one_by_hub(there: World, sockets: int, number: int) -> float:
    """Return the seconds that one update takes from its batch to the last socket."""
    sides = (("buy", 100), ("sell", 900))
    changed = [level(side, price + n, number + 1) for side, price in sides for n in range(CHANGES)]
    writes = there.hub.metrics.writes + sockets
    began = time.perf_counter()
    there.publish(batch(levels=changed))
    there.market_data.cut_depth(BTCUSDT.symbol)
    await asyncio.sleep(0)  # the hub writes at the end of a turn
    await asyncio.sleep(0)  # and uvloop hands over what was written
    took = time.perf_counter() - began
    assert there.hub.metrics.writes == writes
    return took


async def one_by_loop(bare: Bare, text: str) -> float:
    """Return the seconds that the bare loop takes for as many bytes."""
    began = time.perf_counter()
    for each in bare.sockets:
        await each.send_str(text)
    await asyncio.sleep(0)
    return time.perf_counter() - began


def an_update() -> str:
    """Return the text that an update has here."""
    bids = [(f"{1 + n / 100:.2f}", "0.0010") for n in range(CHANGES)]
    asks = [(f"{9 + n / 100:.2f}", "0.0010") for n in range(CHANGES)]
    frame = protocol.update("depth:BTCUSDT", 10, DepthData("BTCUSDT", 10, bids, asks))
    return frame[frame.index(b"{") :].decode()


async def measure(sockets: int) -> tuple[list[float], list[float]]:
    """Return the seconds of each update, through the hub and by the bare loop."""
    bare = Bare()
    with tempfile.TemporaryDirectory() as folder:
        async with world(Path(folder)) as there, listening(bare) as bare_port:
            ours, theirs = multiprocessing.get_context("spawn").Pipe()
            reader = multiprocessing.get_context("spawn").Process(
                target=listen, args=(theirs, there.port, bare_port, sockets), daemon=True
            )
            reader.start()
            await asyncio.get_running_loop().run_in_executor(None, ours.recv)
            hub_s, bare_s = [], []
            gc.collect()
            gc.freeze()
            for number in range(ROUNDS):
                await asyncio.sleep(0.1)  # past the beat, and the reader has caught up
                hub_s.append(await one_by_hub(there, sockets, number))
                await asyncio.sleep(0.1)
                bare_s.append(await one_by_loop(bare, an_update()))
            ours.send(None)
            await asyncio.get_running_loop().run_in_executor(None, reader.join)
            return hub_s, bare_s


def raise_limit() -> int:
    """Raise the number of open files as far as allowed, and return it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sockets", type=int, default=SOCKETS)
    options = parser.parse_args()
    sockets = min(options.sockets, (raise_limit() - SPARE_FILES) // 2)
    hub_s, bare_s = uvloop.run(measure(sockets))
    found = {
        "sockets": sockets,
        "ms": round(statistics.median(hub_s) * 1000, 2),
        "bare_ms": round(statistics.median(bare_s) * 1000, 2),
        "ratio": round(statistics.median(hub_s) / statistics.median(bare_s), 3),
        "us_a_socket": round(statistics.median(hub_s) / sockets * 1e6, 2),
        "bare_us_a_socket": round(statistics.median(bare_s) / sockets * 1e6, 2),
    }
    print(f"one update to {sockets:,} sockets      ms   us a socket")
    print(f"  the hub                  {found['ms']:>9.2f} {found['us_a_socket']:>10.2f}")
    print(f"  a loop of aiohttp sends  {found['bare_ms']:>9.2f} {found['bare_us_a_socket']:>10.2f}")
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
