"""A server quotes the recording, hedges on paper and knows after a restart what that came to."""

import time
import urllib.request
from pathlib import Path

from clobster.audit import audit
from tests.support.server import Server, call

SETTINGS = {
    "CLOBSTER_FEED": "recorded",
    "CLOBSTER_MAKER_INVENTORY": "BTC=100:190:300",  # development gives it 200
    "CLOBSTER_HEDGE": "paper",
    "CLOBSTER_HEDGE_THRESHOLDS": "BTC=1",
}


def figure(server: Server, name: str) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as response:
        text = response.read().decode()
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)


def wait_until_below_zero(server: Server, name: str) -> float:
    until = time.monotonic() + 20
    while (found := figure(server, name)) >= 0:
        assert time.monotonic() < until, name
        time.sleep(0.1)
    return found


def test_a_server_quotes_sells_hedges_on_paper_and_remembers(tmp_path: Path) -> None:
    real, paper = (f'clobster_maker_inventory{{book="{book}",market="BTCUSDT"}}' for book in ("real", "paper"))
    server = Server(tmp_path / "var", **SETTINGS).start()
    try:
        wait_until_below_zero(server, paper)
        server.fund(42, USDT="10000")
        token = server.sign_in(42)
        order = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quantity": "0.0100"}
        bought = call("POST", f"{server.url}/api/trading/orders", order, token)
        assert (bought.status, bought.body["status"]) == (201, "filled")
        trades = call("GET", f"{server.url}/api/trading/trades", token=token).body["trades"]
        assert all(trade["reference"] > 10**9 for trade in trades)
        assert wait_until_below_zero(server, real) == -0.01
        server.kill()
        server.start()
        assert wait_until_below_zero(server, real) == -0.01
        assert figure(server, 'clobster_maker_trades_total{market="BTCUSDT"}') == len(trades)
        assert server.stop() == 0
        assert "Traceback" not in server.log
        assert audit(server.database).clean
    finally:
        server.kill()
