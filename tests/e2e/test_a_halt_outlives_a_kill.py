"""Who halts a market in an incident can rely on it, whatever happens to the process."""

from pathlib import Path

from clobster.audit import audit
from tests.support.server import Server, call

ADMIN = 7


def test_a_market_that_was_halted_is_halted_after_a_kill_until_somebody_says_otherwise(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_ADMIN_TELEGRAM_IDS=str(ADMIN)).start()
    order = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "100.00", "quantity": "0.0100"}
    try:
        server.fund(42, USDT="1000")
        token, boss = server.sign_in(42), server.sign_in(ADMIN)
        resting = call("POST", f"{server.url}/api/trading/orders", order, token).body
        assert call("POST", f"{server.url}/api/admin/markets/BTCUSDT/halt", token=boss).status == 204
        server.kill()
        assert audit(server.database).clean
        server.start()
        markets = {each["symbol"]: each["status"] for each in call("GET", f"{server.url}/api/markets").body["markets"]}
        assert (markets.pop("BTCUSDT"), set(markets.values())) == ("halted", {"trading"})
        refused = call("POST", f"{server.url}/api/trading/orders", order, token)
        assert (refused.status, refused.body["error"]["code"]) == (409, "market_halted")
        assert call("GET", f"{server.url}/api/trading/orders/{resting['id']}", token=token).body["status"] == "new"
        assert call("POST", f"{server.url}/api/admin/markets/BTCUSDT/resume", token=boss).status == 204
        assert call("POST", f"{server.url}/api/trading/orders", order, token).status == 201
        assert server.stop() == 0
        assert audit(server.database).clean
    finally:
        server.kill()
