"""A server starts, stops and refuses to start as an operator expects."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clobster.audit import audit
from tests.support.server import Server, call

PRODUCTION = {
    "CLOBSTER_ENV": "production",
    "CLOBSTER_BOT_TOKEN": "7000000001:AAH8s2dkPq0w9Zx7cVbN3mK5jLhG1fDyUeo",
    "CLOBSTER_JWT_SECRET": "f3Gq9Zk2Lw7Rt5Yx8Bn4Vc1Md6Hs0JpQ",
    "CLOBSTER_ENCRYPTION_KEY": "CzBVep/E6Q4zWH2ix+wRNluApcrvFDleg6jN8hc8YYY=",
    "CLOBSTER_FEED": "off",
    "CLOBSTER_SOLANA": "off",
    "CLOBSTER_PUBLIC_URL": "https://clobster.example",
}


def clobster(*arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run the command line to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "clobster", *arguments],
        env=os.environ | settings,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_a_stop_in_the_middle_of_trading_is_clean_and_the_next_start_goes_on(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        server.fund(42, USDT="100000", BTC="1")
        token = server.sign_in(42)
        trader = subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.trader", server.url, token, "2"], stdout=subprocess.DEVNULL
        )
        until = time.monotonic() + 20
        while not call("GET", f"{server.url}/api/trading/orders?limit=1", token=token).body["orders"]:
            assert time.monotonic() < until
        assert server.stop() == 0
        assert trader.wait(timeout=30) == 0
        assert "Traceback" not in server.log
        assert audit(server.database).clean

        server.start()
        before = call("GET", f"{server.url}/api/portfolio/balances", token=token)
        assert before.status == 200, "a session outlives a restart"
        assert server.stop() == 0
    finally:
        server.kill()


def test_a_second_server_on_the_same_directory_is_refused_in_one_line(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        code, _, said = clobster("run", "--port", "0", "--data-dir", str(server.data_dir), CLOBSTER_FEED="off")
        assert code == 2
        assert said.count("\n") == 1
        assert "another clobster runs" in said
        assert call("GET", f"{server.url}/readyz").status == 200
    finally:
        server.kill()


def test_an_address_that_is_taken_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, _, said = clobster("run", "--port", port, "--data-dir", str(tmp_path), CLOBSTER_FEED="off")
    assert code == 2
    assert said.splitlines()[-1].startswith(f"clobster: 127.0.0.1:{port} can't be listened on")
    assert "Traceback" not in said


def test_production_does_not_migrate_by_itself(tmp_path: Path) -> None:
    code, _, said = clobster("run", "--port", "0", "--data-dir", str(tmp_path), **PRODUCTION)
    assert (code, said.count("\n")) == (2, 1)
    assert "clobster migrate" in said
    assert clobster("migrate", "--data-dir", str(tmp_path))[0] == 0
    code, _, said = clobster("dev", "init-data", "--user-id", "1", "--data-dir", str(tmp_path), **PRODUCTION)
    assert (code, said.count("\n")) == (2, 1)


@pytest.mark.parametrize("command", [("dev", "fund", "--user-id", "1", "--asset", "USDT", "--amount", "1"), ("audit",)])
def test_a_command_without_its_server_or_books_says_so(tmp_path: Path, command: tuple[str, ...]) -> None:
    code, _, said = clobster(*command, "--data-dir", str(tmp_path))
    assert (code, said.count("\n")) == (2, 1)


def test_what_is_wrong_with_the_place_is_said_in_one_line(tmp_path: Path) -> None:
    broken, torn = tmp_path / "broken", tmp_path / "torn"
    for place in (broken, torn):
        place.mkdir()
    (broken / "clobster.db").write_text("this is not a database, however long it may be" * 30)
    (torn / "secrets.json").write_text("{")
    for place, hint in (
        (broken, "CLOBSTER_DATABASE_URL"),
        (torn, "secrets.json"),
        (broken / "clobster.db" / "var", "CLOBSTER_DATA_DIR"),
    ):
        code, _, said = clobster("run", "--port", "0", "--data-dir", str(place), CLOBSTER_SOLANA="off")
        last = said.splitlines()[-1]
        assert (code, "Traceback" in said) == (2, False), said
        assert last.startswith("clobster: ")
        assert hint in last


def test_production_does_not_open_books_with_play_money(tmp_path: Path) -> None:
    server = Server(tmp_path / "var").start()
    try:
        server.fund(42, USDT="1")
        assert server.stop() == 0
    finally:
        server.kill()
    code, _, said = clobster("run", "--port", "0", "--data-dir", str(server.data_dir), **PRODUCTION)
    assert (code, said.count("\n")) == (2, 1)
    assert "play money" in said
