"""A client that does not read costs a bounded amount of memory and nobody else's time."""

import asyncio
import base64
import json
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.support.batches import batch, level, trade
from tests.support.own_time import own_time
from tests.webapp_api.stream.test_public_channels import BTC, Rebuilt
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import World, clock, world
from webapp_api.stream import hub
from webapp_api.stream.connection import CLOSE_S
from webapp_api.stream.outgoing import Limits

TIGHT = Limits(lagging_bytes=32 * 1024, held_bytes=256 * 1024, lag_s=0.6)
PUBLIC = ["depth:BTCUSDT", "ticker:BTCUSDT", "trades:BTCUSDT"]


class Stalled:
    """A raw socket that speaks just enough WebSocket, with small buffers, and reads only when told."""

    def __init__(self, there: World) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setblocking(False)
        self._port = there.port
        self._bytes = b""

    async def __aenter__(self) -> "Stalled":
        await asyncio.get_running_loop().sock_connect(self.socket, ("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        await self.send(
            f"GET /api/ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._bytes:
            await self._more()
        self._bytes = self._bytes.partition(b"\r\n\r\n")[2]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.socket.close()

    async def say(self, **request: Any) -> None:
        payload = json.dumps(request).encode()
        assert len(payload) < 65_536
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload))
        await self.send(b"\x81" + size + bytes(4) + payload)

    async def frame(self) -> tuple[int, bytes]:
        """Return the next frame's opcode and payload."""
        await self._need(2)
        opcode, size, start = self._bytes[0] & 0x0F, self._bytes[1], 2
        if size == 126:
            await self._need(4)
            size, start = struct.unpack(">H", self._bytes[2:4])[0], 4
        elif size == 127:
            await self._need(10)
            size, start = struct.unpack(">Q", self._bytes[2:10])[0], 10
        await self._need(start + size)
        payload, self._bytes = self._bytes[start : start + size], self._bytes[start + size :]
        return opcode, payload

    async def read_to_the_end(self) -> tuple[int, str] | None:
        """Return the code and reason of the close frame, or None where the connection was cut without one."""
        try:
            while True:
                opcode, payload = await self.frame()
                if opcode == 8:
                    return struct.unpack(">H", payload[:2])[0], payload[2:].decode()
        except ConnectionError:
            return None

    async def _need(self, size: int) -> None:
        while len(self._bytes) < size:
            await self._more()

    async def _more(self) -> None:
        async with asyncio.timeout(5):
            received = await asyncio.get_running_loop().sock_recv(self.socket, 65_536)
        if not received:
            raise ConnectionResetError
        self._bytes += received

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self.socket, data)


def wide(round_: int) -> Any:
    """Return a batch that changes 400 levels, some 16 KB in a frame."""
    return batch(levels=[level("buy", 1000 + number, round_ * 1000 + number + 1) for number in range(400)])


async def until_lagging(there: World) -> int:
    """Publish depth until somebody lags; return how often."""
    for round_ in range(1, 500):
        there.publish(wide(round_))
        there.market_data.cut_depth(BTC)
        await asyncio.sleep(0.002)
        if there.hub.metrics.lagging:
            return round_
    raise AssertionError("nobody lags")


async def test_a_lagging_client_gets_the_newest_depth_when_it_reads_again(tmp_path: Path) -> None:
    async with world(tmp_path, limits=Limits(lagging_bytes=32 * 1024, lag_s=30.0)) as there, Stalled(there) as slow:
        await slow.say(op="subscribe", channels=["depth:BTCUSDT"])
        rounds = await until_lagging(there)
        for round_ in range(rounds + 1, rounds + 101):
            there.publish(wide(round_))
            there.market_data.cut_depth(BTC)
        assert there.hub.metrics.conflations >= 100
        await asyncio.sleep(0.1)  # the beat has passed
        seq, _, _ = there.market_data.depth(BTC, 1000)
        there.market_data.on_batch(wide(1000))  # no diff is cut of this until the snapshot is made
        book = Rebuilt()
        while book.seq <= seq:
            opcode, payload = await slow.frame()
            assert opcode == 1
            message = json.loads(payload)
            if "channel" in message:
                book.take(message)
        _, bids, _ = there.market_data.depth(BTC, 1000)
        assert book.snapshots == 2  # the first, and the one that made up for what was left out
        assert [quantity for _, quantity in book.best()[0]] == [f"{lots / 10_000:.4f}" for _, lots in bids]
        assert there.hub.metrics.lagging == 0
        there.publish(wide(1))
        opcode, payload = await slow.frame()
        book.take(json.loads(payload))  # updates go on without a gap


async def test_trades_are_not_conflated(tmp_path: Path) -> None:
    async with world(tmp_path, limits=Limits(lagging_bytes=32 * 1024, lag_s=30.0)) as there, Stalled(there) as slow:
        await slow.say(op="subscribe", channels=["depth:BTCUSDT", "trades:BTCUSDT"])
        await until_lagging(there)
        for number in range(1, 101):
            there.publish(batch(trades=[trade(number, 100, 1, at=clock())]))
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.1)
        told: list[int] = []
        while len(told) < 100:
            _, payload = await slow.frame()
            message = json.loads(payload)
            if message.get("channel") == "trades:BTCUSDT":
                told += [each["trade_id"] for each in message["data"]]
        assert told == list(range(1, 101))


async def test_who_lags_too_long_is_dropped_with_a_reason_and_nobody_else_notices(tmp_path: Path) -> None:
    async with world(tmp_path, limits=TIGHT) as there, Stalled(there) as slow:
        _, token = await there.person(USDT=1_000_000)
        trader, watcher = await there.client(token), await there.client()
        await watcher.ask(op="subscribe", id=1, channels=PUBLIC)
        await slow.say(op="subscribe", channels=PUBLIC)
        rounds = await until_lagging(there)
        slowest_s = 0.0
        async with own_time() as time:
            for round_ in range(rounds + 1, rounds + 1000):
                there.publish(wide(round_))
                started_s = time.s
                await trader.ask(op="order.place", id=round_, params=limit_order(quantity="0.0001"))
                slowest_s = max(slowest_s, time.s - started_s)
                if there.hub.metrics.dropped:
                    break
        assert there.hub.metrics.dropped == {"slow_consumer": 1}
        assert slowest_s < 0.25
        assert await slow.read_to_the_end() == (1013, "slow_consumer")
        seqs = [message["seq"] for message in await watcher.rest() if message.get("channel") == "depth:BTCUSDT"]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))


@pytest.mark.parametrize("lagging_kb", [32, 256])  # below and above where the transport makes writers wait
async def test_who_does_not_even_take_the_close_frame_is_cut_off(tmp_path: Path, lagging_kb: int) -> None:
    limits = Limits(lagging_bytes=lagging_kb * 1024, lag_s=0.3)
    async with world(tmp_path, limits=limits) as there, Stalled(there) as slow:
        await slow.say(op="subscribe", channels=["depth:BTCUSDT"])
        await until_lagging(there)
        await asyncio.sleep(limits.lag_s + CLOSE_S + 0.3)
        assert there.hub.metrics.clients == 0
        assert there.hub.metrics.dropped == {"slow_consumer": 1}
        assert await slow.read_to_the_end() is None


async def test_who_answers_no_ping_and_takes_nothing_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.5)
    async with world(tmp_path, limits=Limits(lag_s=30.0)) as there, Stalled(there) as slow:
        await slow.say(op="subscribe", channels=["depth:BTCUSDT"])
        await until_lagging(there)
        await asyncio.sleep(1.0 + CLOSE_S + 0.2)
        assert there.hub.metrics.clients == 0
        read = 0
        with suppress(ConnectionError):
            while await slow.frame():
                read += 1
        assert read < there.hub.metrics.frames - 5  # the rest was thrown away


async def test_what_waits_for_a_lagging_client_is_bounded(tmp_path: Path) -> None:
    limits = Limits(lagging_bytes=32 * 1024, held_bytes=64 * 1024, lag_s=30.0)
    async with world(tmp_path, limits=limits) as there, Stalled(there) as slow:
        await slow.say(op="subscribe", channels=["depth:BTCUSDT", "trades:BTCUSDT"])
        await until_lagging(there)
        for number in range(1, 200):
            there.publish(batch(trades=[trade(number * 100 + each, 100, 1, at=clock()) for each in range(100)]))
            await asyncio.sleep(0.06)
            if there.hub.metrics.dropped:
                break
        assert there.hub.metrics.dropped == {"slow_consumer": 1}


async def test_a_client_that_breaks_off_in_the_middle_disturbs_nobody(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        watcher = await there.client()
        await watcher.ask(op="subscribe", id=1, channels=PUBLIC)
        for round_ in range(20):
            async with Stalled(there) as broken:
                await broken.say(op="subscribe", channels=PUBLIC)
                there.publish(wide(round_))
                await asyncio.sleep(0.005)
                reset = struct.pack("ii", 1, 0)
                broken.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
            there.publish(wide(round_ + 1))
        await asyncio.sleep(0.1)
        there.market_data.cut_depth(BTC)
        seqs = [message["seq"] for message in await watcher.rest() if message.get("channel") == "depth:BTCUSDT"]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert there.hub.metrics.clients == 1
