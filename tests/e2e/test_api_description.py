"""A running exchange answers as /api/openapi.json says, whatever is asked; `make fuzz-api` asks for longer."""

from pathlib import Path

from clobster import data_dir
from tests.e2e.fuzz import ADA, fuzz
from tests.support.server import Server, call


def test_nothing_is_answered_that_is_not_described(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_FEED="recorded").start()
    try:
        found = fuzz(server, tmp_path, examples=15)
        assert not found, "\n".join(found)
        orders = call("GET", f"{server.url}/api/trading/orders", token=server.sign_in(ADA)).body["orders"]
        assert orders, "no order was good enough to be placed, so much of the answers was never seen"
        assert "unexpected error" not in server.log
        assert data_dir.running(server.data_dir).url == server.url
        assert server.stop() == 0
    finally:
        server.kill()
