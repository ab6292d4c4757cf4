"""Books are copied while people trade and restored elsewhere: all that was answered before is there, and it goes on."""

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from clobster.audit import audit
from clobster.backup import backup, restore
from clobster.cli import main
from clobster.config import ConfigError
from tests.support import postgres
from tests.support.database import ensure_database
from tests.support.server import Server, call

ORDER = {"symbol": "BTCUSDT", "side": "buy", "type": "limit", "price": "10.00", "quantity": "0.0100"}


def trading(url: str, token: str, told: Path) -> tuple[subprocess.Popen[bytes], bytes]:
    """Begin to trade; return the trader, and what it has told by the time that twenty orders were answered."""
    with told.open("wb") as file:
        trader = subprocess.Popen([sys.executable, "-m", "tests.e2e.trader", url, token, "3"], stdout=file)
    while told.read_bytes().count(b'"status": 201') < 20:
        time.sleep(0.01)
    return trader, told.read_bytes()


def test_books_are_copied_while_people_trade_and_restored_elsewhere(tmp_path: Path) -> None:
    server, told, copy = Server(tmp_path / "var").start(), tmp_path / "told", tmp_path / "copies" / "copy.db"
    books = server.data_dir / "clobster.db"
    try:
        server.fund(42, USDT="1000000", BTC="20")
        token = server.sign_in(42)
        trader, before = trading(server.url, token, told)
        assert main(["backup", str(copy), "--data-dir", str(server.data_dir)]) == 0
        assert [path.name for path in copy.parent.iterdir()] == ["copy.db"], "one file, whole by itself"
        assert told.stat().st_size > len(before), "trading went on"
        server.kill()
        assert trader.wait(timeout=30) == 0
    finally:
        server.kill()

    for where in (server.data_dir, tmp_path / "elsewhere"):  # books are never written over
        assert main(["restore", str(copy), "--data-dir", str(where)]) == (2 if where == server.data_dir else 0)
    assert audit(books).clean
    elsewhere = Server(tmp_path / "elsewhere")
    with closing(sqlite3.connect(elsewhere.data_dir / "clobster.db")) as reader:
        kept = dict(reader.execute("SELECT client_order_id, id FROM orders"))
    answered = [json.loads(line) for line in before[: before.rfind(b"\n")].splitlines() if b'"status": 201' in line]
    assert len(answered) >= 20
    for line in answered:
        assert kept[line["name"]] == line["answer"]["id"]
    shutil.copy(server.data_dir / "secrets.json", elsewhere.data_dir)
    elsewhere.start()
    try:
        assert call("POST", f"{elsewhere.url}/api/trading/orders", ORDER, token).status == 201
        assert elsewhere.stop() == 0
    finally:
        elsewhere.kill()
    assert audit(elsewhere.data_dir / "clobster.db").clean


def test_books_in_postgresql_are_copied_while_people_trade_and_restored_on_either_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, told, copy = postgres.empty_exchange(), tmp_path / "told", tmp_path / "copy.db"
    server = Server(tmp_path / "var", CLOBSTER_DATABASE_URL=place).start()
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", place)
    try:
        server.fund(42, USDT="1000000", BTC="20")
        token = server.sign_in(42)
        trader, before = trading(server.url, token, told)
        assert main(["backup", str(copy), "--data-dir", str(server.data_dir)]) == 0
        assert told.stat().st_size > len(before), "trading went on"
        server.kill()
        assert trader.wait(timeout=30) == 0
    finally:
        server.kill()

    with closing(sqlite3.connect(copy)) as reader:
        kept = dict(reader.execute("SELECT client_order_id, id FROM orders"))
    answered = [json.loads(line) for line in before[: before.rfind(b"\n")].splitlines() if b'"status": 201' in line]
    assert len(answered) >= 20
    for line in answered:
        assert kept[line["name"]] == line["answer"]["id"]
    assert main(["restore", str(copy), "--data-dir", str(server.data_dir)]) == 2, "books are never written over"
    monkeypatch.setenv("CLOBSTER_DATABASE_URL", elsewhere := postgres.database())
    assert main(["restore", str(copy), "--data-dir", str(server.data_dir)]) == 0
    monkeypatch.delenv("CLOBSTER_DATABASE_URL")
    assert main(["restore", str(copy), "--data-dir", str(tmp_path / "file")]) == 0
    proved = audit(copy)
    assert proved.clean
    assert audit(elsewhere) == proved == audit(tmp_path / "file" / "clobster.db")
    assert audit(place).clean
    again = Server(server.data_dir, CLOBSTER_DATABASE_URL=elsewhere).start()
    try:
        assert call("POST", f"{again.url}/api/trading/orders", ORDER, token).status == 201
        assert again.stop() == 0
    finally:
        again.kill()
    assert audit(elsewhere).clean


def test_a_backup_that_is_killed_leaves_nothing_that_looks_like_a_copy(tmp_path: Path) -> None:
    ensure_database(books := tmp_path / "clobster.db")
    copy, unfinished = tmp_path / "copy.db", tmp_path / "copy.db.unfinished"
    killed = "import os, sqlite3, sys; from pathlib import Path; from clobster import backup as b\n"
    killed += "b._sync = lambda path: os._exit(9)\nb.backup(Path(sys.argv[1]), Path(sys.argv[2]))"
    done = subprocess.run([sys.executable, "-c", killed, str(books), str(copy)], check=False, timeout=60)
    assert done.returncode == 9
    assert (copy.exists(), unfinished.exists()) == (False, True)
    assert "clean" in backup(books, copy)
    assert (copy.exists(), unfinished.exists()) == (True, False)
    with pytest.raises(ConfigError, match="is there already"):
        backup(books, copy)


def test_a_copy_that_is_damaged_makes_no_books(tmp_path: Path) -> None:
    ensure_database(tmp_path / "clobster.db")
    backup(tmp_path / "clobster.db", copy := tmp_path / "copy.db")
    whole = copy.read_bytes()
    for number, harm in enumerate((whole[: len(whole) // 2], whole[:4096] + b"\xff" * 40_000 + whole[44_096:])):
        (torn := tmp_path / f"torn-{number}.db").write_bytes(harm)
        with pytest.raises((ConfigError, sqlite3.Error)) as said:
            restore(torn, tmp_path / "place" / "clobster.db")
        assert "\n" not in str(said.value)
        assert not list((tmp_path / "place").iterdir())
