"""The logs of a whole run, at their loudest, tell who did what and none of the secrets that it took."""

import base64
import hashlib
import hmac
import json
import secrets
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from clobster import data_dir as files
from clobster import launch_data
from clobster.redaction import HIDDEN, Redaction
from tests.support.server import Server, call
from tests.support.wallet import Wallet

ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}
NOWHERE = "http://127.0.0.1:9"
RPC_KEY = "f00dfacecafe4242"


def test_a_whole_run_logs_ids_and_no_secret(tmp_path: Path) -> None:
    given = {
        "CLOBSTER_JWT_SECRET": secrets.token_urlsafe(48),
        "CLOBSTER_SOLANA_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "CLOBSTER_BINANCE_API_KEY": secrets.token_hex(32),
        "CLOBSTER_BINANCE_API_SECRET": secrets.token_hex(32),
        "CLOBSTER_METRICS_TOKEN": secrets.token_hex(16),
    }
    loud = {"CLOBSTER_LOG_LEVEL": "debug", "CLOBSTER_LOG_FORMAT": "json"}
    server = Server(tmp_path / "var", **loud, **given)
    try:
        server.start()
        own = files.own_secrets(server.data_dir)
        used = [*given.values(), own.bot_token, own.dev_secret, own.jwt_secret, own.encryption_key]
        order, request = trade(server, used)
        assert server.stop() == 0
        # What can't be reached is complained of: the bot's URL has its token in it, the RPC's its key.
        server.settings |= {
            "CLOBSTER_TELEGRAM_API_URL": NOWHERE,
            "CLOBSTER_SOLANA": "rpc",
            "CLOBSTER_SOLANA_RPC_URL": f"{NOWHERE}/{RPC_KEY}",
            "CLOBSTER_SOLANA_MINTS": "USDT=Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
        }
        used.append(RPC_KEY)
        server.start()
        until = time.monotonic() + 60
        while "Telegram is not to be had" not in server.log or "waiting for the chain" not in server.log:
            assert time.monotonic() < until, server.log[-4000:]
            time.sleep(0.05)
        assert server.stop() == 0
    finally:
        server.kill()

    lines: list[dict[str, Any]] = [json.loads(line) for line in server.log.splitlines()]
    for secret in used:
        assert len(secret) > 7
        for form in {secret, unquote(secret), json.dumps(secret)[1:-1]}:
            assert form not in server.log, next(line for line in lines if form in json.dumps(line))["event"]
    (placed,) = [line for line in lines if line["event"] == "order placed"]
    (batch,) = [line for line in lines if line["event"] == "batch committed"]
    answered = next(line for line in lines if line["event"] == "answered" and line["request"] == request)
    assert (placed["order"], placed["request"]) == (order, request)
    assert [order, placed["account"], "new"] in batch["orders"]
    assert batch["batch"] > 0
    assert (answered["account"], answered["status"]) == (placed["account"], 201)


def trade(server: Server, used: list[str]) -> tuple[int, str]:
    """Do a little of everything that takes a secret. Return an order's id and the id of the request that placed it."""
    server.fund(42, USDT="1000")
    token = files.own_secrets(server.data_dir).bot_token
    raw = launch_data.sign(token, user_id=42, first_name="Ada", now_s=int(time.time()))
    tokens = call("POST", f"{server.url}/api/auth/telegram", {"init_data": raw}).body
    renewed = call("POST", f"{server.url}/api/auth/refresh", {"refresh_token": tokens["refresh_token"]}).body
    access = renewed["access_token"]
    used += [raw, *raw.split("hash=")[1:], tokens["access_token"], tokens["refresh_token"], access]
    used.append(renewed["refresh_token"])
    copied = call("POST", f"{server.url}/api/auth/refresh", {"refresh_token": "no-such-token-at-all"})
    assert copied.status == 401

    wallet = Wallet(7)
    text = call("POST", f"{server.url}/api/auth/solana/challenge", {"address": wallet.address}).body["message"]
    proof = wallet.proof(text)
    used += [text.split("Nonce: ")[1].split("\n")[0], proof["signature"], wallet.key.encode().hex()]
    assert call("POST", f"{server.url}/api/auth/solana", proof).status == 200
    assert call("POST", f"{server.url}/api/auth/solana", proof).status == 401

    body = {"name": "bot", "scopes": ["read"]}
    key = call("POST", f"{server.url}/api/account/api-keys", body, tokens["access_token"]).body
    query = f"timestamp={time.time_ns() // 1_000_000}"
    signature = hmac.new(key["secret"].encode(), query.encode(), hashlib.sha256).hexdigest()
    used += [key["secret"], signature]
    asked = f"{server.url}/api/account?{query}&signature="
    with urllib.request.urlopen(by_key(f"{asked}{signature}", key["api_key"]), timeout=20) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="401") as refused:
        urllib.request.urlopen(by_key(f"{asked}{signature[::-1]}", key["api_key"]), timeout=20)
    refused.value.close()
    assert call("POST", f"{server.url}/api/auth/telegram", {"init_data": raw.replace("Ada", "Eve")}).status == 401

    placing = urllib.request.Request(
        f"{server.url}/api/trading/orders",
        json.dumps(ORDER).encode(),
        {"Authorization": f"Bearer {tokens['access_token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(placing, timeout=20) as answer:
        return json.loads(answer.read())["id"], answer.headers["X-Request-Id"]


def by_key(url: str, key: str) -> urllib.request.Request:
    return urllib.request.Request(url, headers={"X-MBX-APIKEY": key})


@pytest.mark.parametrize(
    "line",
    [
        "GET https://api.telegram.org/bot7000000001:{}/getMe failed",
        "headers: {{'Authorization': 'Bearer {}'}}",
        "body: eyJhbGciOiJIUzI1NiJ9.{}.c2lnbmF0dXJl",
        "the master key is {}",
    ],
)
def test_what_is_or_looks_like_a_secret_is_taken_out_of_any_line(line: str) -> None:
    secret = "AAH8s2dkPq0w9Zx7cVbN3mK5jLhG1fDyUeo"
    redacted = Redaction([secret] if "master" in line else [])(line.format(secret))
    assert secret not in redacted
    assert HIDDEN in redacted
    assert Redaction([""])("nothing at 12:30 is hidden in order 1000") == "nothing at 12:30 is hidden in order 1000"
