"""A real server in a process of its own, for tests that must see it start, stop and die."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from clobster import data_dir as files
from clobster import launch_data
from data.store.opening import Place
from tests.support.database import server_settings


class Answer:
    """A status and a decoded body."""

    def __init__(self, status: int, body: Any) -> None:
        self.status = status
        self.body = body


def call(method: str, url: str, body: object = None, token: str | None = None) -> Answer:
    """Send one JSON request and return what was answered, whatever its status."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return Answer(response.status, json.loads(response.read() or b"null"))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, json.loads(error.read()))


class Server:
    """`clobster run` on a data directory, on a port of its own choosing."""

    def __init__(self, data_dir: Path, **settings: str) -> None:
        self.data_dir = data_dir
        self.settings = {"CLOBSTER_FEED": "off", "CLOBSTER_SOLANA": "off"} | server_settings(data_dir) | settings
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @property
    def database(self) -> Place:
        """Where its books are."""
        return self.settings.get("CLOBSTER_DATABASE_URL") or self.data_dir / "clobster.db"

    @property
    def log(self) -> str:
        """Everything that the server has said, over all its lives."""
        return (self.data_dir / "server.log").read_text()

    def start(self, timeout_s: float = 30, port: int = 0) -> "Server":
        """Start it and wait until it serves."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with (self.data_dir / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "clobster", "run", "--port", str(port), "--data-dir", str(self.data_dir)],
                env=os.environ | self.settings,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log[-4000:]}")
            try:
                running = files.running(self.data_dir)
                if running.pid == self.process.pid and call("GET", f"{running.url}/readyz").status == 200:
                    self.url = running.url
                    return self
            except (files.ConfigError, OSError):
                pass
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"the server was not ready in {timeout_s} s:\n{self.log[-4000:]}")

    def stop(self) -> int:
        """Ask it to stop and return its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def sign_in(self, telegram_id: int, name: str = "Ada") -> str:
        """Return an access token of a Telegram person."""
        token = files.own_secrets(self.data_dir).bot_token
        signed = launch_data.sign(token, user_id=telegram_id, first_name=name, now_s=int(time.time()))
        answer = call("POST", f"{self.url}/api/auth/telegram", {"init_data": signed})
        assert answer.status == 200, answer.body
        return str(answer.body["access_token"])

    def fund(self, telegram_id: int, **amounts: str) -> None:
        """Credit play money, each asset with its amount."""
        secret = files.own_secrets(self.data_dir).dev_secret
        for asset, amount in amounts.items():
            body = {"telegram_id": telegram_id, "asset": asset, "amount": amount}
            assert call("POST", f"{self.url}/api/dev/fund", body, secret).status == 201
