"""A whole exchange on PostgreSQL, killed in the midst: money, the chain, the bot and the proofs go on."""

import asyncio
import time
import urllib.request
from pathlib import Path

from solders.keypair import Keypair

from clobster.audit import audit
from clobster.data_dir import own_secrets
from tests.e2e.test_books_beside_the_chain import audited
from tests.e2e.test_first_trade import until_quoted
from tests.e2e.test_money_through_the_house import USDT, Person, _account, _until, _until_agreed
from tests.simulators.telegram import telegram
from tests.support import postgres
from tests.support.onchain import held
from tests.support.server import Server, call

BOSS = 77
PERSON = 42


async def test_everything_of_an_exchange_runs_on_postgresql_over_a_kill(tmp_path: Path) -> None:
    folder, place, outside = tmp_path / "var", postgres.empty_exchange(), Keypair()
    folder.mkdir()
    async with telegram(own_secrets(folder).bot_token) as api:
        api.patience_s = 60  # the bot of a server that starts beside other tests
        server = Server(
            folder,
            CLOBSTER_DATABASE_URL=place,
            CLOBSTER_SOLANA="localnet",
            CLOBSTER_FEED="recorded",
            CLOBSTER_RECONCILE_S="1",
            CLOBSTER_TELEGRAM_API_URL=api.url,
            CLOBSTER_ADMIN_TELEGRAM_IDS=str(BOSS),
        )
        await asyncio.to_thread(server.start)
        try:
            chat = api.person(PERSON)
            await asyncio.to_thread(until_quoted, server, "BTCUSDT")
            asked = await chat.ask("/alert btc 0.01%")
            assert "BTC/USDT" in asked["text"], asked
            person = await asyncio.to_thread(_trade_and_withdraw, server, outside)
            server.kill()
            await asyncio.to_thread(server.start)
            await asyncio.to_thread(_see_it_through, server, person, outside)
            await chat.hears("Bought")
            await chat.hears("BTC/USDT has moved to")
            assert await asyncio.to_thread(server.stop) == 0
            assert "Traceback" not in server.log
        finally:
            server.kill()
    report = await asyncio.to_thread(audit, place)
    assert report.clean, report.lines
    assert not (folder / "clobster.db").exists()


def _trade_and_withdraw(server: Server, outside: Keypair) -> int:
    person = Person(server, PERSON)
    person.has_wallet()
    server.fund(PERSON, USDT="1000")
    person.buys("250")
    return person.withdraws("600", str(outside.pubkey()), "one")


def _see_it_through(server: Server, number: int, outside: Keypair) -> None:
    person = Person(server, PERSON)
    _until(server, person.settled_trades)
    _until(server, lambda: person.completed(number))
    assert held(server, _account(server, outside)) == 600 * USDT
    _until_agreed(server)  # so deposits were swept
    taken = call("POST", f"{server.url}/api/admin/solvency/snapshots", token=server.sign_in(BOSS))
    assert taken.status == 201, taken.body
    proof = call("GET", f"{server.url}/api/portfolio/solvency-proof", token=person.token).body
    assert [each["asset"] for each in proof["proofs"]] == ["BTC", "USDT"]
    code, said = audited(server)
    assert (code, "books and chain agree" in said) == (0, True), said


def test_history_is_read_at_a_replica_and_who_has_traded_sees_it(tmp_path: Path) -> None:
    place, standby = postgres.empty_exchange(), postgres.standby()
    standby.wait_for(place)
    replica = standby.url(place)
    server = Server(tmp_path / "var", CLOBSTER_DATABASE_URL=place, CLOBSTER_DATABASE_REPLICA_URL=replica).start()
    try:
        server.fund(PERSON, USDT="1000")
        token = server.sign_in(PERSON)
        order = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}
        reads = 0.0
        while reads < 10:
            placed = call("POST", f"{server.url}/api/trading/orders", order, token)
            shown = call("GET", f"{server.url}/api/trading/orders?limit=1", token=token)
            assert shown.body["orders"][0]["id"] == placed.body["id"]
            reads = figure(server, 'clobster_history_reads_total{database="replica"}')
        until_there(server)
        standby.freeze(is_on=True)
        try:
            placed = call("POST", f"{server.url}/api/trading/orders", order, token)
            shown = call("GET", f"{server.url}/api/trading/orders?limit=1", token=token)
            assert shown.body["orders"][0]["id"] == placed.body["id"]
            assert figure(server, "clobster_replica_there") == 0
        finally:
            standby.freeze(is_on=False)
        until_there(server)
        assert figure(server, "clobster_replica_there") == 1
        standby.stop()
        try:
            shown = call("GET", f"{server.url}/api/trading/orders?limit=1", token=token)
            assert shown.body["orders"][0]["id"] == placed.body["id"]
            ready = call("GET", f"{server.url}/readyz")
            assert (ready.status, ready.body["replica"]["there"]) == (200, False)
            assert server.log.count("history is read at the primary") >= 1
        finally:
            standby.start()
        assert server.stop() == 0
    finally:
        server.kill()


def figure(server: Server, name: str) -> float:
    """Return what a server exports under a name."""
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=20) as answer:
        told = dict(line.decode().rsplit(" ", 1) for line in answer)
    return float(told[name])


def until_there(server: Server) -> None:
    """Wait until a server reads its replica."""
    while not call("GET", f"{server.url}/readyz").body["replica"]["there"]:
        time.sleep(0.05)
