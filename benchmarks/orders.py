"""Durable acknowledged orders a second, over HTTP and over `/api/ws`, beside a bare aiohttp handler in the same run.

The exchange is a process of its own with everything on: sessions, ledger, matching, idempotency, one SQLite commit with
synchronous=FULL before each answer. The load comes from this process.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import uvloop

from benchmarks import bare
from benchmarks.clients import (
    Closed,
    Connection,
    Paced,
    http_request,
    open_http,
    open_socket,
    percentile,
    text_frame,
)
from benchmarks.raw_sqlite import orders_per_second
from tests.support.server import Server

CONNECTIONS = 64
BATCH = 50  # orders in one message
BATCHERS = 16  # connections that send batches
BATCHES_IN_FLIGHT = 2  # on each of these
IN_FLIGHT = 8  # on a WebSocket; an HTTP connection has one
STEADY_RATE = 1_000
MIDDLE = 6_000_000  # ticks
ECHO = text_frame(b'{"op":"order.place","id":1234,"params":{"symbol":"BTCUSDT","side":"buy","type":"limit"}}')


def orders(seed: int) -> Iterator[bytes]:
    """Yield bodies of orders without end, in the proportion of the shared matching workload: one in six takes.

    The others rest some ticks away from the middle, nearer ones more often; a taker meets one to three of them.
    """
    chance = random.Random(seed)
    ready = []
    for number in range(6_000):
        side = chance.choice(["buy", "sell"])
        better = 1 if side == "buy" else -1
        takes = number % 6 == 0
        ticks = MIDDLE + better * (500 if takes else -1 - int(chance.expovariate(1 / 100)))
        lots = chance.randint(1, 150) if takes else chance.randint(10, 99)
        ready.append(
            msgspec.json.encode(
                {
                    "symbol": "BTCUSDT",
                    "side": side,
                    "type": "limit",
                    "quantity": f"0.{lots:04}",
                    "price": f"{ticks // 100}.{ticks % 100:02}",
                }
            )
        )
    return itertools.cycle(ready)


def placing(seed: int) -> Iterator[bytes]:
    """Return order.place frames without end."""
    bodies = enumerate(orders(seed))  # made now, not when the clock runs
    return (text_frame(b'{"op":"order.place","id":%d,"params":%b}' % (number, body)) for number, body in bodies)


def batching(seed: int) -> Iterator[bytes]:
    """Return order.batch frames without end."""
    items = (b'{"op":"place",' + body[1:] for body in orders(seed))
    ready = [b",".join(itertools.islice(items, BATCH)) for _ in range(6_000 // BATCH)]
    return (
        text_frame(b'{"op":"order.batch","id":%d,"params":{"orders":[%b]}}' % (number, batch))
        for number, batch in enumerate(itertools.cycle(ready))
    )


def posting(seed: int, token: str) -> Iterator[bytes]:
    """Return one person's requests over HTTP without end."""
    return (http_request("/api/trading/orders", body, token) for body in orders(seed))


async def over_http(port: int, tokens: list[str], seconds: float) -> tuple[float, Closed]:
    """Return orders a second over keep-alive connections."""
    load = Closed(seconds, lambda answer: b" 201 " not in answer[:16])
    connections: list[Connection] = []
    for seed, token in enumerate(tokens):
        connection = await open_http(port, load.answered)
        connection.next = posting(seed, token)
        connections.append(connection)
    return await _measure(load, connections, 1), load


async def bare_http(port: int, seconds: float) -> float:
    """Return the yardstick's requests a second under the same load."""
    load = Closed(seconds)
    connections: list[Connection] = []
    for seed in range(CONNECTIONS):
        connection = await open_http(port, load.answered)
        connection.next = (http_request("/", body, "t" * 300) for body in orders(seed))
        connections.append(connection)
    return await _measure(load, connections, 1)


async def over_socket(port: int, tokens: list[str], seconds: float) -> tuple[float, Closed]:
    """Return orders a second over WebSockets, one order a message."""
    load = Closed(seconds, lambda answer: b'"error"' in answer)
    connections = await open_sockets(port, tokens, load)
    return await _measure(load, connections, IN_FLIGHT), load


async def batches(port: int, tokens: list[str], seconds: float) -> tuple[float, Closed]:
    """Return orders a second over WebSockets, many orders a message."""
    load = Closed(seconds, lambda answer: b'"error"' in answer)
    connections = await open_sockets(port, tokens[:BATCHERS], load, batching)
    return BATCH * await _measure(load, connections, BATCHES_IN_FLIGHT), load


async def bare_socket(port: int, seconds: float) -> float:
    """Return the yardstick's echoes a second under the same load."""
    load = Closed(seconds)
    connections: list[Connection] = []
    for _ in range(CONNECTIONS):
        connection = await open_socket(port, "/ws", load.answered, [])
        connection.next = itertools.repeat(ECHO)
        connections.append(connection)
    return await _measure(load, connections, IN_FLIGHT)


async def steady(port: int, tokens: list[str], seconds: float) -> tuple[float, float, float]:
    """Return p50, p99 and p99.9 in milliseconds at a steady rate, counted from when each order was due."""
    load = Paced(STEADY_RATE, seconds)
    connections = await open_sockets(port, tokens, load)
    latencies = await load.run(connections)
    await asyncio.gather(*(connection.close() for connection in connections))
    return percentile(latencies, 0.5), percentile(latencies, 0.99), percentile(latencies, 0.999)


async def open_sockets(
    port: int, tokens: Sequence[str], load: Closed | Paced, frames: Callable[[int], Iterator[bytes]] = placing
) -> list[Connection]:
    """Open a WebSocket for each token, signed in, with what it is to send."""
    connections: list[Connection] = []
    for seed, token in enumerate(tokens):
        first = [msgspec.json.encode({"op": "auth", "token": token})]
        connection = await open_socket(port, "/api/ws", load.answered, first)
        connection.next = frames(seed)
        connections.append(connection)
    return connections


async def _measure(load: Closed, connections: list[Connection], in_flight: int) -> float:
    rate = await load.run(connections, in_flight)
    await asyncio.gather(*(connection.close() for connection in connections))
    return rate


def processor_s(server: Server) -> float:
    """Return the processor time that the exchange has used, all its threads together (Linux)."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime


def measure(seconds: float) -> dict[str, float | int]:
    """Run everything once and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "var").start()
        try:
            tokens = []
            for person in range(CONNECTIONS):
                server.fund(person + 1, USDT="1000000000", BTC="10000")
                tokens.append(server.sign_in(person + 1))
            port = int(server.url.rsplit(":", 1)[1])
            with bare.running() as bare_port:
                http_bare = uvloop.run(bare_http(bare_port, seconds))
                http, http_load = uvloop.run(over_http(port, tokens, seconds))
                socket_bare = uvloop.run(bare_socket(bare_port, seconds))
                socket, socket_load = uvloop.run(over_socket(port, tokens, seconds))
            began = processor_s(server)
            batched, batch_load = uvloop.run(batches(port, tokens, seconds))
            batch_cpu_s = processor_s(server) - began
            p50, p99, p999 = uvloop.run(steady(port, tokens, seconds * 2))
            if server.stop() != 0:
                raise SystemExit("the exchange did not stop cleanly")
            sqlite = orders_per_second(server.data_dir / "clobster.db", Path(folder) / "raw.db", CONNECTIONS)
        finally:
            server.kill()
    refusals = http_load.refusals + socket_load.refusals + batch_load.refusals
    if refusals:
        raise SystemExit(f"{refusals} orders were refused: these figures say nothing")
    return {
        "http_orders_s": round(http),
        "http_bare_s": round(http_bare),
        "http_ratio": round(http / http_bare, 3),
        "http_p50_ms": round(percentile(http_load.latencies, 0.5), 2),
        "http_p99_ms": round(percentile(http_load.latencies, 0.99), 2),
        "ws_orders_s": round(socket),
        "ws_bare_s": round(socket_bare),
        "ws_ratio": round(socket / socket_bare, 3),
        "ws_p50_ms": round(percentile(socket_load.latencies, 0.5), 2),
        "ws_p99_ms": round(percentile(socket_load.latencies, 0.99), 2),
        "ws_batch_orders_s": round(batched),
        "ws_batch_cpu_us": round(batch_cpu_s / (batched * seconds * 1.25) * 1e6, 1),  # a quarter is warming up
        "ws_batch_p99_ms": round(percentile(batch_load.latencies, 0.99), 2),
        "raw_sqlite_orders_s": round(sqlite),
        "p50_ms": round(p50, 2),
        "p99_ms": round(p99, 2),
        "p999_ms": round(p999, 2),
    }


def main() -> None:
    """Measure, print a table, and with --json one object last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seconds", type=float, default=6.0, help="how long each load is counted")
    options = parser.parse_args()
    found = measure(options.seconds)
    print(f"durable orders, {CONNECTIONS} connections    exchange       bare    ratio    p50 ms    p99 ms")
    for way, name in (("http", "HTTP, one at a time"), ("ws", f"WebSocket, {IN_FLIGHT} in flight")):
        print(
            f"  {name:28} {found[f'{way}_orders_s']:>9,}/s {found[f'{way}_bare_s']:>8,}/s "
            f"{found[f'{way}_ratio']:>8.2f} {found[f'{way}_p50_ms']:>9.2f} {found[f'{way}_p99_ms']:>9.2f}"
        )
    print(
        f"  {f'WebSocket, batches of {BATCH}':28} {found['ws_batch_orders_s']:>9,}/s, "
        f"p99 {found['ws_batch_p99_ms']} ms, {found['ws_batch_cpu_us']} us of processor time an order"
    )
    print(f"  {f'SQLite alone, {CONNECTIONS} orders a commit':28} {'':>11} {found['raw_sqlite_orders_s']:>8,}/s")
    print(
        f"  at a steady {STEADY_RATE:,}/s, from when each was due: "
        f"p50 {found['p50_ms']} ms, p99 {found['p99_ms']} ms, p99.9 {found['p999_ms']} ms"
    )
    if options.json:
        print(json.dumps(found))


if __name__ == "__main__":
    main()
