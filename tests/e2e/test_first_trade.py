"""README's first trade, its own lines, on the first start of a fresh exchange."""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.support.server import Server, call

README = Path(__file__).parents[2] / "README.md"
SERVED_AT = "http://127.0.0.1:8080"


def first_trade() -> str:
    """Return README's shell lines that trade."""
    (lines,) = (block for block in re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL) if "curl" in block)
    assert SERVED_AT in lines
    return str(lines)


def until_quoted(server: Server, symbol: str) -> None:
    """Wait until somebody buys and sells."""
    until = time.monotonic() + 20
    while not all(call("GET", f"{server.url}/api/markets/{symbol}/depth").body[side] for side in ("bids", "asks")):
        assert time.monotonic() < until, server.log[-4000:]
        time.sleep(0.05)


def test_the_first_trade_of_the_readme_works_when_pasted(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_FEED="recorded", CLOBSTER_SOLANA="localnet").start()
    try:
        until_quoted(server, "ETHUSDT")
        until_quoted(server, "BTCUSDT")
        pasted = subprocess.run(
            ["sh", "-e"],
            input=first_trade().replace(SERVED_AT, server.url),
            env=os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            cwd=tmp_path,  # the server's data directory is `var` here, as it is for `make run`
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
        *_, order, balances = map(json.loads, pasted.stdout.splitlines()[1:])
        assert order["status"] == "filled"
        assert order["fills"][0]["fee_asset"] == "BTC"
        assert 240 < float(order["filled_quote_quantity"]) <= 250
        assert [balance["asset"] for balance in balances["balances"]] == ["BTC", "USDT"]
        assert server.stop() == 0
    finally:
        server.kill()
