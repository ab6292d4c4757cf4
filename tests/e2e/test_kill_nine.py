"""Nothing acknowledged is ever lost, whenever the server dies."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from clobster.audit import audit
from data.store.opening import Place
from tests.support import postgres
from tests.support.database import read
from tests.support.server import Server, call

ROUNDS = 20
OPEN = {"new", "partially_filled"}


def test_every_acknowledged_order_is_there_exactly_once_after_each_of_20_kills(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_FEED="recorded")
    _kill_and_prove(server, server.data_dir / "clobster.db", ROUNDS)


def test_and_so_it_is_on_postgresql(tmp_path: Path) -> None:
    place = postgres.empty_exchange()
    _kill_and_prove(Server(tmp_path / "var", CLOBSTER_FEED="recorded", CLOBSTER_DATABASE_URL=place), place, 4)


def _kill_and_prove(server: Server, place: Place, rounds: int) -> None:
    chance = random.Random(9)
    acknowledged: dict[str, dict[str, Any]] = {}
    unanswered: list[dict[str, Any]] = []
    retried = 0
    for round_ in range(rounds):
        server.start()
        try:
            server.fund(42, USDT="1000000", BTC="20")
            token = server.sign_in(42)
            for body in unanswered:  # an honest client asks again under the same name
                answer = call("POST", f"{server.url}/api/trading/orders", body, token)
                assert answer.status == 201, answer.body
                acknowledged[body["client_order_id"]] = answer.body
                retried += 1
            lines = _trade_until_killed(server, token, round_, chance.uniform(0.2, 0.8))
        finally:
            server.kill()
        told, unanswered = _told(lines)
        acknowledged |= told
        report = audit(place)
        assert report.clean, report.lines
        _all_are_there_once(place, acknowledged)
    assert len(acknowledged) > rounds * 20, "too few orders to prove anything"
    assert retried > rounds, "no kill came between an order and its answer"


def _trade_until_killed(server: Server, token: str, seed: int, seconds: float) -> list[dict[str, Any]]:
    told = server.data_dir / f"trader-{seed}.jsonl"
    with told.open("wb") as file:
        trader = subprocess.Popen([sys.executable, "-m", "tests.e2e.trader", server.url, token, str(seed)], stdout=file)
    until = time.monotonic() + 20
    while not told.stat().st_size and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(seconds)
    server.kill()
    assert trader.wait(timeout=30) == 0
    return [json.loads(line) for line in told.read_bytes().splitlines()]


def _told(lines: list[dict[str, Any]]) -> tuple[dict[str, dict[str, Any]], list[dict[str, Any]]]:
    """Return the acknowledged orders by their client's name, and the bodies that got no answer."""
    asked = {line["asked"]["client_order_id"]: line["asked"] for line in lines if "asked" in line}
    answered = {line["name"]: line for line in lines if "name" in line}
    acknowledged = {name: line["answer"] for name, line in answered.items() if line["status"] == 201}
    return acknowledged, [body for name, body in asked.items() if name not in answered]


def _all_are_there_once(place: Place, acknowledged: dict[str, dict[str, Any]]) -> None:
    kept: dict[str, list[tuple[int, str, int]]] = {}
    for name, *order in read(place, "SELECT client_order_id, id, status, filled FROM orders"):
        kept.setdefault(name, []).append(tuple(order))
    trades = {row[0] for row in read(place, "SELECT id FROM trades")}
    for name, order in acknowledged.items():
        assert len(kept.get(name, [])) == 1, f"{name} is kept {len(kept.get(name, []))} times"
        order_id, status, filled = kept[name][0]
        assert order_id == order["id"]
        assert status == order["status"] or order["status"] in OPEN, f"{name} was {order['status']}, is {status}"
        assert filled >= round(float(order["filled_quantity"]) * 10_000)
        assert trades >= {fill["trade_id"] for fill in order["fills"]}
    assert all(len(orders) == 1 for orders in kept.values()), "an order was placed twice"
