"""A running exchange answers as /api/openapi.json says, whatever is asked; `make fuzz-api` asks for longer."""

from pathlib import Path

from tests.e2e.fuzz import ADA, ORDERS, fuzz
from tests.support.server import Server, call


def test_nothing_is_answered_that_is_not_described(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_FEED="recorded").start()
    try:
        found = fuzz(server, tmp_path, examples=15)
        assert not found, "\n".join(found)
        token = server.sign_in(ADA)
        for kind, least in (("orders", len(ORDERS)), ("trades", 2)):  # else much was never answered
            assert len(call("GET", f"{server.url}/api/trading/{kind}", token=token).body[kind]) >= least
        assert "unexpected error" not in server.log
        assert server.stop() == 0
    finally:
        server.kill()
