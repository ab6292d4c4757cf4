"""A real server that runs out of files and then of disk: what it answered is there when it is started again."""

import http.client
import json
import os
import resource
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from clobster.audit import audit
from tests.support.server import Server, call

ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}
ROOM = 40_000  # bytes that the log may still grow by


def test_out_of_files_and_then_of_disk(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        server.fund(42, USDT="100000")
        token = server.sign_in(42)
        assert server.process is not None
        pid = server.process.pid
        host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
        assert host is not None
        assert port is not None

        # Out of files: who is connected goes on trading, who comes later waits or is turned away, and is served again.
        kept = http.client.HTTPConnection(host, port, timeout=20)
        answered = {"first": place(kept, token, "first")}
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{pid}/fd")) + 3, usual[1]))
        crowd = [socket.create_connection((host, port), timeout=20) for _ in range(40)]
        for number in range(20):
            answered[f"crowded-{number}"] = place(kept, token, f"crowded-{number}")
        for each in crowd:
            each.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        assert call("GET", f"{server.url}/readyz").status == 200

        # Out of disk: a file may not grow further, so a commit fails. Who waits for it gets no answer.
        log = server.data_dir / "clobster.db-wal"
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (log.stat().st_size + ROOM, resource.RLIM_INFINITY))
        unanswered = ""
        for number in range(2_000):
            try:
                answered[f"full-{number}"] = place(kept, token, f"full-{number}")
            except (http.client.HTTPException, OSError):
                unanswered = f"full-{number}"
                break
        assert unanswered, "the disk was never full"
        assert server.process.wait(timeout=20) == 1
        assert "the exchange stops at once" in server.log
        kept.close()
    finally:
        server.kill()

    assert audit(server.database).clean
    server.start()
    try:
        for name, id in answered.items():
            again = call("POST", f"{server.url}/api/trading/orders", ORDER | {"client_order_id": name}, token)
            assert (again.status, again.body["id"]) == (201, id), name
        once = call("POST", f"{server.url}/api/trading/orders", ORDER | {"client_order_id": unanswered}, token)
        assert once.status == 201
        assert server.stop() == 0
    finally:
        server.kill()
    assert audit(server.database).clean


def place(connection: http.client.HTTPConnection, token: str, name: str) -> int:
    """Place an order and return its id. Raises OSError or HTTPException where no answer comes."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request("POST", "/api/trading/orders", json.dumps(ORDER | {"client_order_id": name}), headers)
    answer = connection.getresponse()
    body: dict[str, Any] = json.loads(answer.read())
    assert answer.status == 201, body
    return int(body["id"])
