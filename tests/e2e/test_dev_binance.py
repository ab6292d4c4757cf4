"""An exchange that follows Binance, played by `clobster dev binance`."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server, call


@pytest.fixture
def binance() -> Iterator[dict[str, str]]:
    """Start it and return the settings that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "clobster", "dev", "binance", "--port", "0", "--speed", "2"],
        env=os.environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().strip() for _ in range(5)]
    yield dict(line.split("=", 1) for line in lines)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    process.stdout.close()


def test_an_exchange_follows_it_and_says_when_it_does_not(tmp_path: Path, binance: dict[str, str]) -> None:
    server = Server(tmp_path / "var", **binance).start()

    def wait_for(in_sync: bool) -> None:
        until = time.monotonic() + 20
        while True:
            feed = call("GET", f"{server.url}/readyz").body["feed"]
            if len(feed) == 3 and [each["in_sync"] for each in feed] == [in_sync, in_sync, False]:
                return  # there is no recording of the third
            assert time.monotonic() < until, feed
            time.sleep(0.05)

    try:
        wait_for(True)
        time.sleep(0.3)
        ticker = call("GET", f"{server.url}/api/markets/BTCUSDT/ticker").body
        assert abs(float(ticker["bid"]) - float(ticker["reference"]["bid"])) < 100
        assert float(ticker["reference"]["last"]) > 50_000
        assert call("GET", f"{server.url}/api/markets/BTCUSDT/trades").body["trades"] == []
        url = f"{binance['CLOBSTER_BINANCE_REST_URL']}/simulator"
        assert call("POST", f"{url}/stall", {}).status == 200
        wait_for(False)
        assert call("POST", f"{url}/stall", {"on": False}).status == 200
        wait_for(True)
        assert server.stop() == 0
        assert all(len(line) < 1_000 for line in server.log.splitlines())
    finally:
        server.kill()


def test_what_it_can_not_play_is_refused_in_a_line() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "clobster", "dev", "binance", "--symbols", "NOPEUSDT"],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (2, "clobster: there is no recording of NOPEUSDT\n")
