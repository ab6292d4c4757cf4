"""A running exchange compares its books with its localnet: what is forged stops withdrawals until a person says so."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from solders.keypair import Keypair

from tests.e2e.test_money_through_the_house import WITHDRAWALS, Person, _until, _until_agreed
from tests.support.database import change
from tests.support.server import Server, call

BOSS = 77
FORGE = "UPDATE vault_accounts SET settled = settled + {} WHERE user_id = 1000 AND asset = 'USDT'"


def audited(server: Server) -> tuple[int, str]:
    """Run `clobster audit --chain`; return its exit code and what it has said."""
    command = [sys.executable, "-m", "clobster", "audit", "--chain", "--data-dir", str(server.data_dir)]
    done = subprocess.run(
        command, env=os.environ | server.settings, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr


def forge(server: Server, atoms: int) -> None:
    """Write down that more lies in somebody's vault account, behind the exchange's back."""
    change(server.database, FORGE.format(atoms))


def health(server: Server) -> dict[str, Any]:
    return dict(call("GET", f"{server.url}/readyz").body["reconciliation"])


def test_an_atom_that_is_not_there_stops_withdrawals_over_a_restart_until_an_operator_says_so(tmp_path: Path) -> None:
    server = Server(
        tmp_path / "var",
        CLOBSTER_SOLANA="localnet",
        CLOBSTER_FEED="recorded",
        CLOBSTER_RECONCILE_S="1",
        CLOBSTER_ADMIN_TELEGRAM_IDS=str(BOSS),
    ).start()
    try:
        person = Person(server, 42)
        person.has_wallet()
        server.fund(42, USDT="1000")
        person.buys("250")
        _until(server, person.settled_trades)
        _until_agreed(server)
        _until(server, lambda: health(server)["age_s"] is not None)
        assert health(server)["withdrawals_stopped"] is False
        code, said = audited(server)
        assert (code, "books and chain agree" in said) == (0, True), said

        forge(server, 1)
        _until(server, lambda: health(server)["withdrawals_stopped"])
        number = person.withdraws("600", str(Keypair().pubkey()), "one")
        _until(server, lambda: person._ask("GET", f"{WITHDRAWALS}/{number}")["waits_for"] == "halted")
        server.kill()
        server.start()
        person = Person(server, 42)
        assert health(server)["withdrawals_stopped"] is True
        code, said = audited(server)
        assert (code, "account 1000 USDT, books" in said) == (1, True), said

        boss = server.sign_in(BOSS)
        seen = call("GET", f"{server.url}/api/admin/reconciliation", token=boss).body
        found = {(each["account_id"], each["asset"], each["identity"]) for each in seen["differences"]}
        assert found == {(1000, "USDT", "books"), (1000, "USDT", "vault")}
        forge(server, -1)
        assert call("POST", f"{server.url}/api/admin/reconciliation/clear", token=boss).status == 204
        paid = _until(server, lambda: person.completed(number))
        assert paid["signature"]
        _until_agreed(server)
        assert health(server)["withdrawals_stopped"] is False
        assert server.stop() == 0
        code, said = audited(server)  # nobody runs the localnet now
        assert (code, "books and chain agree" in said) == (0, True), said
    finally:
        server.kill()
