"""Money that comes by the localnet of development: there after any kill, once, and not only in our own books."""

import asyncio
import json
import random
import re
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from solana.rpc.async_api import AsyncClient
from solders.pubkey import Pubkey

from clobster import data_dir as files
from clobster.audit import audit
from data.solana.localnet.keys import keypair_in
from data.solana.localnet.mints import mint_to
from engine.core.types import MARKET_MAKER
from tests.e2e.test_dev_localnet import ask, mints_of, running
from tests.e2e.test_start_and_stop import clobster
from tests.support.database import read
from tests.support.onchain import holdings
from tests.support.server import Server, call

ROUNDS = 6
PATIENCE_S = 60


def test_every_deposit_is_credited_once_whenever_the_server_dies(tmp_path: Path) -> None:
    chance = random.Random(7)
    server = Server(tmp_path / "var", CLOBSTER_SOLANA="localnet", CLOBSTER_LOG_FORMAT="json")
    answered: list[str] = []
    try:
        for _ in range(ROUNDS):
            server.start()
            givers = [threading.Thread(target=_give_until_killed, args=(server, answered)) for _ in range(3)]
            for giver in givers:
                giver.start()
            until = time.monotonic() + PATIENCE_S
            before = len(answered)
            while len(answered) == before and time.monotonic() < until:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 1.0))
            server.kill()
            for giver in givers:
                giver.join()
        server.start()
        deposits = _until_agreed(server)
        assert len(deposits) == len(set(deposits))
        assert set(answered) <= set(deposits)
        assert len(answered) == len(set(answered))  # two who give the same at once give twice
        assert len(answered) >= ROUNDS
        assert server.stop() == 0
    finally:
        server.kill()
    report = audit(server.database)
    assert report.clean, report.lines


def _give_until_killed(server: Server, answered: list[str]) -> None:
    secret = files.own_secrets(server.data_dir).dev_secret
    body = {"telegram_id": 42, "asset": "USDT", "amount": "5"}
    try:
        while True:
            answer = call("POST", f"{server.url}/api/dev/fund", body, secret)
            assert answer.status == 201, answer.body
            answered.append(answer.body["reference"])
    except (OSError, EOFError, json.JSONDecodeError):
        return


def _address(server: Server, telegram_id: int) -> dict[str, Any]:
    until = time.monotonic() + PATIENCE_S
    while True:
        found = call("GET", f"{server.url}/api/portfolio/deposit-address?asset=USDT", token=server.sign_in(telegram_id))
        if found.status == 200:
            return dict(found.body)
        assert (found.status, found.body["error"]["code"]) == (503, "deposits_unavailable")
        assert time.monotonic() < until
        time.sleep(0.1)


def _until_agreed(server: Server) -> list[str]:
    """Wait until all that is on the chain is credited, and swept; return the deposits' references."""
    token = server.sign_in(42)
    account = call("GET", f"{server.url}/api/account", token=token).body["id"]
    _address(server, 42)  # the chain is there
    until = time.monotonic() + PATIENCE_S
    while True:
        found = holdings(server)
        if found[account, "USDT"].agrees:
            break
        assert time.monotonic() < until, (found, server.log[-4000:])
        time.sleep(0.1)
    deposits = call("GET", f"{server.url}/api/portfolio/deposits?limit=500", token=token).body["deposits"]
    assert found[account, "USDT"].ledger == 5_000_000 * len(deposits)
    return [each["reference"] for each in deposits]


def test_play_money_below_the_minimum_is_refused(tmp_path: Path) -> None:
    server = Server(tmp_path / "var", CLOBSTER_SOLANA="localnet").start()
    try:
        funding = ("dev", "fund", "--user-id", "42", "--asset", "USDT", "--data-dir", str(server.data_dir))
        code, _, said = clobster(*funding, "--amount", "0.5")
        assert (code, said) == (2, "clobster: At least 1.000000 USDT must come at once to be credited.\n")
        began_s = time.monotonic()
        assert clobster(*funding, "--amount", "1")[0] == 0
        assert time.monotonic() - began_s < 10
    finally:
        server.kill()


def test_a_cluster_is_followed_by_its_url_and_trading_goes_on_without_it(tmp_path: Path) -> None:
    with running(tmp_path / "chain", "--slot-ms", "50") as (process, url):
        mints = mints_of(tmp_path / "chain")
        cluster = {
            "CLOBSTER_SOLANA": "rpc",
            "CLOBSTER_SOLANA_RPC_URL": url,
            "CLOBSTER_SOLANA_MINTS": f"USDT={mints['USDT']},BTC={mints['SOL']}",  # of other decimals than BTC
            "CLOBSTER_LOG_FORMAT": "json",
        }
        server = Server(tmp_path / "var", **cluster).start()
        try:
            until = time.monotonic() + PATIENCE_S
            while (taken := re.search(r'"vault": "(\w+)".*"deposits are taken"', server.log)) is None:
                assert time.monotonic() < until, server.log[-4000:]
                time.sleep(0.05)
            ask(url, "requestAirdrop", taken[1], 10**9)
            address = _address(server, 42)
            asyncio.run(_mint(tmp_path / "chain", url, address["address"]))
            token = server.sign_in(42)
            until = time.monotonic() + 2 * PATIENCE_S
            while not (found := call("GET", f"{server.url}/api/portfolio/balances", token=token).body["balances"]):
                assert time.monotonic() < until, server.log[-4000:]
                time.sleep(0.1)
            assert [(each["asset"], each["total"]) for each in found] == [("USDT", "77.000000")]
            where = f"{server.url}/api/portfolio/deposit-address?asset="
            assert call("GET", f"{where}BTC", token=token).body["error"]["code"] == "unknown_asset"
            assert call("POST", f"{server.url}/api/dev/fund", {}).status == 404  # no play money beside a cluster's
            [[given]] = read(server.database, f"SELECT count(*) FROM deposits WHERE user_id = {MARKET_MAKER}")
            assert given == 0  # not even the market maker's

            told = call("GET", f"{server.url}/readyz").body["settlement"]
            assert told == {"owed": 0, "under_way": 0, "failed": 0, "oldest_owed_s": 0.0}
            with urllib.request.urlopen(f"{server.url}/metrics") as metrics:
                assert b"clobster_settlement_oldest_owed_seconds 0.0" in metrics.read()

            process.kill()
            order = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "50000.00", "quantity": "0.0001"}
            assert call("POST", f"{server.url}/api/trading/orders", order, token).status == 201
            answer = call("GET", f"{where}USDT", token=server.sign_in(43))
            assert (answer.status, answer.body["error"]["code"]) == (503, "deposits_unavailable")
            assert call("GET", f"{where}USDT", token=token).body == address
            assert server.stop() == 0
        finally:
            server.kill()


async def _mint(data_dir: Path, url: str, owner: str) -> None:
    authority = keypair_in(data_dir / "localnet" / "authority.json")
    async with AsyncClient(url) as client:
        await mint_to(client, authority, "USDT", Pubkey.from_string(owner), 77_000_000, 6)


@pytest.mark.parametrize("mints", ["DOGE=MINT", "USDT=MINT,USDT=MINT", "USDT=MINT,BTC=MINT", f"USDT={'1' * 44}"])
def test_mints_that_make_no_sense_are_refused_at_the_start(tmp_path: Path, mints: str) -> None:
    cluster = {"CLOBSTER_SOLANA": "rpc", "CLOBSTER_SOLANA_RPC_URL": "http://127.0.0.1:1"}
    mints = mints.replace("MINT", "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB")
    code, _, said = clobster("run", "--port", "0", "--data-dir", str(tmp_path), **cluster, CLOBSTER_SOLANA_MINTS=mints)
    assert (code, said.count("\n")) == (2, 1)
    assert "CLOBSTER_SOLANA_MINTS" in said
