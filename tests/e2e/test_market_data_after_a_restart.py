"""What everybody may know of a market is the same after the server was killed and started again."""

from pathlib import Path
from typing import Any

from tests.support.server import Server, call


def told(server: Server) -> dict[str, Any]:
    """Return what a server says, but for the moment at which it says it."""
    market = f"{server.url}/api/markets/BTCUSDT"
    ticker = call("GET", f"{market}/ticker").body
    del ticker["at"]
    traded = [each for each in call("GET", f"{market}/candles?interval=1m").body["candles"] if each["trades"]]
    return {
        "ticker": ticker,
        "trades": call("GET", f"{market}/trades").body,
        "stats": call("GET", f"{market}/stats").body,
        "minutes": traded,
        "day": call("GET", f"{market}/candles?interval=1d").body,
    }


def test_a_killed_server_tells_the_same_when_it_is_back(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        tokens = []
        for person in (1, 2):
            server.fund(person, USDT="100000", BTC="2")
            tokens.append(server.sign_in(person))
        for price in ("60000.00", "60100.00", "59900.00"):
            for token, side in zip(tokens, ("buy", "sell"), strict=True):
                body = {"symbol": "BTCUSDT", "side": side, "type": "limit", "price": price, "quantity": "0.1000"}
                assert call("POST", f"{server.url}/api/trading/orders", body, token).status == 201
        before = told(server)
        assert (before["ticker"]["open"], before["ticker"]["last"]) == ("60000.00", "59900.00")
        assert sum(each["trades"] for each in before["minutes"]) == before["stats"]["ever"]["trades"] == 3
        server.kill()
        assert told(server.start()) == before
    finally:
        server.kill()
