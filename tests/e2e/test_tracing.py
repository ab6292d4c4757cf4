"""Traces of a running exchange, as a collector on loopback decodes them."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp

from clobster import data_dir as files
from tests.simulators.collector import Collector, Seen, collecting
from tests.support.server import Server, call

ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0123"}
STAGES = ("validated", "queued", "matched", "committed", "answered")


async def test_an_order_is_followed_from_its_request_to_its_answer(tmp_path: Path) -> None:
    with collecting() as collector:
        server = Server(tmp_path / "var", CLOBSTER_TRACING_ENDPOINT=collector.url).start()
        try:
            server.fund(42, USDT="1234.5678")
            token = server.sign_in(42)
            order, request = placed(server, token)
            assert call("POST", f"{server.url}/api/trading/orders", ORDER | {"quantity": "999"}, token).status == 409
            over_socket = await placed_over_a_socket(server.url, token, str(ORDER["price"]))
            assert server.stop() == 0  # which tells the collector what is left
        finally:
            server.kill()
        secrets = files.own_secrets(server.data_dir)

    root = followed(collector, "POST /api/trading/orders", order)
    assert root.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/trading/orders",
        "http.response.status_code": 201,
        "clobster.request_id": request,
        "clobster.account": root.attributes["clobster.account"],
        "clobster.symbol": "BTCUSDT",
        "clobster.commands": 1,
        "clobster.order": order,
    }
    for number in over_socket[:2]:
        socket_root = followed(collector, "/api/ws PlaceOrder", number)
        assert len(str(socket_root.attributes["clobster.request_id"])) == len(request)
        assert socket_root.attributes["clobster.account"] == root.attributes["clobster.account"]
    (several,) = collector.named("/api/ws Batch")
    assert several.attributes["clobster.commands"] == 3
    assert set(collector.trace(several.trace)) == {several.name, *STAGES}

    refused = next(span for span in collector.named(root.name) if "clobster.refused" in span.attributes)
    assert refused.attributes["clobster.refused"] == "insufficient_funds"
    assert (refused.attributes["http.response.status_code"], refused.is_error) == (409, False)
    assert "committed" not in collector.trace(refused.trace), "it changed nothing"

    assert {span.name for span in collector.spans} >= {"POST /api/auth/telegram", "POST /api/dev/fund"}
    for span in collector.spans:
        assert span.end >= span.start, span
    told = b"".join(collector.raw)
    for secret in (token, secrets.bot_token, secrets.dev_secret, secrets.jwt_secret, "0.0123", "1234.5678"):
        assert secret.encode() not in told, secret


def followed(collector: Collector, name: str, order: int) -> Seen:
    """Return an order's request; its stages follow one another, and its batch names it and is named by it."""
    (root,) = [each for each in collector.named(name) if each.attributes.get("clobster.order") == order]
    found = collector.trace(root.trace)
    assert set(found) == {name, *STAGES}
    stages = {stage: found[stage][0] for stage in STAGES}
    at = root.start
    for stage in STAGES:
        assert (len(found[stage]), stages[stage].parent, stages[stage].start) == (1, root.id, at), stage
        at = stages[stage].end
    assert at == root.end
    batches = {(batch.trace, batch.id): batch for batch in collector.named("batch")}
    (linked,) = stages["matched"].links
    batch = batches[linked]
    assert (root.trace, root.id) in batch.links
    assert batch.attributes["clobster.batch"] > 0
    assert batch.attributes["clobster.commands"] >= 1
    return root


def placed(server: Server, token: str) -> tuple[int, str]:
    """Place an order; return its id and that of its request."""
    placing = urllib.request.Request(
        f"{server.url}/api/trading/orders",
        json.dumps(ORDER).encode(),
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(placing, timeout=20) as answer:
        return json.loads(answer.read())["id"], answer.headers["X-Request-Id"]


async def placed_over_a_socket(url: str, token: str, price: str) -> list[int]:
    """Place two orders, then three in a batch; return their ids."""
    several = {"orders": [ORDER, ORDER | {"price": price}, ORDER]}
    asked: list[dict[str, Any]] = [
        {"op": "auth", "token": token},
        {"op": "order.place", "params": ORDER},
        {"op": "order.place", "params": ORDER},
        {"op": "order.batch", "params": {"orders": [{"op": "place", **each} for each in several["orders"]]}},
    ]
    answers = []
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{url}/api/ws") as socket:
        for each in asked:
            await socket.send_json(each)
            answers.append(await socket.receive_json(timeout=20))
    return [answer["result"]["id"] for answer in answers[1:3]]


def test_a_place_for_traces_without_the_extra_is_one_line(tmp_path: Path) -> None:
    gone = tmp_path / "gone" / "opentelemetry"
    gone.mkdir(parents=True)
    (gone / "__init__.py").write_text("raise ModuleNotFoundError(name='opentelemetry')")
    done = subprocess.run(
        [sys.executable, "-m", "clobster", "run", "--port", "0", "--data-dir", str(tmp_path / "var")],
        env=os.environ | {"CLOBSTER_TRACING_ENDPOINT": "http://127.0.0.1:4318", "PYTHONPATH": str(gone.parent)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "clobster: CLOBSTER_TRACING_ENDPOINT needs what is not installed: pip install 'clobster[tracing]'\n"
    )
