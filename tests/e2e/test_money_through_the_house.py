"""Money on its whole way through a running exchange: deposited, traded with the market maker, settled, withdrawn."""

import asyncio
import json
import random
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address

from clobster.audit import audit
from clobster.redaction import HIDDEN
from tests.e2e.test_first_trade import until_quoted
from tests.support.onchain import held, holdings, url
from tests.support.server import Server, call
from tests.support.wallet import Wallet

T = TypeVar("T")

WITHDRAWALS = "/api/portfolio/withdrawals"
PATIENCE_S = 60
USDT = 10**6  # atoms
KILLS = 4


def test_a_deposit_is_traded_settled_and_withdrawn_and_the_chain_agrees(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_SOLANA="localnet", CLOBSTER_FEED="recorded").start()
    outside = Keypair()
    try:
        person = Person(server, 42)
        person.has_wallet()
        server.fund(42, USDT="1000")
        told = asyncio.run(person.hears_of_settlement(lambda: person.buys("250")))
        assert told == person.settled_trades()
        number = person.withdraws("600", str(outside.pubkey()), "one")
        trades = _until(server, person.settled_trades)
        paid = _until(server, lambda: person.completed(number))
        signatures = {paid["signature"], *(trade["settlement"]["signature"] for trade in trades)}
        assert all(_is_final(server, signature) for signature in signatures)
        assert held(server, _account(server, outside)) == 600 * USDT
        _until_agreed(server)
        assert server.stop() == 0
    finally:
        server.kill()
    report = audit(server.database)
    assert report.clean, report.lines
    assert "deposit credited" in server.log
    assert HIDDEN not in server.log  # an operator can look up each transaction that is named there


def test_whenever_it_is_killed_it_ends_the_same(tmp_path: Path) -> None:
    chance = random.Random(11)
    server = Server(tmp_path / "var", CLOBSTER_SOLANA="localnet", CLOBSTER_FEED="recorded")
    outside, numbers = Keypair(), []
    try:
        server.start()
        person = Person(server, 42)
        person.has_wallet()
        for turn in range(KILLS):
            server.fund(42, USDT="1000")
            person.buys("50")
            numbers.append(person.withdraws("100", str(outside.pubkey()), f"turn-{turn}"))
            time.sleep(chance.uniform(0.0, 2.0))  # into the midst of it
            server.kill()
            server.start()
            person = Person(server, 42)
        trades = _until(server, person.settled_trades)
        paid = [_until(server, lambda number=number: person.completed(number)) for number in numbers]
        assert len(trades) >= KILLS
        assert len({each["signature"] for each in paid}) == KILLS
        assert held(server, _account(server, outside)) == KILLS * 100 * USDT
        _until_agreed(server)
        assert server.stop() == 0
    finally:
        server.kill()
    report = audit(server.database)
    assert report.clean, report.lines


class Person:
    """Somebody with a session at a running exchange."""

    def __init__(self, server: Server, telegram_id: int) -> None:
        self.server = server
        self.token = server.sign_in(telegram_id)
        self._wallet = Wallet(5)

    def has_wallet(self) -> None:
        """Link the wallet that confirms withdrawals."""
        asked = self._ask("POST", "/api/auth/solana/challenge", {"address": self._wallet.address})
        self._ask("POST", "/api/account/wallets", self._wallet.proof(asked["message"]))

    def buys(self, amount: str) -> None:
        """Buy bitcoin from the market maker for so many USDT."""
        until_quoted(self.server, "BTCUSDT")
        order = {"symbol": "BTCUSDT", "side": "buy", "type": "market", "quote_quantity": amount}
        assert self._ask("POST", "/api/trading/orders", order)["status"] == "filled"

    async def hears_of_settlement(self, act: Callable[[], None]) -> list[dict[str, Any]]:
        """Act, and return the trades that came of it, newest first, when the stream says that all have settled."""
        told: dict[int, dict[str, Any]] = {}
        async with aiohttp.ClientSession() as session, session.ws_connect(f"{self.server.url}/api/ws") as socket:
            await socket.send_json({"op": "auth", "token": self.token})
            await socket.send_json({"op": "subscribe", "channels": ["user:trades"]})
            acting = asyncio.create_task(asyncio.to_thread(act))
            async with asyncio.timeout(PATIENCE_S):
                async for message in socket:
                    said = json.loads(message.data)
                    if said.get("channel") == "user:trades":
                        told |= {trade["trade_id"]: trade for trade in said["data"]}
                    if told and all(each["settlement"]["state"] == "settled" for each in told.values()):
                        break
            await acting
        return [told[number] for number in sorted(told, reverse=True)]

    def withdraws(self, amount: str, address: str, key: str) -> int:
        """Ask for USDT at an address outside, and confirm it; return the withdrawal's id."""
        body = json.dumps({"asset": "USDT", "amount": amount, "address": address}).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": key, "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.server.url}{WITHDRAWALS}", body, headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            number = int(json.load(answer)["id"])
        asked = self._ask("POST", f"{WITHDRAWALS}/{number}/challenge", {"address": self._wallet.address})
        self._ask("POST", f"{WITHDRAWALS}/{number}/confirm", self._wallet.proof(asked["message"]))
        return number

    def settled_trades(self) -> list[dict[str, Any]]:
        """Return the person's trades, none while some of them have not settled."""
        trades: list[dict[str, Any]] = self._ask("GET", "/api/trading/trades")["trades"]
        return trades if all(each["settlement"]["state"] == "settled" for each in trades) else []

    def completed(self, number: int) -> dict[str, Any]:
        """Return a withdrawal, nothing while it is not completed."""
        found = self._ask("GET", f"{WITHDRAWALS}/{number}")
        return found if found["state"] == "completed" else {}

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer = call(method, f"{self.server.url}{path}", body, self.token)
        assert answer.status in {200, 201}, answer.body
        return dict(answer.body)


def _until(server: Server, look: Callable[[], T]) -> T:
    """Wait until there is something, and return it."""
    until = time.monotonic() + PATIENCE_S
    while not (found := look()):
        assert time.monotonic() < until, server.log[-4000:]
        time.sleep(0.05)
    return found


def _until_agreed(server: Server) -> None:
    """Wait until the ledger, the record and the chain say the same of everybody's every asset, the house's too."""
    until = time.monotonic() + PATIENCE_S
    while True:
        found = holdings(server)
        if all(each.agrees for each in found.values()):
            break
        assert time.monotonic() < until, (found, server.log[-4000:])
        time.sleep(0.1)
    assert {(2, "BTC"), (3, "USDT"), (3, "BTC"), (3, "ETH"), (3, "SOL"), (1000, "USDT"), (1000, "BTC")} <= found.keys()
    assert all(found[3, asset].ledger for asset in ("USDT", "BTC", "ETH", "SOL"))


def _account(server: Server, owner: Keypair) -> str:
    """Return the token account of USDT of somebody outside."""
    token = server.sign_in(42)
    told = call("GET", f"{server.url}/api/portfolio/deposit-address?asset=USDT", token=token).body
    return str(get_associated_token_address(owner.pubkey(), Pubkey.from_string(told["mint"])))


def _is_final(server: Server, signature: str) -> bool:
    params = [[signature], {"searchTransactionHistory": True}]
    asked = {"jsonrpc": "2.0", "id": 1, "method": "getSignatureStatuses", "params": params}
    [status] = call("POST", url(server), asked).body["result"]["value"]
    return bool(status["confirmationStatus"] == "finalized" and status["err"] is None)
