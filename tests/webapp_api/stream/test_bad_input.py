"""Whatever a client sends, it gets an error or a close with a code, and nobody else notices."""

import asyncio
import json
import logging
import struct
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from tests.support.batches import batch, level
from tests.support.own_time import own_time
from tests.webapp_api.stream.test_slow_clients import Stalled
from tests.webapp_api.stream.test_ws_orders import limit_order
from tests.webapp_api.stream.world import World, world
from webapp_api.stream import connection, hub


@pytest.mark.parametrize(
    ("sent", "id_", "op", "code"),
    [
        ("", None, None, "malformed"),
        ("{", None, None, "malformed"),
        ("\x00", None, None, "malformed"),
        ("[" * 20_000, None, None, "invalid_request"),
        ('{"op": "ping", "id": ' + "9" * 10_000 + "}", None, None, "invalid_request"),
        ("null", None, None, "invalid_request"),
        ("[]", None, None, "invalid_request"),
        ("{}", None, None, "invalid_request"),
        ('{"op": "nonsense", "id": 7}', 7, "nonsense", "invalid_request"),
        ('{"op": 5, "id": "x"}', None, None, "invalid_request"),
        ('{"id": "x"}', "x", None, "invalid_request"),
        ('{"op": "ping", "id": {}}', None, None, "invalid_request"),
        ('{"op": "ping", "id": 1.5}', None, None, "invalid_request"),
        ('{"op": "ping", "id": "' + "x" * 65 + '"}', None, None, "invalid_request"),
        ('{"op": "ping", "id": 1, "more": 1}', 1, "ping", "invalid_request"),
        ('{"op": "subscribe", "id": 1}', 1, "subscribe", "invalid_request"),
        ('{"op": "subscribe", "id": 1, "channels": "depth:BTCUSDT"}', 1, "subscribe", "invalid_request"),
        ('{"op": "subscribe", "id": 1, "channels": [1]}', 1, "subscribe", "invalid_request"),
        (json.dumps({"op": "subscribe", "id": 1, "channels": ["x"] * 101}), 1, "subscribe", "invalid_request"),
        (json.dumps({"op": "subscribe", "id": 1, "channels": ["x" * 1000]}), 1, "subscribe", "invalid_request"),
        ('{"op": "auth", "id": 1}', 1, "auth", "invalid_request"),
        ('{"op": "auth", "id": 1, "token": "e30.e30."}', 1, "auth", "unauthorized"),
        ('{"op": "auth", "id": 1, "token": "é"}', 1, "auth", "unauthorized"),
        ('{"op": "order.place", "id": 1}', 1, "order.place", "invalid_request"),
        ('{"op": "order.place", "id": 1, "params": []}', 1, "order.place", "invalid_request"),
        ('{"op": "order.cancel", "id": 1, "params": {"id": -1}}', 1, "order.cancel", "invalid_request"),
        ('{"op": "order.cancel", "id": 1, "params": {"id": 1e3}}', 1, "order.cancel", "invalid_request"),
    ],
)
async def test_a_message_that_is_no_request_is_answered_with_an_error(
    tmp_path: Path, sent: str, id_: Any, op: str | None, code: str
) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.socket.send_str(sent)
        answer = await client.hear()
        assert (answer["id"], answer["op"], answer["error"]["code"]) == (id_, op, code)
        assert answer["error"]["message"]
        assert (await client.ask(op="ping", id=2))["op"] == "pong"


async def test_a_cancellation_names_one_order_in_one_way(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        _, token = await there.person()
        client = await there.client(token)
        for params in ({}, {"id": 1, "client_order_id": "x"}):
            answer = await client.ask(op="order.cancel", id=1, params=params)
            assert answer["error"]["code"] == "invalid_order"


async def test_text_that_is_not_utf8_is_malformed(tmp_path: Path) -> None:
    async with world(tmp_path) as there, Stalled(there) as raw:
        await raw.send(b"\x81\x82" + bytes(4) + b"\xff\xfe")
        opcode, payload = await raw.frame()
        assert (opcode, json.loads(payload)["error"]["code"]) == (1, "malformed")


async def test_binary_frames_close_the_connection(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.socket.send_bytes(b'{"op": "ping"}')
        assert await client.closed() == (1003, "binary_frame")


async def test_a_message_of_more_than_256_kb_closes_the_connection(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        await client.say(op="ping", id=1, padding="x" * 250_000)
        assert (await client.hear())["error"]["code"] == "invalid_request"
        await client.say(op="ping", id=1, padding="x" * 270_000)
        assert (await client.closed())[0] == 1009


@pytest.mark.parametrize(
    "frame",
    [
        b"\xf1\x80" + bytes(4),  # reserved bits
        b"\x83\x80" + bytes(4),  # an opcode that does not exist
        b"\x80\x80" + bytes(4),  # a continuation of nothing
        b"\x81\xff" + struct.pack(">Q", 2**63) + bytes(4),  # eight exabytes
        b"\x89\xfe" + struct.pack(">H", 1000) + bytes(1004),  # a ping that is too long
    ],
)
async def test_broken_frames_close_the_connection_with_a_code(
    tmp_path: Path, frame: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async with world(tmp_path) as there, Stalled(there) as raw:
        await raw.send(frame)
        closed = await raw.read_to_the_end()
        assert closed is not None
        assert closed[0] in (1002, 1009)
        await asyncio.sleep(0.02)
        assert there.hub.metrics.clients == 0
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_who_sends_nothing_but_nonsense_is_dropped(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for _ in range(connection.MAX_FAULTS + 1):
            await client.socket.send_str("nonsense")
        assert await client.closed() == (1008, "too_many_faults")


async def test_who_guesses_tokens_is_dropped(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        for guess in range(connection.MAX_FAULTS + 1):
            await client.say(op="auth", token=f"guess {guess}")
        assert await client.closed() == (1008, "too_many_faults")


async def test_a_flood_is_refused_and_then_closed(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        noisy, quiet = await there.client(), await there.client()
        allowed = connection.BUDGET // connection.REQUEST_COST
        for number in range(allowed + connection.MAX_FAULTS + 1):
            await noisy.say(op="ping", id=number)
        assert [(await noisy.hear())["op"] for _ in range(allowed)] == ["pong"] * allowed
        refused = await noisy.hear()
        assert (refused["id"], refused["error"]["code"]) == (allowed, "too_many_requests")
        assert await noisy.closed() == (1008, "too_many_faults")
        assert (await quiet.ask(op="ping", id=1))["op"] == "pong"


async def test_who_pauses_may_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUDGET", 3 * connection.REQUEST_COST)
    async with world(tmp_path) as there:
        client = await there.client()
        told = [await client.ask(op="ping", id=number) for number in range(4)]
        assert ["error" in answer for answer in told] == [False, False, False, True]
        await asyncio.sleep(1.05)
        assert (await client.ask(op="ping", id=5))["op"] == "pong"


async def test_ten_thousand_subscriptions_in_one_message_are_an_error_with_its_id(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        client = await there.client()
        answer = await client.ask(op="subscribe", id="many", channels=["candles:BTCUSDT:1m"] * 10_000)
        assert (answer["op"], answer["error"]["code"]) == ("subscribe", "invalid_request")
        since = {f"depth:{number}": 1 for number in range(10_000)}
        answer = await client.ask(op="subscribe", id="more", since=since)
        assert (answer["op"], answer["error"]["code"]) == ("subscribe", "invalid_request")
        assert (await client.ask(op="ping", id=2))["op"] == "pong"


async def test_a_connection_follows_so_many_channels_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MAX_SUBSCRIPTIONS", 2)
    async with world(tmp_path) as there:
        client = await there.client()
        both = ["depth:BTCUSDT", "ticker:BTCUSDT"]
        assert "result" in await client.ask(op="subscribe", id=1, channels=both)
        answer = await client.ask(op="subscribe", id=2, channels=["trades:BTCUSDT"])
        assert answer["error"]["code"] == "too_many_subscriptions"
        assert "result" in await client.ask(op="subscribe", id=3, channels=both)
        await client.ask(op="unsubscribe", id=4, channels=both)
        assert "result" in await client.ask(op="subscribe", id=5, channels=["trades:BTCUSDT"])


async def test_a_flood_does_not_keep_others_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BUDGET", 2**62)
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        noisy, quiet = await there.client(), await there.client(token)

        async def flood() -> None:
            for number in range(20_000):
                await noisy.say(op="ping", id=number)
                if number % 100 == 0:
                    await asyncio.sleep(0)  # sending alone gives nobody else a turn

        async def read() -> None:
            for number in range(20_000):
                assert (await noisy.hear())["id"] == number

        flooding = asyncio.gather(flood(), read())
        took_s: list[float] = []
        async with own_time() as time:
            while not flooding.done():
                started_s = time.s
                await quiet.ask(op="order.cancel", id=1, params={"id": 1})
                took_s.append(time.s - started_s)
        await flooding
        assert sorted(took_s)[len(took_s) * 9 // 10] < 0.25


async def handshake(there: World, **headers: str) -> int:
    """Return the status that the first request of a WebSocket is answered with."""
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    async with there.session.get(there.url, headers=upgrade | headers) as response:
        response.close()
        return response.status


@pytest.mark.parametrize("key", ["", "not base64", "\u00ff\u00fe"])
async def test_a_handshake_with_a_broken_key_is_refused(tmp_path: Path, key: str) -> None:
    async with world(tmp_path) as there:
        assert await handshake(there, **{"Sec-WebSocket-Key": key}) == 400


async def test_one_client_is_not_heard_to_the_end_before_others_get_a_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUDGET", 2**62)
    async with world(tmp_path) as there, Stalled(there) as raw:
        ping = b'{"op": "ping"}'
        await raw.send((b"\x81" + bytes([0x80 | len(ping)]) + bytes(4) + ping) * 2000)
        for _ in range(2000):
            await raw.frame()
        assert there.hub.metrics.writes >= 2000 // connection.FAIR_SHARE  # one a turn of the loop


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        (None, 101),
        ("http://127.0.0.1:{port}", 101),
        ("https://clobster.example", 101),
        ("https://CLOBSTER.example", 101),
        ("http://127.0.0.1:1", 403),
        ("http://127.0.0.1", 403),
        ("https://evil.example", 403),
        ("https://clobster.example.evil.example", 403),
        ("https://clobster.example@evil.example", 403),
        ("null", 403),
        ("", 403),
        ("http://[", 403),
    ],
)
async def test_pages_of_other_sites_may_not_connect(tmp_path: Path, origin: str | None, status: int) -> None:
    async with world(tmp_path, public_url="https://clobster.example/") as there:
        headers = {} if origin is None else {"Origin": origin.format(port=there.port)}
        assert await handshake(there, **headers) == status


async def test_a_plain_get_is_refused_as_json(tmp_path: Path) -> None:
    async with world(tmp_path) as there, there.session.get(there.url) as response:
        assert response.status == 400
        assert (await response.json())["error"]["code"]


async def test_there_are_only_so_many_clients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "MAX_CLIENTS", 2)
    async with world(tmp_path) as there:
        first, _ = await there.client(), await there.client()
        assert await handshake(there) == 503
        await first.socket.close()
        await asyncio.sleep(0.02)
        assert (await (await there.client()).ask(op="ping", id=1))["op"] == "pong"


async def test_who_answers_no_ping_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_S", 0.2)
    async with world(tmp_path) as there, Stalled(there) as mute:
        talks = await there.client()
        listening = asyncio.create_task(talks.silence(0.6))
        await asyncio.sleep(0.5)
        assert there.hub.metrics.clients == 1
        assert await listening
        assert (await talks.ask(op="ping", id=1))["op"] == "pong"
        assert await mute.read_to_the_end() is None


async def test_a_stop_sends_everybody_away_and_takes_nobody(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        _, token = await there.person(USDT=1000)
        client = await there.client(token)
        await client.say(op="order.place", id=1, params=limit_order())
        await client.answer(1)
        closed = asyncio.create_task(client.closed())
        await there.hub.close()
        assert await closed == (1001, "shutting_down")
        assert await handshake(there) == 503


async def test_metrics_say_how_it_goes(tmp_path: Path) -> None:
    async with world(tmp_path) as there:
        registry = CollectorRegistry()
        registry.register(there.hub.metrics)
        client = await there.client()
        await client.ask(op="subscribe", id=1, channels=["depth:BTCUSDT"])
        there.publish(batch(levels=[level("buy", 100, 1)]))
        await client.rest()
        await client.socket.send_bytes(b"")
        await client.closed()
        text = generate_latest(registry).decode()
        assert "clobster_ws_frames_total 3.0" in text
        assert 'clobster_ws_dropped_total{reason="binary_frame"} 1.0' in text
        assert "clobster_ws_conflations_total 0.0" in text
