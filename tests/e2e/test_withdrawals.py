"""A running exchange takes withdrawals by its own localnet, and remembers them over a kill."""

import time
import urllib.request
from pathlib import Path
from typing import Any

import msgspec
from solders.keypair import Keypair

from clobster.audit import audit
from tests.support.server import Server, call
from tests.support.wallet import Wallet

PATH = "/api/portfolio/withdrawals"
PATIENCE_S = 30
LATER = {"approved", "batched", "sent", "confirmed", "completed"}


def test_a_confirmed_withdrawal_outlives_a_kill_and_its_key_asks_once(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_SOLANA="localnet").start()
    wallet, address = Wallet(5), str(Keypair().pubkey())
    try:
        server.fund(42, USDT="100")
        token = server.sign_in(42)
        text = call("POST", f"{server.url}/api/auth/solana/challenge", {"address": wallet.address}, token).body
        assert call("POST", f"{server.url}/api/account/wallets", wallet.proof(text["message"]), token).status == 200
        asked = _ask(server, token, address)
        number = asked["id"]
        server.kill()
        server.start()
        token = server.sign_in(42)
        assert _ask(server, token, address)["id"] == number
        text = call("POST", f"{server.url}{PATH}/{number}/challenge", {"address": wallet.address}, token).body
        confirmed = call("POST", f"{server.url}{PATH}/{number}/confirm", wallet.proof(text["message"]), token)
        assert (confirmed.status, confirmed.body["state"]) == (200, "approved")
        until = time.monotonic() + PATIENCE_S
        while True:
            seen = call("GET", f"{server.url}{PATH}/{number}", token=token).body
            if seen["state"] != "approved" or seen["waits_for"] == "settlement":
                break
            assert time.monotonic() < until, (seen, server.log[-4000:])
            time.sleep(0.05)
        assert seen["state"] in LATER
        assert server.stop() == 0
    finally:
        server.kill()
    report = audit(server.database)
    assert report.clean, report.lines


def _ask(server: Server, token: str, address: str) -> dict[str, Any]:
    """Ask for 60 USDT under one key, until the chain can be asked."""
    body = msgspec.json.encode({"asset": "USDT", "amount": "60", "address": address})
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "one", "Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{server.url}{PATH}", body, headers), timeout=20) as answer:
        assert answer.status == 201
        found: dict[str, Any] = msgspec.json.decode(answer.read())
        return found
