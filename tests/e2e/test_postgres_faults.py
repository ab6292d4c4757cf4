"""A whole server whose PostgreSQL is killed: it ends by itself, and says why it can't start before that is there."""

import subprocess
import sys
from os import environ
from pathlib import Path

from clobster.audit import audit
from tests.support.cluster import Cluster
from tests.support.server import Server, call

ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}


def test_a_server_ends_with_its_postgresql_and_starts_again_with_it(tmp_path: Path) -> None:
    cluster = Cluster()
    server = Server(tmp_path / "var", CLOBSTER_DATABASE_URL=cluster.empty_exchange())
    try:
        server.start()
        server.fund(42, USDT="1000")
        token = server.sign_in(42)
        answered = {f"order-{number}": place(server, token, f"order-{number}") for number in range(20)}
        assert server.process is not None

        # Nobody trades: that the server is gone is noticed all the same.
        cluster.kill()
        assert server.process.wait(timeout=60) == 1
        assert "the exchange stops at once" in server.log
        code, said = started(server)
        assert (code, said.count("\n"), "can't be used" in said) == (1, 1, True), said

        cluster.start()
        server.start()
        for name, id in answered.items():
            assert place(server, token, name) == id
        assert server.stop() == 0
        report = audit(server.database)
        assert report.clean, report.lines
    finally:
        server.kill()
        cluster.end()


def place(server: Server, token: str, name: str) -> int:
    answer = call("POST", f"{server.url}/api/trading/orders", ORDER | {"client_order_id": name}, token)
    assert answer.status == 201, answer.body
    return int(answer.body["id"])


def started(server: Server) -> tuple[int, str]:
    """Start a server that can't be, and return its exit code and what it said."""
    command = [sys.executable, "-m", "clobster", "run", "--port", "0", "--data-dir", str(server.data_dir)]
    done = subprocess.run(
        command, env=environ | server.settings, capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr
